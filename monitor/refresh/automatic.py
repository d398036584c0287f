"""Following up recoveries: each is decided upon once, so that none ever leads to two refreshes."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.models import AutoRefresh, Integration
from monitor.alerts.maintenance import covering, running_now
from monitor.health.states import State
from monitor.models import Recovery, Refresh, Verdict
from monitor.refresh.choosing import RefreshRefused, clock, cools_down_until, is_paused, possible
from monitor.refresh.policy import AGAIN, Decision, Situation, decide
from monitor.refresh.requests import request
from monitor.wording.retold import as_stored

ACTOR = "automatic"
AT_ONCE = 50
"""Recoveries looked at per tick."""


def follow_up(now: datetime) -> int:
    """Decides about the recoveries that are due; returns how many. Safe to run in any number at once."""
    done = 0
    while done < AT_ONCE and _one(now):
        done += 1
    return done


@transaction.atomic
def _one(now: datetime) -> bool:
    recovery = (
        Recovery.objects.filter(decided_at__isnull=True, due_at__lte=now)
        .select_related("integration__account", "integration__store")
        .select_for_update(skip_locked=True, of=("self",))
        .order_by("due_at", "pk")
        .first()
    )
    if recovery is None:
        return False
    with as_stored(), timezone.override("UTC"):
        decision = decide(_situation(recovery, now), now)
        if decision.way is not None:
            decision = _refresh(recovery, decision, now)
    if decision.what is None:
        recovery.due_at = max(decision.look_at or now, now + AGAIN)
    else:
        recovery.decided_at, recovery.decision, recovery.detail = now, decision.what, decision.why
    recovery.save()
    return True


def _situation(recovery: Recovery, now: datetime) -> Situation:
    integration = recovery.integration
    verdict = Verdict.objects.filter(integration=integration).first()
    asked = Refresh.objects.filter(integration=integration)
    window = covering(running_now(now), integration)
    return Situation(
        policy=integration.auto_refresh,
        recovered_at=recovery.recovered_at,
        state=verdict.state if verdict else State.UNKNOWN,
        rule=verdict.rule if verdict else "",
        is_paused=is_paused(integration),
        is_asked=asked.filter(requested_at__gte=recovery.recovered_at).exists()
        or asked.filter(finished_at__isnull=True).exists(),
        maintenance_until=window.span.end if window else None,
        cools_down_until=cools_down_until(integration),
        allowed=integration.auto_refresh_ways,
        possible=_possible(integration),
    )


def _possible(integration: Integration) -> list[str]:
    if integration.auto_refresh != AutoRefresh.DO:
        return []
    try:
        return list(possible(integration))
    except RefreshRefused:
        # Its account's settings or keys cannot be used: the page says so where they are.
        return []


def _refresh(recovery: Recovery, decision: Decision, now: datetime) -> Decision:
    """Asks for it; somebody else may be quicker, and then it is looked at again."""
    integration = recovery.integration
    reason = _(
        "The store can be reached again since %(time)s, but %(account)s still lags behind; "
        "the integration's policy is to refresh then, once."
    ) % {"time": clock(recovery.recovered_at), "account": integration.account}
    try:
        recovery.refresh = request(
            integration, user=None, actor=ACTOR, reason=reason, strategy=decision.way, now=now
        )
    except RefreshRefused:
        return Decision(None, look_at=now + AGAIN)
    return decision
