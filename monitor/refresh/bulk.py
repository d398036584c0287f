"""Refreshing several integrations: what it would do, asking for all of it, and stopping the rest."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from integrations.models import Account, Integration
from monitor import audit
from monitor.models import BulkRefresh, Refresh, User, Verdict
from monitor.models.refreshes import RefreshStage, RefreshStrategy
from monitor.refresh.choosing import RefreshRefused, choose, refuse_unless_free
from monitor.refresh.requests import cancel, request
from monitor.wording.retold import as_stored

MOST = 200
"""More at once is more likely a slip than a wish."""
SHARE = 2
"""A bulk takes every second of an account's requests; the others are for reading it meanwhile."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What would happen to one integration."""

    integration: Integration
    way: RefreshStrategy | None
    """None: it would be refused."""
    refusal: str = ""
    """Why, as a sentence in the reader's language."""
    waiting: int = 0
    starts_in: timedelta = timedelta(0)
    """Until its turn in the account's queue comes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bulk would do, in the order in which it was asked for."""

    rows: Sequence[Planned]

    @property
    def asked(self) -> list[Planned]:
        return [row for row in self.rows if row.way is not None]

    @property
    def refused(self) -> list[Planned]:
        return [row for row in self.rows if row.way is None]

    @property
    def by_person(self) -> int:
        """How many of them somebody has to press Refresh for in the hub's panel."""
        return sum(row.way is RefreshStrategy.PANEL for row in self.rows)

    @property
    def lasts(self) -> timedelta:
        """Until the last of them has its turn; how long each takes then depends on its remote."""
        return max((row.starts_in for row in self.asked), default=timedelta(0))


def spacing(account: Account) -> timedelta:
    """Between two refreshes of an account, so that a bulk stays below its rate limit."""
    return timedelta(minutes=SHARE) / account.requests_per_minute


class _Queue:
    """The turns that are taken of each account, those of earlier refreshes included."""

    def __init__(self, integrations: Iterable[Integration]) -> None:
        waiting = (
            Refresh.objects.filter(
                stage=RefreshStage.QUEUED, integration__account__in={one.account_id for one in integrations}
            )
            .values_list("integration__account")
            .annotate(Count("pk"))
            .order_by()
        )
        self._taken: Counter[int] = Counter(dict(waiting))

    def wait(self, account: Account) -> timedelta:
        """Until the account's next free turn."""
        return self._taken[account.pk] * spacing(account)

    def take(self, account: Account, way: str) -> None:
        # A person in the panel needs no turn.
        self._taken[account.pk] += way != RefreshStrategy.PANEL


def plan(integrations: Iterable[Integration], now: datetime) -> Plan:
    """What asking for these would do now. Changes nothing, asks no remote.

    :param integrations: with their account and store loaded.
    """
    chosen = list(integrations)
    queue = _Queue(chosen)
    waiting = dict(Verdict.objects.filter(integration__in=chosen).values_list("integration", "waiting_count"))
    rows = []
    for one in chosen:
        try:
            way = choose(one)
            refuse_unless_free(one, way, now)
        except RefreshRefused as refused:
            rows.append(Planned(one, None, str(refused), waiting.get(one.pk, 0)))
        else:
            rows.append(Planned(one, way, "", waiting.get(one.pk, 0), queue.wait(one.account)))
            queue.take(one.account, way)
    return Plan(rows)


@transaction.atomic
def request_many(
    integrations: Iterable[Integration], *, user: User | None, actor: str, reason: str, now: datetime
) -> BulkRefresh:
    """Queues a refresh of each of them, paced by the rate limits of their accounts; what cannot be refreshed
    now is kept with its reason in ``refused``. Permission is the caller's to check.

    Of two people who ask for the same at once, the second finds it refused, with who asked and when.
    """
    # In one order for everybody, so that two bulks cannot wait for each other.
    chosen = sorted(integrations, key=lambda one: one.pk)
    bulk = BulkRefresh.objects.create(
        requested_by=user, actor=actor[:150], reason=reason.strip()[:300], requested_at=now
    )
    queue = _Queue(chosen)
    # Kept for readers of any language and zone.
    with as_stored(), timezone.override("UTC"):
        for one in chosen:
            turn = now + queue.wait(one.account)
            try:
                made = request(
                    one, user=user, actor=actor, reason=reason, now=now, bulk=bulk, not_before=turn
                )
            except RefreshRefused as refused:
                bulk.refused.append({"integration": one.name, "title": str(one), "reason": str(refused)})
            else:
                queue.take(one.account, made.strategy)
    bulk.save(update_fields=["refused"])
    asked = len(chosen) - len(bulk.refused)
    after = {"bulk": bulk.pk, "asked": asked, "refused": len(bulk.refused), "reason": bulk.reason}
    audit.record(user, "refresh.bulk", f"refreshes {bulk.pk}", None, after, actor)
    return bulk


@transaction.atomic
def cancel_rest(bulk: BulkRefresh, *, user: User | None, now: datetime, actor: str = "") -> int:
    """Cancels what has not ended yet; returns how many. Those that end meanwhile stay as they ended."""
    cancelled = 0
    for refresh in bulk.refreshes.filter(finished_at__isnull=True).order_by("pk"):
        try:
            cancel(refresh, user=user, now=now, actor=actor)
        except RefreshRefused:
            continue
        cancelled += 1
    return cancelled
