"""Rows as the collector and the judge would have left them."""

from datetime import datetime, timedelta
from itertools import count

import factory
from django.utils.text import slugify

from integrations.models import Account, Integration, Store
from monitor.health.sketch import sketch_of
from monitor.models import (
    Arrival,
    Call,
    Condition,
    HubFailureLog,
    HubState,
    Incident,
    LatencyFleetDay,
    LatencyFleetHour,
    LatencyHour,
    Member,
    Notice,
    Progress,
    Refresh,
    Transition,
    Verdict,
)

NUMBERS = count(1)


class AccountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Account
        django_get_or_create = ("name",)

    name = "sendcloud-eu"
    title = "Sendcloud EU"
    kind = "sendcloud"
    url = "https://panel.sendcloud.example"
    credentials = {"public_key": "p-12345", "secret_key": "s-12345"}


class StoreFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Store

    name = factory.Sequence(lambda n: f"shop-{n}")
    title = factory.Sequence(lambda n: f"Shop {n}")
    platform = "woocommerce"
    url = factory.LazyAttribute(lambda store: f"https://{store.name}.example")
    time_zone = "Europe/Paris"


class IntegrationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Integration

    name = factory.LazyAttribute(lambda one: f"{one.store.name}-{one.account.name}")
    account = factory.SubFactory(AccountFactory)
    store = factory.SubFactory(StoreFactory)
    external_id = factory.Sequence(str)


FIGURES = {
    "stalled": ("imports", "fail"),
    "gap": ("imports", "warn"),
    "late": ("imports", "warn"),
    "throttled": ("throttle", "fail"),
    "blocked_user_agent": ("access", "fail"),
    "store_key_refused": ("credentials", "fail"),
    "maintenance": ("access", "warn"),
    "hub_unreadable": ("imports", "unknown"),
    "nothing_waiting": ("", "ok"),
}
"""Of the rules used here: cause and state."""


def watched(
    title: str,
    now: datetime,
    rule: str = "nothing_waiting",
    *,
    platform: str = "woocommerce",
    since: timedelta = timedelta(hours=5),
    waiting: int = 0,
    account: Account | None = None,
    created: timedelta = timedelta(days=15),
) -> Integration:
    """An integration that has been judged, with its conditions and what led to the verdict."""
    cause, state = FIGURES[rule]
    store = StoreFactory(title=title, name=slugify(title), platform=platform)
    one = IntegrationFactory(store=store, account=account or AccountFactory())
    Integration.objects.filter(pk=one.pk).update(created_at=now - created)
    oldest = now - since if waiting else None
    evidence = {
        "hub": "sendcloud",
        "waiting_count": waiting,
        "late_count": waiting,
        "oldest_waiting_at": oldest.isoformat() if oldest else None,
        "last_fetched_at": (now - since).isoformat(),
        "newest_arrived_at": (now - since).isoformat(),
        "rhythm_s": 900,
        "tolerance_s": 1800,
        "tolerance_source": "learned",
        "user_agents": ["Sendcloud/1.0.0"],
        "passing_user_agents": ["Syncwatch"],
        "by": "nginx",
        "method": "GET",
        "status": 403,
    }
    Verdict.objects.create(
        integration=one,
        state=state,
        cause=cause,
        rule=rule,
        evidence=evidence,
        since=now - since,
        judged_at=now - timedelta(seconds=8),
        waiting_count=waiting,
        oldest_waiting_at=oldest,
    )
    Progress.objects.create(
        integration=one, newest_arrived_at=now - timedelta(seconds=40), learned_tolerance_s=1800
    )
    HubState.objects.create(
        integration=one, at=now - since, last_fetched_at=now - timedelta(minutes=3), system="shop"
    )
    for kind, good in (
        ("access", "passes"),
        ("credentials", "accepted"),
        ("throttle", "in_rhythm"),
        ("imports", "nothing_waiting"),
    ):
        mine = kind == (cause or "imports")
        Condition.objects.create(
            integration=one,
            kind=kind,
            state=state if mine else "ok",
            rule=rule if mine else good,
            evidence=evidence,
            since=now - since if mine else now - timedelta(days=3),
            observed_at=now,
        )
    if state != "ok":
        Transition.objects.create(
            integration=one,
            kind="verdict",
            at=now - since,
            old_state="ok",
            new_state=state,
            old_rule="nothing_waiting",
            new_rule=rule,
            evidence={**evidence, "cause": cause or "imports"},
            rules_version=1,
        )
    Arrival.objects.bulk_create(
        Arrival(
            integration=one,
            order_key=f"{n}",
            order_number=f"10{n:03d}",
            eligible_at=now - since + n * (since / max(waiting, 1)),
        )
        for n in range(waiting)
    )
    return one


def incident_of(one: Integration, now: datetime, **changes) -> Incident:
    """An incident with this one member, opened when its verdict began."""
    verdict = one.verdict
    values = {
        "scope": f"integration:{one.pk}",
        "cause": verdict.cause or "imports",
        "rule": verdict.rule,
        "state": verdict.state,
        "evidence": verdict.evidence,
        "opened_at": verdict.since + timedelta(minutes=2),
        "started_at": verdict.since,
        "peak_waiting": verdict.waiting_count,
    }
    incident = Incident.objects.create(**values | changes)
    Member.objects.create(
        incident=incident, integration=one, joined_at=incident.opened_at, left_at=incident.closed_at
    )
    return incident


def notice_of(incident: Incident, now: datetime, **changes) -> Notice:
    values = {
        "step": "opened",
        "recipient": f"person{next(NUMBERS)}@example.com",
        "message_id": f"<{next(NUMBERS)}@syncwatch>",
        "created_at": now,
        "due_at": now,
    }
    return Notice.objects.create(incident=incident, **values | changes)


def refresh_of(one: Integration, now: datetime, **changes) -> Refresh:
    values = {
        "actor": "Ops",
        "reason": "Orders wait since the maintenance",
        "strategy": "hub_api",
        "stage": "watching",
        "detail": "The hub accepted the request; watching whether orders move.",
        "before": {
            "at": now.isoformat(),
            "waiting": 10,
            "oldest_waiting_at": (now - timedelta(hours=2)).isoformat(),
            "last_fetched_at": (now - timedelta(hours=2)).isoformat(),
        },
        "requested_at": now - timedelta(seconds=20),
        "asked_at": now - timedelta(seconds=15),
        "due_at": now,
    }
    return Refresh.objects.create(integration=one, **values | changes)


def hub_failure(one: Integration, at: datetime, **changes) -> HubFailureLog:
    values = {
        "method": "GET",
        "path": "/wp-json/wc/v3/orders",
        "status": 403,
        "exception_type": "HTTPError",
        "outcome": "blocked",
        "by": "nginx",
        "detail": "nginx refuses the request with a page of its own.",
    }
    return HubFailureLog.objects.create(
        integration=one, account=one.account, external_id=str(next(NUMBERS)), at=at, **values | changes
    )


def call(one: Integration, at: datetime, **changes) -> Call:
    values = {
        "store": one.store,
        "method": "GET",
        "url": f"{one.store.url}/wp-json/wc/v3/orders",
        "status": 403,
        "user_agent": "Sendcloud/1.0.0",
        "outcome": "blocked",
        "by": "nginx",
        "is_probe": True,
        "detail": "nginx refuses this User-Agent.",
        "excerpt": "<html><h1>403 Forbidden</h1></html>",
    }
    return Call.objects.create(at=at, **values | changes)


def latency(one: Integration, hour: datetime, seconds: list[float]) -> None:
    """The roll-ups of orders placed in that hour which took so long; of the fleet, as if there were no other
    in that hour and on that day."""
    sketch = sketch_of(seconds)
    values = {"n": sketch.n, "buckets": list(sketch.buckets), "counts": list(sketch.counts)}
    LatencyHour.objects.create(integration=one, hour=hour, **values)
    fleet = {"platform": one.store.platform, "account": one.account}
    LatencyFleetHour.objects.update_or_create(**fleet, hour=hour, defaults=values)
    LatencyFleetDay.objects.update_or_create(**fleet, day=hour.date(), defaults=values)
