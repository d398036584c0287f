"""Quiet hours: the time of day at which a recipient is told only what cannot wait."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor.alerts.facts import Step
from monitor.alerts.windows import Span
from monitor.health.states import State
from monitor.models import Notice, Subscription

GROUP = "quiet "
"""What the group of every held notice begins with; its end follows."""


def quiet_at(subscription: Subscription, now: datetime) -> Span | None:
    """The quiet time that ``now`` falls into, by the clock in the subscription's zone."""
    begins, ends = subscription.quiet_from, subscription.quiet_until
    if begins is None or ends is None:
        return None
    zone = ZoneInfo(subscription.time_zone)
    today = now.astimezone(zone).date()
    for day in (today - timedelta(days=1), today):
        last_day = day if begins < ends else day + timedelta(days=1)
        start = datetime.combine(day, begins, zone).astimezone(UTC)
        end = datetime.combine(last_day, ends, zone).astimezone(UTC)
        if start <= now < end:
            return Span(start, end)
    return None


def hold(
    notice: Notice, subscription: Subscription, state: State, *, now: datetime, opening: Notice | None = None
) -> None:
    """Makes a new notice wait for the end of quiet hours, where it is not urgent.

    Failures are, where the subscription says so. A recovery is for whoever was told of the beginning in
    the same quiet hours (``opening``): they are up because of it.
    """
    span = quiet_at(subscription, now)
    if span is None:
        return
    if notice.step == Step.RECOVERED:
        passes = opening is not None and not is_held(opening) and opening.created_at >= span.start
    else:
        passes = subscription.urgent_passes and state is State.FAIL
    if not passes:
        notice.due_at = span.end
        notice.group = f"{GROUP}{span.end:%Y-%m-%d %H:%M}"


def is_held(notice: Notice) -> bool:
    return notice.group.startswith(GROUP)
