"""The limits behind a rule, with the figures of this very answer: what would have had to be otherwise."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from monitor.health.access import LONG_MAINTENANCE
from monitor.health.credentials import SURE_AFTER
from monitor.health.hysteresis import CONFIRMED_BY
from monitor.health.readings import MOST_RHYTHMS, SHORTEST_LIMIT
from monitor.health.records import Evidence
from monitor.wording.times import duration

_SOURCES: Mapping[str, Callable[[], str]] = {
    "configured": lambda: _("set by hand"),
    "learned": lambda: _("learned from two weeks"),
    "default": lambda: _("the default; too few orders to learn from"),
}


def threshold(rule: str, evidence: Evidence, *, until: datetime) -> str:
    """In the active language; empty where a rule has no limit: a remote said it in so many words.

    :param until: when it was observed; ages end then.
    """
    make = _THRESHOLDS.get(rule)
    return make(evidence, until) if make else ""


def confirmation() -> str:
    """What holds for every condition."""
    return _("An answer changes when %(n)d observations in a row say so, or one that is conclusive.") % {
        "n": CONFIRMED_BY
    }


def _tolerance(evidence: Evidence, until: datetime) -> str:
    if evidence.get("tolerance_s") is None:
        return ""
    words = {
        "limit": duration(timedelta(seconds=evidence["tolerance_s"])),
        "source": _source(evidence.get("tolerance_source")),
    }
    if evidence.get("oldest_waiting_at") is None:
        return _("An order is late after %(limit)s (%(source)s); none waits.") % words
    words["age"] = duration(until - datetime.fromisoformat(evidence["oldest_waiting_at"]))
    return _("An order is late after %(limit)s (%(source)s); the oldest waits for %(age)s.") % words


def _rhythm(evidence: Evidence, until: datetime) -> str:
    if evidence.get("rhythm_s") is None:
        return ""
    rhythm = timedelta(seconds=evidence["rhythm_s"])
    words = {
        "n": MOST_RHYTHMS,
        "rhythm": duration(rhythm),
        "source": _source(evidence.get("rhythm_source")),
        "least": duration(SHORTEST_LIMIT),
        "limit": duration(max(MOST_RHYTHMS * rhythm, SHORTEST_LIMIT)),
    }
    limit = _(
        "A gap is too long after %(limit)s: %(n)d rhythms of %(rhythm)s (%(source)s), %(least)s at least"
    )
    if evidence.get("last_fetched_at") is None:
        return limit % words + "."
    words["gap"] = duration(until - datetime.fromisoformat(evidence["last_fetched_at"]))
    return (limit + _("; the hub fetched last %(gap)s ago.")) % words


def _silence(evidence: Evidence, _until: datetime) -> str:
    if evidence.get("probability") is None:
        return ""
    return _(
        "The chance of such a silence is %(chance).2g; %(usual)s orders would be usual. "
        "One false alarm in 90 days is accepted."
    ) % {"chance": evidence["probability"], "usual": evidence.get("usual_orders", "?")}


def _refusals(evidence: Evidence, _until: datetime) -> str:
    words = {"n": SURE_AFTER, "failures": evidence.get("failures", evidence.get("hub_failures", "?"))}
    return _("%(n)d refusals in a row are sure; there were %(failures)s.") % words


def _long_maintenance(_evidence: Evidence, _until: datetime) -> str:
    return _("A maintenance is a long one after %(limit)s.") % {"limit": duration(LONG_MAINTENANCE)}


def _source(name: str | None) -> str:
    make = _SOURCES.get(name or "")
    return make() if make else _("unknown")


_THRESHOLDS: Mapping[str, Callable[[Evidence, datetime], str]] = {
    **dict.fromkeys(("stalled", "late", "gap", "within_tolerance", "nothing_waiting", "stopped"), _tolerance),
    **dict.fromkeys(("throttled", "in_rhythm", "not_overdue", "nothing_to_fetch"), _rhythm),
    "silent": _silence,
    **dict.fromkeys(("store_key_refused", "right_missing", "hub_key_refused"), _refusals),
    **dict.fromkeys(("maintenance", "maintenance_long"), _long_maintenance),
}
