"""When a maintenance window occurs: recurrence rules of RFC 5545 in a time zone. No database.

A window that recurs does so at the same time of day, whatever the clocks do: one from 1:00 to 5:00 lasts
three or five hours in the nights in which they change. A time that the clocks skip is as late as it would
have been before the change (RFC 5545, section 3.3.5).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulebase, rrulestr
from django.utils.translation import gettext as _

from monitor.models import Maintenance

LONGEST = timedelta(days=31)
_PARTS = {
    "DAILY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"},
    "WEEKLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"},
    "MONTHLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH", "WKST"},
    "YEARLY": {"INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYMONTH", "WKST"},
}
"""What a rule may say, by how often it recurs: with more, a rule that never occurs could take minutes to
search, and none that people plan maintenance by needs it."""
_UNTIL = re.compile(r"UNTIL=(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)


class BadRule(ValueError):
    """A recurrence rule that cannot be used; the message says why to the person who wrote it."""


@dataclass(frozen=True, slots=True)
class Span:
    """One occurrence."""

    start: datetime
    end: datetime


def clean_rule(text: str, starts_at: datetime, zone: ZoneInfo) -> str:
    """A rule as it is stored, from what a person wrote. Raises :class:`BadRule`."""
    rule = "".join(text.upper().split()).removeprefix("RRULE:").strip(";")
    if not rule:
        return ""
    parts = dict(part.partition("=")[::2] for part in rule.split(";"))
    allowed = _PARTS.get(parts.pop("FREQ", ""))
    if allowed is None:
        raise BadRule(_("Begin the rule with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."))
    # The library searches for ever with an interval of zero.
    if not re.fullmatch(r"0*[1-9]\d{0,2}", parts.get("INTERVAL", "1"), re.ASCII):
        raise BadRule(_("INTERVAL must be a number from 1 to 999."))
    if foreign := sorted(set(parts) - allowed):
        raise BadRule(_("Leave out %(parts)s: it cannot be used here.") % {"parts": ", ".join(foreign)})
    try:
        first = _rule(rule, starts_at, zone).after(starts_at - timedelta(seconds=1))
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        message = _("This is no rule of RFC 5545 (%(error)s). An example: FREQ=WEEKLY;BYDAY=SU")
        raise BadRule(message % {"error": str(error)[:100]}) from error
    if first is None:
        raise BadRule(_("By this rule it never takes place. Change the days or the end."))
    return rule


def running(window: Maintenance, now: datetime) -> Span | None:
    """The occurrence that runs at ``now``; one that was ended early does not."""
    span = _last(window, now)
    if span is None or not span.start <= now < span.end:
        return None
    cut = window.cut_at
    return None if cut is not None and span.start <= cut <= now else span


def following(window: Maintenance, now: datetime) -> Span | None:
    """The next occurrence that begins after ``now``."""
    if not window.recurrence:
        span = Span(window.starts_at, window.ends_at) if window.starts_at > now else None
    else:
        start = _rule(window.recurrence, window.starts_at, _zone(window)).after(now)
        span = _span(window, start) if start is not None else None
    if span is None or (window.closed_at is not None and span.start >= window.closed_at):
        return None
    return span


def occurrences(window: Maintenance, start: datetime, end: datetime) -> list[Span]:
    """Those that overlap with the time from ``start`` to ``end``, oldest first, as far as they really took
    place: shorter where they were ended early."""
    if not window.recurrence:
        found = [Span(window.starts_at, window.ends_at)]
    else:
        longest = window.ends_at - window.starts_at + timedelta(hours=2)
        rule = _rule(window.recurrence, window.starts_at, _zone(window))
        begun = rule.between(start - longest, end, inc=True)
        found = [_span(window, at) for at in begun]
    return [span for one in found if (span := _kept(window, one)) and span.start < end and span.end > start]


def _kept(window: Maintenance, span: Span) -> Span | None:
    """What is left of an occurrence whose series or self was ended; None: it never began."""
    end = span.end
    if window.closed_at is not None:
        end = min(end, window.closed_at)
    if window.cut_at is not None and span.start <= window.cut_at < end:
        end = window.cut_at
    return Span(span.start, end) if end > span.start else None


def _last(window: Maintenance, now: datetime) -> Span | None:
    """The newest occurrence that has begun, its end not later than that of the series."""
    if not window.recurrence:
        span = Span(window.starts_at, window.ends_at) if window.starts_at <= now else None
    else:
        start = _rule(window.recurrence, window.starts_at, _zone(window)).before(now, inc=True)
        span = _span(window, start) if start is not None else None
    if span is None or window.closed_at is None:
        return span
    return Span(span.start, min(span.end, window.closed_at)) if span.start < window.closed_at else None


def _span(window: Maintenance, start: datetime) -> Span:
    """From a beginning in the window's zone, as long by the clock on the wall as the first occurrence."""
    zone = _zone(window)
    lasts = _wall(window.ends_at, zone) - _wall(window.starts_at, zone)
    begins = start.astimezone(UTC)
    ends = (start.replace(tzinfo=None) + lasts).replace(tzinfo=zone).astimezone(UTC)
    # Both times in or around an hour that the clocks skip or repeat: then as long as it always is.
    return Span(begins, ends if ends > begins else begins + (window.ends_at - window.starts_at))


def _rule(rule: str, starts_at: datetime, zone: ZoneInfo) -> rrulebase:
    """The rule, beginning at a time of day in the zone."""
    return rrulestr(_UNTIL.sub(lambda found: _until(found, zone), rule), dtstart=starts_at.astimezone(zone))


def _until(found: re.Match[str], zone: ZoneInfo) -> str:
    """An end in UTC, as a beginning with a zone asks for; people write a day, or a time of their own."""
    day, time, is_utc = found.groups()
    if is_utc:
        return found[0]
    local = datetime.strptime(day + (time or "235959"), "%Y%m%d%H%M%S").replace(tzinfo=zone)
    return f"UNTIL={local.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _zone(window: Maintenance) -> ZoneInfo:
    return ZoneInfo(window.time_zone)


def _wall(at: datetime, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)
