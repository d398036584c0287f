"""Checks of Syncwatch itself as sentences, in the active language."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _noop

from monitor.wording.figures import told
from monitor.wording.retold import retold
from monitor.wording.times import clock, duration

TITLES: Final[Mapping[str, str]] = {
    "database": _noop("Database"),
    "broker": _noop("Message broker"),
    "schedule": _noop("Schedule"),
    "tick": _noop("Worker"),
    "judge": _noop("Judging"),
    "verdicts": _noop("Judging of each"),
    "deliver": _noop("Sending of mails"),
    "mail": _noop("Mail server"),
    "hooks": _noop("Web-hooks"),
    "addresses": _noop("Addresses"),
    "refresh": _noop("Refreshes"),
    "jobs": _noop("Work"),
    "rollup": _noop("Charts"),
    "task": _noop("Periodic task"),
    "disk": _noop("Disk"),
    "clock": _noop("Clock"),
    "network": _noop("Our network"),
    "ping": _noop("Outside monitor"),
    "watchdog": _noop("Watchdog"),
    "listeners": _noop("Who is told"),
    "account": _noop("Account"),
}
"""What a check is about, by its name up to a colon."""


def title(name: str) -> str:
    """``Worker``, ``Periodic task: housekeeping``."""
    kind, _colon, which = name.partition(":")
    said = gettext(TITLES[kind])
    return headed(said, which) if which else said


def headed(heading: str, text: str) -> str:
    """``heading: text``; other languages set the colon otherwise."""
    return gettext("%(heading)s: %(title)s") % {"heading": heading, "title": text}


def sentence(template: str, values: Mapping[str, Any], *, now: datetime, tz: tzinfo) -> str:
    """A check's text or remedy."""
    return told(template, {key: _figure(key, value, now, tz) for key, value in values.items()})


def _figure(key: str, value: Any, now: datetime, tz: tzinfo) -> Any:
    if key.endswith("_at") and value:
        return clock(datetime.fromisoformat(value), now=now, tz=tz)
    if key.endswith("_s"):
        return duration(timedelta(seconds=value))
    return retold(value) if isinstance(value, str) else value
