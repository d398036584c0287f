"""When a maintenance window is over: telling in one mail what it kept quiet."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from monitor.alerts import notices
from monitor.alerts.facts import MaintenanceFacts, Step
from monitor.alerts.maintenance import HUSHED, Running, covering, running_now
from monitor.alerts.quiet import hold
from monitor.alerts.standing import Standing, standing
from monitor.health.states import State
from monitor.models import Incident, Maintenance, Notice, Subscription


@transaction.atomic
def unhush(now: datetime) -> int:
    """Makes up for what was hushed by windows that no longer run; returns how many incidents.

    What is still bad is told to those whom it would have been told when it opened; what was over before the
    window's end is only counted. What another window covers meanwhile stays hushed until that one ends, and
    what comes and goes and is calm just now until it is back or over, and what is paused until it goes on.
    Safe to run in any number at once, at any time.
    """
    windows = running_now(now)
    hushed = list(
        Incident.objects.filter(HUSHED)
        .exclude(hushed_by__in=[one.window.pk for one in windows])
        .exclude(calm_since__isnull=False, closed_at=None)
        .select_for_update(of=("self",), skip_locked=True)
        .select_related("hushed_by")
        .order_by("opened_at", "pk")
    )
    if not hushed:
        return 0
    ready: dict[int | None, list[Standing]] = {}
    for one in standing(hushed, now):
        if one.incident.closed_at is None and not one.is_watched:
            continue
        other = _covered_by(one, windows)
        if other is None:
            ready.setdefault(one.incident.hushed_by_id, []).append(one)
        else:
            Incident.objects.filter(pk=one.incident.pk).update(hushed_by=other.window)
    subscriptions = notices.subscribed() if ready else []
    for those in ready.values():
        _tell(those[0].incident.hushed_by, those, subscriptions, now)
    done = [one.incident.pk for those in ready.values() for one in those]
    Incident.objects.filter(pk__in=done).update(unhushed_at=now, look_again_at=None)
    return len(done)


def _covered_by(one: Standing, windows: Sequence[Running]) -> Running | None:
    """The window that covers all of an open incident now."""
    if one.incident.closed_at is not None:
        return None
    found = [covering(windows, integration) for integration in one.integrations]
    return None if None in found else found[0]


def _tell(
    window: Maintenance | None,
    those: Sequence[Standing],
    subscriptions: Sequence[Subscription],
    now: datetime,
) -> None:
    """One mail to each whom any of these concerns; in the outbox it carries the openings."""
    told = notices.told([one.incident.pk for one in those])
    for subscription in subscriptions:
        if subscription.escalates_after:
            continue
        mine = [one for one in those if one.concerns(subscription)]
        rows = []
        for one in mine:
            knows = any(row.recipient == subscription.recipient for row in told[one.incident.pk])
            is_old = one.incident.state == State.WARN or one.incident.flapping_since is not None
            if one.incident.closed_at is None and not (knows and is_old):
                step = Step.WORSENED if knows else Step.OPENED
                rows.append(notices.addressed(step, one.incident, one.facts, subscription, now=now))
        over = [one.facts.title for one in mine if one.incident.closed_at is not None]
        if rows or over:
            _put(_note(window, over, subscription, now), rows, subscription, now)


def _note(window: Maintenance | None, over: list[str], subscription: Subscription, now: datetime) -> Notice:
    facts = MaintenanceFacts(title=window.title if window else "", at=now, over=over)
    return notices.notice(
        Step.MAINTENANCE,
        None,
        None,
        recipient=subscription.recipient,
        channel=subscription.channel,
        language=subscription.language,
        time_zone=subscription.time_zone,
        now=now,
        context=facts.model_dump(mode="json"),
    )


def _put(note: Notice, rows: Sequence[Notice], subscription: Subscription, now: datetime) -> None:
    """The note is held in quiet hours unless something that it carries is urgent."""
    worst = State.FAIL if any(row.context["state"] == State.FAIL for row in rows) else State.WARN
    hold(note, subscription, worst, now=now)
    # Its mail is made up already: it joins no group, and nothing joins it.
    note.group = ""
    note.save()
    Notice.objects.filter(pk=note.pk).update(sent_with=note)
    for row in rows:
        row.group, row.due_at, row.sent_with = "", note.due_at, note
    notices.put(rows, now)
    notices.wake()
