"""Times and durations as people say them."""

from datetime import datetime, timedelta, tzinfo
from functools import lru_cache

from django.utils import formats
from django.utils.translation import get_language, gettext, pgettext

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400


def duration(length: timedelta) -> str:
    """``45 s``, ``47 min``, ``1 h 12 min``, ``3 d 4 h``: two units at most, rounded down."""
    seconds = max(0, int(length.total_seconds()))
    if seconds < MINUTE_S:
        return gettext("%(n)d s") % {"n": seconds}
    if seconds < HOUR_S:
        return gettext("%(n)d min") % {"n": seconds // MINUTE_S}
    if seconds < DAY_S:
        return _two(gettext("%(n)d h"), seconds // HOUR_S, gettext("%(n)d min"), seconds % HOUR_S // MINUTE_S)
    return _two(gettext("%(n)d d"), seconds // DAY_S, gettext("%(n)d h"), seconds % DAY_S // HOUR_S)


def clock(at: datetime, *, now: datetime, tz: tzinfo) -> str:
    """``13:42`` today, ``21 Nov, 13:42`` on another day, with the year when it is not this year's."""
    local, today = at.astimezone(tz), now.astimezone(tz)
    if local.date() == today.date():
        form = "H:i"
    elif local.year == today.year:
        form = pgettext("date format", "j M, H:i")
    else:
        form = pgettext("date format", "j M Y, H:i")
    # Without its zone, for moments are equal across zones, and what stands on the clock is not.
    return _said(local.replace(tzinfo=None, second=0, microsecond=0), form, get_language())


@lru_cache(maxsize=4096)
def _said(local: datetime, form: str, language: str | None) -> str:  # noqa: ARG001  (part of the key)
    """Pages that are watched say the same times every few seconds."""
    return formats.date_format(local, form)


def since(at: datetime, *, now: datetime, tz: tzinfo) -> str:
    """``13:42 (47 min)``."""
    return f"{clock(at, now=now, tz=tz)} ({duration(now - at)})"


def _two(large: str, many: int, small: str, few: int) -> str:
    text = large % {"n": many}
    return f"{text} {small % {'n': few}}" if few else text
