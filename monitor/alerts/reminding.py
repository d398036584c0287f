"""What nobody has answered: reminders that become rarer, and telling a second list.

An incident is looked at when something about it is due. Each look works out when the next thing will be
(``Incident.look_again_at``), for those who are told and the maintenance windows that run: their sign stands
beside it, and whatever changes about them makes every open incident due. So three thousand incidents about
which nothing is to be said cost no more than three.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet

from monitor.alerts import notices
from monitor.alerts.facts import Step
from monitor.alerts.maintenance import HUSHED, Running, covering, running_now
from monitor.alerts.standing import Standing, standing
from monitor.models import Incident, Notice, Remark, Subscription
from monitor.models.maintenance import RemarkKind

GAPS = (timedelta(hours=1), timedelta(hours=4), timedelta(hours=12))
"""Between the opening, the first, the second and the third reminder."""
DAILY = timedelta(days=1)
"""Between all that follow, and between two looks at what seems to need none."""
UNSEEN = timedelta(minutes=5)
"""Between two looks at what is paused: nothing tells when it is let go on."""
NOT_SENT_YET = timedelta(minutes=1)
"""How long after it was due it is looked whether the first mail has been sent."""
BATCH = 200
"""Incidents that are looked at in one transaction."""


def reminders_due(told_at: datetime, now: datetime) -> int:
    """How many reminders should have been sent by now to somebody who was told then."""
    return _reminders(told_at, now)[0]


def _reminders(told_at: datetime, now: datetime) -> tuple[int, datetime]:
    """How many are due, and when the next will be."""
    at, count = told_at + GAPS[0], 0
    while at <= now:
        count += 1
        at += GAPS[count] if count < len(GAPS) else DAILY
    return count, at


def unanswered() -> QuerySet[Incident]:
    """Open, told of, neither acknowledged nor snoozed, and not just calm."""
    open_now = Incident.objects.filter(
        closed_at=None, acknowledged_at=None, snoozed_until=None, calm_since=None
    )
    return open_now.exclude(HUSHED)


def look_again(incidents: Iterable[int]) -> None:
    """Has the next :func:`follow_up` look at these incidents: others suffer, or more, than at the last."""
    Incident.objects.filter(pk__in=incidents).update(look_again_at=None)


@dataclass(frozen=True, slots=True)
class _Listening:
    """Who is told, and what is kept quiet, at one moment."""

    subscriptions: Sequence[Subscription]
    windows: Sequence[Running]

    @property
    def sign(self) -> str:
        """Changes whenever something becomes due sooner because of them."""
        people = [
            (
                one.recipient,
                one.tags,
                one.platforms,
                sorted(store.pk for store in one.stores.all()),
                one.include_warnings,
                one.escalates_after,
                sorted(one.scope_tags) if one.scope_tags is not None else None,
            )
            for one in self.subscriptions
        ]
        quiet = [(one.window.pk, one.span.start.isoformat()) for one in self.windows]
        return blake2b(repr((sorted(map(repr, people)), sorted(quiet))).encode(), digest_size=8).hexdigest()


@dataclass(slots=True)
class _Look:
    """What one look at an incident finds."""

    rows: list[Notice] = field(default_factory=list)
    """To be told now, unless it is in the outbox already."""
    next_at: datetime | None = None
    """When the next is due; None: never, as long as nothing changes."""

    def later(self, at: datetime) -> None:
        self.next_at = at if self.next_at is None else min(at, self.next_at)


def follow_up(now: datetime) -> int:
    """Puts the reminders and escalations that are due into the outbox; returns how many.

    Of several reminders that became due while nothing ran only the last is sent. Nobody is reminded of what a
    maintenance window covers, or of what is paused. Safe to run in any number at once: an incident is
    followed up by one at a time, and each step is told once. Five queries when nothing is due.
    """
    listening = _Listening(notices.subscribed(), running_now(now))
    with transaction.atomic():
        woken = _wake(now)
        told = _follow(unanswered().filter(pk__in=woken), listening, woken, now)[1] if woken else 0
    sign = listening.sign
    due = Q(look_again_at=None) | Q(look_again_at__lte=now) | ~Q(looked_for=sign)
    while True:
        with transaction.atomic():
            looked_at, more = _follow(unanswered().filter(due), listening, {}, now)
        told += more
        if looked_at < BATCH:
            return told


def _follow(
    due: QuerySet[Incident], listening: _Listening, woken: Mapping[int, int], now: datetime
) -> tuple[int, int]:
    """Looks at a batch of these incidents: how many there were, and how many notices were put."""
    rows = list(
        due.select_for_update(of=("self",), skip_locked=True, no_key=True).order_by(
            F("look_again_at").asc(nulls_first=True), "pk"
        )[:BATCH]
    )
    if not rows:
        return 0, 0
    sign = listening.sign
    for row in rows:
        row.look_again_at, row.looked_for = now + DAILY, sign
    those = []
    for one in standing(rows, now):
        if not one.is_watched:
            one.incident.look_again_at = now + UNSEEN
        elif not all(covering(listening.windows, integration) for integration in one.integrations):
            those.append(one)
    told = _told([one.incident.pk for one in those])
    put: list[Notice] = []
    for one in those:
        look = _look(one, listening.subscriptions, told[one.incident.pk], woken, now)
        put += look.rows
        if look.next_at is not None:
            one.incident.look_again_at = min(look.next_at, now + DAILY)
    known = _known(put)
    put = [row for row in put if (row.incident_id, row.step, row.recipient) not in known]
    notices.put(put, now)
    Incident.objects.bulk_update(rows, ["look_again_at", "looked_for"])
    return len(rows), len(put)


@dataclass(slots=True)
class _Told:
    """What somebody was told of an incident."""

    opening: Notice | None = None
    woken_at: datetime | None = None
    """When the end of its last snooze was told."""


def _told(incidents: Collection[int]) -> Mapping[int, Mapping[str, _Told]]:
    """By incident and recipient; without what the mails said."""
    found: dict[int, dict[str, _Told]] = {pk: {} for pk in incidents}
    steps = Q(step=Step.OPENED) | Q(step__startswith=f"{Step.WOKEN}-")
    rows = Notice.objects.filter(steps, incident__in=incidents, failed_at=None).order_by("created_at")
    columns = ("incident_id", "step", "recipient", "created_at", "due_at", "sent_at", "message_id", "group")
    for row in rows.only(*columns):
        told = found[row.incident_id or 0].setdefault(row.recipient, _Told())
        if row.step == Step.OPENED:
            told.opening = row
        else:
            told.woken_at = row.created_at
    return found


def _look(
    one: Standing,
    subscriptions: Sequence[Subscription],
    told: Mapping[str, _Told],
    woken: Mapping[int, int],
    now: datetime,
) -> _Look:
    look = _Look()
    for subscription in subscriptions:
        known = told.get(subscription.recipient, _Told())
        if (known.opening is None and not subscription.escalates_after) or not one.concerns(subscription):
            continue
        if known.opening is None:
            _escalate(look, one, subscription, now)
        elif known.opening.sent_at is None:
            look.later(max(now, known.opening.due_at) + NOT_SENT_YET)
        else:
            step, next_at = _step(one.incident, known.opening, known.woken_at, woken, now)
            look.later(next_at)
            if step:
                facts, opening = one.facts, known.opening
                look.rows.append(
                    notices.addressed(step, one.incident, facts, subscription, now=now, opening=opening)
                )
    return look


def _step(
    incident: Incident,
    opening: Notice,
    woken_at: datetime | None,
    woken: Mapping[int, int],
    now: datetime,
) -> tuple[str, datetime]:
    """The step that is due for somebody who was told, if any, and when the next reminder will be.

    Who has just heard that a snooze is over needs no reminder beside it.
    """
    count, next_at = _reminders(opening.created_at, now)
    if incident.pk in woken:
        return f"{Step.WOKEN}-{woken[incident.pk]}", next_at
    if woken_at is not None and reminders_due(opening.created_at, woken_at) >= count:
        return "", next_at
    return f"{Step.REMINDER}-{count}" if count else "", next_at


def _escalate(look: _Look, one: Standing, subscription: Subscription, now: datetime) -> None:
    """A second list is told of the beginning, once its patience with the first is over."""
    begun = one.incident.unhushed_at or one.incident.opened_at
    due_at = begun + timedelta(minutes=subscription.escalates_after or 0)
    if due_at > now:
        look.later(due_at)
        return
    facts = one.facts.model_copy(update={"unanswered_for_s": int((now - begun).total_seconds())})
    look.rows.append(notices.addressed(Step.OPENED, one.incident, facts, subscription, now=now))


def _wake(now: datetime) -> Mapping[int, int]:
    """Ends the snoozes whose time has come. By incident: how often it was snoozed."""
    due = Incident.objects.filter(snoozed_until__lte=now).order_by("snoozed_until", "pk")[:BATCH]
    ended = list(due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True))
    if not ended:
        return {}
    Incident.objects.filter(pk__in=ended).update(snoozed_until=None)
    snoozes = Remark.objects.filter(incident__in=ended, kind=RemarkKind.SNOOZED).values_list("incident")
    return {**dict.fromkeys(ended, 0), **dict(snoozes.annotate(Count("pk")))}


def _known(rows: Sequence[Notice]) -> set[tuple[int | None, str, str]]:
    """Which of these are in the outbox already, sent or not."""
    if not rows:
        return set()
    found = Notice.objects.filter(
        incident__in={row.incident_id for row in rows}, step__in={row.step for row in rows}
    )
    return set(found.values_list("incident", "step", "recipient"))
