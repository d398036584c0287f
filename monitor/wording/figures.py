"""Evidence as words: counts with their nouns, times in a person's zone, names of hubs."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.utils.translation import gettext, ngettext

from monitor.health.records import Evidence
from monitor.wording.retold import retold
from monitor.wording.times import clock, duration, since
from monitor.wording.tracking import REASONS

_TIMES = {
    "oldest": "oldest_waiting_at",
    "fetched": "last_fetched_at",
    "failing": "failing_since",
    "arrived": "newest_arrived_at",
    "last_ok": "last_ok_at",
    "last_failure": "last_failure_at",
    "due": "oldest_due_at",
    "silent_since": "last_event_before",
    "lost": "lost_since",
    "seen_well": "seen_well_at",
}
_DURATIONS = {
    "tolerance": "tolerance_s",
    "rhythm": "rhythm_s",
    "tracking_tolerance": "tracking_tolerance_s",
}
_TEXTS = ("method", "status", "rule_id", "shared")


class _Words(dict[str, str]):
    """Times are said when a sentence asks for them: few do, and lists explain a hundred rows at once."""

    def __init__(self, evidence: Evidence, *, now: datetime, tz: tzinfo) -> None:
        super().__init__()
        self._evidence, self._now, self._tz = evidence, now, tz

    def __missing__(self, key: str) -> str:
        word = key.removesuffix("_clock").removesuffix("_age")
        text = self._evidence.get(_TIMES.get(word, ""))
        if not text:
            raise KeyError(key)
        at = datetime.fromisoformat(text)
        if key == word:
            return since(at, now=self._now, tz=self._tz)
        return duration(self._now - at) if key.endswith("_age") else clock(at, now=self._now, tz=self._tz)


def figures(evidence: Evidence, *, now: datetime, tz: tzinfo) -> Mapping[str, str]:
    """The words that sentences about this evidence can use; asking for what is not known raises KeyError."""
    hub = _hub(evidence)
    words = _Words(evidence, now=now, tz=tz)
    words |= {"hub": hub, "Hub": hub[:1].upper() + hub[1:]}
    if evidence.get("days") is not None:
        words["expires"] = _in_days(int(evidence["days"]))
    for word, name in _DURATIONS.items():
        if evidence.get(name) is not None:
            words[word] = duration(timedelta(seconds=evidence[name]))
    words |= {name: str(evidence[name]) for name in _TEXTS if evidence.get(name)}
    for word in ("detail", "message"):
        if evidence.get(word):
            words[word] = _sentence(retold(evidence[word]))
    words |= _counts(evidence)
    words |= _checks(evidence)
    if evidence.get("missing_reason") in REASONS:
        words["reason"] = gettext(REASONS[evidence["missing_reason"]])
    for word, name in (("agents", "user_agents"), ("passing", "passing_user_agents")):
        if evidence.get(name):
            words[word] = gettext(" and ").join(
                gettext("“%(text)s”") % {"text": one} for one in evidence[name]
            )
    words.setdefault("method", gettext("request"))
    by = retold(evidence.get("by") or "")
    who = gettext("The shop's %(by)s") if by else gettext("Something in front of the shop")
    whom = gettext("the shop's %(by)s") if by else gettext("the server or firewall")
    words |= {"By": who % {"by": by}, "by_whom": whom % {"by": by}}
    return words


def _hub(evidence: Evidence) -> str:
    kind = str(evidence.get("hub") or "")
    return gettext("the hub") if kind in ("", "generic") else kind.capitalize()


def _counts(evidence: Evidence) -> dict[str, str]:
    counted: dict[str, tuple[str, Callable[[int], str]]] = {
        "waiting": ("waiting_count", waiting),
        "orders": ("waiting_count", orders),
        "late_orders": ("late_count", orders),
        "failures": ("hub_failures", _calls),
        "missing": ("missing_count", numbers),
        "late_tracking": ("late_tracking_count", numbers),
        "event_orders": ("orders", orders),
        "hours": ("hours", _hours),
        "shops": ("affected", _shops),
    }
    words = {word: say(int(evidence[name])) for word, (name, say) in counted.items() if evidence.get(name)}
    if evidence.get("events") is not None:
        words["events"] = _events(int(evidence["events"]))
    if evidence.get("usual_ratio"):
        words["usual_share"] = f"{min(evidence['usual_ratio'], 1.0):.0%}"
    usual: Any = evidence.get("usual_orders")
    if usual is not None:
        words["usual_orders"] = orders(round(usual))
    return words


def _checks(evidence: Evidence) -> dict[str, str]:
    """The worst check in its own words, what it asks for, and how many others are bad."""
    checks = evidence.get("checks")
    if not checks:
        return {}
    worst = checks[0]
    words = {"check": told(worst["text"], worst["values"])}
    if worst.get("remedy"):
        words["check_remedy"] = told(worst["remedy"], worst["values"])
    if len(checks) > 1:
        others = len(checks) - 1
        words["other_checks"] = ngettext(
            "%(n)d other check is bad too.", "%(n)d other checks are bad too.", others
        ) % {"n": others}
    return words


def told(template: str, values: Mapping[str, Any]) -> str:
    """A check's text or remedy, stored as an English template, in the active language.

    A value that the template names and that is missing, or is no number where one belongs, stands as a
    question mark: what a remote leaves out must not cost the page.
    """
    return _PLACE.sub(lambda place: _said(place, values), gettext(template)) if template else ""


_PLACE = re.compile(r"%(?:\((\w+)\)([-+0 #]*\d*(?:\.\d+)?[sdifg])|%)")


def _said(place: re.Match[str], values: Mapping[str, Any]) -> str:
    if place[1] is None:
        return "%"
    value = values.get(place[1])
    try:
        return "?" if value is None else f"%{place[2]}" % (value,)
    except (TypeError, ValueError, OverflowError):
        return "?"


def numbers(n: int) -> str:
    return ngettext("%(n)d tracking number", "%(n)d tracking numbers", n) % {"n": n}


def orders(n: int) -> str:
    return ngettext("%(n)d order", "%(n)d orders", n) % {"n": n}


def waiting(n: int) -> str:
    return ngettext("%(n)d order is waiting", "%(n)d orders are waiting", n) % {"n": n}


def _in_days(n: int) -> str:
    if n < 1:
        return gettext("today")
    return ngettext("in %(n)d day", "in %(n)d days", n) % {"n": n}


def _shops(n: int) -> str:
    return ngettext("%(n)d shop", "%(n)d shops", n) % {"n": n}


def _hours(n: int) -> str:
    return ngettext("%(n)d hour", "%(n)d hours", n) % {"n": n}


def _events(n: int) -> str:
    return ngettext("%(n)d event", "%(n)d events", n) % {"n": n}


def _calls(n: int) -> str:
    return ngettext("%(n)d failed call", "%(n)d failed calls", n) % {"n": n}


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
