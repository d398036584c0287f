"""What Syncwatch says about a state: the same sentences on pages, in mails and on the command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from integrations.contracts import ConditionKind
from monitor.health.records import Evidence
from monitor.health.states import State
from monitor.wording.access import ACCESS
from monitor.wording.checked import CHECK_RULES, EDGE, WEBHOOKS
from monitor.wording.credentials import CREDENTIALS
from monitor.wording.events import EVENTS
from monitor.wording.figures import figures, numbers, orders, told, waiting
from monitor.wording.imports import IMPORTS
from monitor.wording.phrase import Action, Phrase, filled
from monitor.wording.throttle import THROTTLE
from monitor.wording.times import clock, duration, since
from monitor.wording.tracking import TRACKING

__all__ = [
    "PHRASES",
    "Explanation",
    "clock",
    "duration",
    "explain",
    "headline",
    "numbers",
    "orders",
    "since",
    "state_word",
    "told",
    "waiting",
]

PHRASES: Mapping[ConditionKind, Mapping[str, Phrase]] = {
    ConditionKind.EDGE: EDGE,
    ConditionKind.ACCESS: {**ACCESS, **CHECK_RULES},
    ConditionKind.CREDENTIALS: {**CREDENTIALS, **CHECK_RULES},
    ConditionKind.WEBHOOKS: WEBHOOKS,
    ConditionKind.THROTTLE: THROTTLE,
    ConditionKind.IMPORTS: {**IMPORTS, **CHECK_RULES},
    ConditionKind.TRACKING: {**TRACKING, **CHECK_RULES},
    ConditionKind.EVENTS: EVENTS,
}
"""A phrase for every rule that judging can answer with."""

_UNHEARD_OF = Phrase(
    State.UNKNOWN,
    headline=(_("This was judged by a rule that is no longer in use."),),
)

_SEEN_WELL = _("It looked well at %(seen_well_clock)s; the next look confirms it.")
"""Until then the figures are those of the last look that was bad."""

_BLOCKED = _("blocked")
_REFUSED = _("refused")
_UNREACHABLE = _("unreachable")
_MAINTENANCE = _("maintenance")
_FAIL_WORDS = {
    "throttled": _("throttled"),
    "stopped": _("no tracking"),
    "check_failed": _("misconfigured"),
    "events_stopped": _("no events"),
    "events_short": _("events missing"),
    "not_listed": _("disconnected"),
    "maintenance": _MAINTENANCE,
    "maintenance_long": _MAINTENANCE,
    "hub_meets_maintenance": _MAINTENANCE,
    "hub_key_refused": _REFUSED,
    "store_key_refused": _REFUSED,
    "right_missing": _REFUSED,
    "blocked": _BLOCKED,
    "blocked_user_agent": _BLOCKED,
    "some_user_agents_blocked": _BLOCKED,
    "blocked_for_hub": _BLOCKED,
    "hub_address_blocked": _BLOCKED,
    "method_blocked": _BLOCKED,
    "writes_blocked": _BLOCKED,
    "no_answer": _UNREACHABLE,
    "name_not_found": _UNREACHABLE,
    "connection_failed": _UNREACHABLE,
    "tls_failed": _UNREACHABLE,
    "timed_out": _UNREACHABLE,
    "server_fault": _UNREACHABLE,
    "shop_closed": _UNREACHABLE,
    "hub_gets_no_answer": _UNREACHABLE,
    "hub_meets_fault": _UNREACHABLE,
}
"""Words of bad states that are not simply ``stalled``."""
_LATE_RULES = frozenset({"late", "gap", "silent"})


@dataclass(frozen=True, slots=True)
class Explanation:
    """A state in sentences, in the language that is active."""

    state_word: str
    headline: str
    """What is wrong: one sentence a person would say."""
    why: str
    """The evidence in one line; may be empty."""
    steps: tuple[str, ...]
    """What to do now, at most three; empty when nothing needs doing."""
    action: Action


def state_word(state: State, rule: str = "") -> str:
    """The one word for a state: ``healthy``, ``late``, ``stalled``, ``blocked``, ``throttled``..."""
    if state is State.OK:
        return gettext("healthy")
    if state is State.UNKNOWN:
        return gettext("unknown")
    if state is State.WARN and rule not in ("maintenance", "hub_meets_maintenance"):
        return gettext("late") if rule in _LATE_RULES else gettext("at risk")
    return gettext(_FAIL_WORDS[rule]) if rule in _FAIL_WORDS else gettext("stalled")


def _phrase(kind: ConditionKind | str, rule: str) -> Phrase:
    """Without a kind that of the one of the two conditions that prove health which has this rule."""
    if not kind:
        kind = ConditionKind.IMPORTS if rule in PHRASES[ConditionKind.IMPORTS] else ConditionKind.EVENTS
    return PHRASES.get(ConditionKind(kind), {}).get(rule, _UNHEARD_OF)


def headline(kind: ConditionKind | str, rule: str, evidence: Evidence, *, now: datetime, tz: tzinfo) -> str:
    """The first of the sentences of :func:`explain` alone, for lists."""
    return filled(_phrase(kind, rule).headline, figures(evidence, now=now, tz=tz))[0]


def explain(
    kind: ConditionKind | str,
    rule: str,
    evidence: Evidence,
    *,
    now: datetime,
    tz: tzinfo,
    state: State | None = None,
) -> Explanation:
    """The sentences about a condition's, a verdict's or an incident's rule.

    :param kind: the condition; empty for a verdict without a cause, which speaks of imports, or of events
        where a hub counts these instead.
    :param state: the state, if it is known to differ from the rule's own (a verdict can be worse
        than its cause).
    """
    phrase = _phrase(kind, rule)
    words = figures(evidence, now=now, tz=tz)
    why = filled((_SEEN_WELL, *phrase.why), words)
    return Explanation(
        state_word=state_word(state or phrase.state, rule),
        headline=filled(phrase.headline, words)[0],
        why=" ".join(why),
        steps=tuple(filled(phrase.steps, words)),
        action=phrase.action,
    )
