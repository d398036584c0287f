"""Evidence as words: counts with their nouns, times in a person's zone, names of hubs."""

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

from django.utils.translation import gettext, ngettext

from monitor.health.records import Evidence
from monitor.wording.retold import retold
from monitor.wording.times import clock, duration, since

_TIMES = {
    "oldest": "oldest_waiting_at",
    "fetched": "last_fetched_at",
    "failing": "failing_since",
    "arrived": "newest_arrived_at",
    "last_ok": "last_ok_at",
    "last_failure": "last_failure_at",
}
_DURATIONS = {"tolerance": "tolerance_s", "rhythm": "rhythm_s"}
_TEXTS = ("method", "status")


def figures(evidence: Evidence, *, now: datetime, tz: tzinfo) -> dict[str, str]:
    """The words that sentences about this evidence can use; what is not known is left out."""
    hub = _hub(evidence)
    words = {"hub": hub, "Hub": hub[:1].upper() + hub[1:]}
    for word, name in _TIMES.items():
        if evidence.get(name):
            at = datetime.fromisoformat(evidence[name])
            words[word] = since(at, now=now, tz=tz)
            words[f"{word}_clock"] = clock(at, now=now, tz=tz)
            words[f"{word}_age"] = duration(now - at)
    for word, name in _DURATIONS.items():
        if evidence.get(name) is not None:
            words[word] = duration(timedelta(seconds=evidence[name]))
    words |= {name: str(evidence[name]) for name in _TEXTS if evidence.get(name)}
    for word in ("detail", "message"):
        if evidence.get(word):
            words[word] = _sentence(retold(evidence[word]))
    words |= _counts(evidence)
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
    }
    words = {word: say(int(evidence[name])) for word, (name, say) in counted.items() if evidence.get(name)}
    usual: Any = evidence.get("usual_orders")
    if usual is not None:
        words["usual_orders"] = orders(round(usual))
    return words


def orders(n: int) -> str:
    return ngettext("%(n)d order", "%(n)d orders", n) % {"n": n}


def waiting(n: int) -> str:
    return ngettext("%(n)d order is waiting", "%(n)d orders are waiting", n) % {"n": n}


def _calls(n: int) -> str:
    return ngettext("%(n)d failed call", "%(n)d failed calls", n) % {"n": n}


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
