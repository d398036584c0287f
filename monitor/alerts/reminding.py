"""What nobody has answered: reminders that become rarer, and telling a second list."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from monitor.alerts import notices
from monitor.alerts.facts import Step
from monitor.alerts.maintenance import HUSHED, covering, running_now
from monitor.alerts.standing import Standing, standing
from monitor.models import Incident, Notice, Remark, Subscription
from monitor.models.maintenance import RemarkKind

GAPS = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
"""Between the opening, the first, the second and the third reminder."""
DAILY = timedelta(days=1)
"""Between all that follow."""


def reminders_due(told_at: datetime, now: datetime) -> int:
    """How many reminders should have been sent by now to somebody who was told then."""
    at, count = told_at, 0
    while (at := at + (GAPS[count] if count < len(GAPS) else DAILY)) <= now:
        count += 1
    return count


def unanswered() -> QuerySet[Incident]:
    """Open, told of, and neither acknowledged nor snoozed."""
    return Incident.objects.filter(closed_at=None, acknowledged_at=None, snoozed_until=None).exclude(HUSHED)


@transaction.atomic
def follow_up(now: datetime) -> int:
    """Puts the reminders and escalations that are due into the outbox; returns how many.

    Of several reminders that became due while nothing ran only the last is sent. Nobody is reminded of what a
    maintenance window covers. Safe to run in any number at once: an incident is followed up by one at a time,
    and each step is told once.
    """
    woken = _wake(now)
    subscriptions = notices.subscribed()
    patience = [timedelta(minutes=one.escalates_after) for one in subscriptions if one.escalates_after]
    newest = now - min([GAPS[0], *patience])
    rows = unanswered().filter(Q(opened_at__lte=newest) | Q(pk__in=woken))
    locked = rows.select_for_update(of=("self",), skip_locked=True, no_key=True).order_by("pk")
    windows = running_now(now)
    those = [
        one
        for one in standing(locked, now)
        if not all(covering(windows, integration) for integration in one.integrations)
    ]
    if not those:
        return 0
    told = notices.told([one.incident.pk for one in those])
    put: list[Notice] = []
    for one in those:
        openings = {row.recipient: row for row in told[one.incident.pk]}
        for subscription in subscriptions:
            opening = openings.get(subscription.recipient)
            if opening is None:
                put += _escalated(one, subscription, now)
            elif (step := _step(one.incident, opening, woken, now)) and one.concerns(subscription):
                put.append(
                    notices.addressed(step, one.incident, one.facts, subscription, now=now, opening=opening)
                )
    known = _known(put)
    put = [row for row in put if (row.incident_id, row.step, row.recipient) not in known]
    notices.put(put, now)
    return len(put)


def _wake(now: datetime) -> Mapping[int, int]:
    """Ends the snoozes whose time has come. By incident: how often it was snoozed."""
    due = Incident.objects.filter(snoozed_until__lte=now)
    ended = list(due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
    if not ended:
        return {}
    Incident.objects.filter(pk__in=ended).update(snoozed_until=None)
    snoozes = Remark.objects.filter(incident__in=ended, kind=RemarkKind.SNOOZED).values_list("incident")
    return {**dict.fromkeys(ended, 0), **dict(snoozes.annotate(Count("pk")))}


def _step(incident: Incident, opening: Notice, woken: Mapping[int, int], now: datetime) -> str:
    """The step that is due for somebody who was told; empty: none."""
    if opening.sent_at is None:
        return ""
    if incident.pk in woken:
        return f"{Step.WOKEN}-{woken[incident.pk]}"
    count = reminders_due(opening.created_at, now)
    return f"{Step.REMINDER}-{count}" if count else ""


def _escalated(one: Standing, subscription: Subscription, now: datetime) -> list[Notice]:
    """The opening for a second list, once its patience with the first is over."""
    begun = one.incident.unhushed_at or one.incident.opened_at
    waited = now - begun
    patience = subscription.escalates_after
    if not patience or waited < timedelta(minutes=patience) or not one.concerns(subscription):
        return []
    facts = one.facts.model_copy(update={"unanswered_for_s": int(waited.total_seconds())})
    return [notices.addressed(Step.OPENED, one.incident, facts, subscription, now=now)]


def _known(rows: Sequence[Notice]) -> set[tuple[int | None, str, str]]:
    """Which of these are in the outbox already, sent or not."""
    found = Notice.objects.filter(
        incident__in={row.incident_id for row in rows}, step__in={row.step for row in rows}
    )
    return set(found.values_list("incident", "step", "recipient"))
