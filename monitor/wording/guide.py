"""The page of the documentation about verdicts: every rule, what is said and what to do."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils.translation import override

from integrations.contracts import ConditionKind
from monitor.health.states import State
from monitor.wording import PHRASES, explain
from monitor.wording.checked import CHECK_RULES
from monitor.wording.phrase import Phrase
from monitor.wording.thresholds import threshold

ABOUT: Final[Mapping[ConditionKind, tuple[str, str]]] = {
    ConditionKind.EDGE: (
        "Does the protection in front of the store let the hub through?",
        "Read from the settings of the Cloudflare zone in front of a store, where one is connected. What "
        "only might stop the hub is advice as long as it gets through.",
    ),
    ConditionKind.ACCESS: (
        "Can the hub reach the store?",
        "The store is asked with each User-Agent of its hubs, and every method; what the hub itself logs "
        "about its failed calls counts too. [What a probe asks](probing.md) says why that changes "
        "nothing.",
    ),
    ConditionKind.CREDENTIALS: (
        "Are the keys accepted?",
        "Known from reading with our own key, and from what the hub logs about its own.",
    ),
    ConditionKind.WEBHOOKS: (
        "Does the store announce its orders?",
        "Webhooks that a shop has switched off by itself, or that were deleted. Orders are read all the "
        "same, so most of what is found here is told by [a check](#what-do-the-checks-of-settings-say).",
    ),
    ConditionKind.THROTTLE: (
        "Does the hub fetch in its usual rhythm?",
        "Hubs do not say that they poll a shop more rarely, so this is a suspicion, and is said to be "
        "one. A shop without new orders is never suspected.",
    ),
    ConditionKind.IMPORTS: (
        "Do the orders arrive?",
        "Both sides are compared: an order that is in the shop and not in the hub for longer than is "
        "usual for this integration is late. Only this condition, or events for a hub that fetches "
        "nothing, makes an integration healthy.",
    ),
    ConditionKind.TRACKING: (
        "Do tracking numbers reach the store?",
        "The hub's parcels say which numbers are due in the store, the store's orders say which they carry.",
    ),
    ConditionKind.EVENTS: (
        "Do events arrive?",
        "For marketing hubs, which count events by the hour and tell of no single one.",
    ),
}
"""The question of each condition, and how it is answered."""

ACTIONS: Final[Mapping[str, str]] = {
    "force_refresh": "Force refresh",
    "show_failures": "the list of failed calls",
    "show_fix": "the change to make, ready to copy",
    "show_orders": "the list of the orders concerned",
    "show_tracking": "the list of missing numbers, with *Write missing numbers*",
    "show_checks": "the list of all checks",
    "connect_edge": "connecting the zone",
    "update_credentials": "entering a new key",
    "test_connection": "the connection test",
}
"""Where the page of an integration leads to, by the phrase's action."""

NOW: Final = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
_GROUPS: Final = (
    (State.FAIL, "Broken", "Told at once to everybody who is subscribed."),
    (State.WARN, "At risk", "Told to who is subscribed to warnings too."),
    (State.UNKNOWN, "Unknown", "Opens no incident and closes none."),
    (State.OK, "Healthy", "Nothing to do."),
)
_TITLES: Final = {state: title for state, title, _consequence in _GROUPS}
_CHECKS: Final = "What do the checks of settings say?"
_HEAD: Final = """\
# What each verdict means, and what to do

An integration is asked eight questions. Each is answered *healthy*, *at risk*, *broken* or *unknown* by
one rule; the first bad answer, from cause to consequence, is the root cause that pages and mails show.
What stands below a root cause is explained by it and raises no alarm of its own. How judging works is in
[architecture.md](architecture.md#judging), how good it is in [detection.md](detection.md), and
`manage.py explain NAME` shows the rule, the limits and the figures of one integration at this moment.

This page is made by `manage.py verdicts` from the very sentences that pages and mails use. Names, times
and figures are an example: the hub is Sendcloud (Braze where events are counted), the time is 14:30.
"""
_ABOUT_CHECKS: Final = """\
What adapters find in settings is a check: a webhook that is disabled, a scope that is missing, a rule of
the zone. A check has its own sentence and says itself what to do; all of them are listed on the page of
the integration. A warning that only a check gives is advice: it makes no verdict bad while nothing
suffers from it, except about imports and events.
"""


def document() -> str:
    """The whole page in Markdown, in English, ending with a line feed."""
    with override("en"):
        return "\n".join([_HEAD, *_overview(), *_conditions(), *_checks()]).rstrip("\n") + "\n"


def example(kind: ConditionKind) -> dict[str, Any]:
    """Evidence in which every figure is known that a sentence about the condition can name."""

    def ago(**length: float) -> str:
        return (NOW - timedelta(**length)).isoformat()

    return {
        "hub": "braze" if kind is ConditionKind.EVENTS else "sendcloud",
        "by": "ModSecurity",
        "detail": "A rule of the firewall answered instead of the shop",
        "message": "The remote refused the key",
        "user_agents": ["Sendcloud/1.0.0"],
        "passing_user_agents": ["SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)"],
        "method": "PUT",
        "status": 403,
        "rule_id": "920170",
        "shared": "203.0.113.7",
        "affected": 14,
        "waiting_count": 12,
        "late_count": 3,
        "late_tracking_count": 5,
        "missing_count": 5,
        "missing_reason": "no_number",
        "hub_failures": 9,
        "failures": 2,
        "orders": 240,
        "events": 31,
        "hours": 6,
        "usual_ratio": 0.98,
        "usual_orders": 18,
        "probability": 4e-7,
        "days": 9,
        "tolerance_s": 1_560,
        "tolerance_source": "learned",
        "tracking_tolerance_s": 3_600,
        "rhythm_s": 900,
        "rhythm_source": "learned",
        "newest_arrived_at": ago(minutes=70),
        "oldest_waiting_at": ago(minutes=65),
        "oldest_due_at": ago(hours=3),
        "last_fetched_at": ago(minutes=72),
        "failing_since": ago(minutes=68),
        "last_ok_at": ago(minutes=75),
        "last_failure_at": ago(minutes=4),
        "last_event_before": ago(hours=6),
        "lost_since": ago(minutes=6),
        "checks": [
            {
                "text": "The webhook “order.updated” of Sendcloud is disabled",
                "values": {},
                "remedy": "Switch it on in WooCommerce, Settings, Advanced, Webhooks.",
            }
        ],
    }


def _overview() -> Iterator[str]:
    yield "| question | condition | rules |\n| --- | --- | --- |"
    for kind, (question, _how) in ABOUT.items():
        yield f"| [{question}](#{_anchor(question)}) | `{kind}` | {len(_own(kind))} |"
    yield f"| [{_CHECKS}](#{_anchor(_CHECKS)}) | any of them | {len(CHECK_RULES)} |"
    yield ""


def _own(kind: ConditionKind) -> dict[str, Phrase]:
    """The rules that only this condition has."""
    return {rule: phrase for rule, phrase in PHRASES[kind].items() if rule not in CHECK_RULES}


def _conditions() -> Iterator[str]:
    for kind, (question, how) in ABOUT.items():
        yield f"## {question}\n\n{how}\n"
        for state, title, consequence in _GROUPS:
            rules = {rule: phrase for rule, phrase in _own(kind).items() if phrase.state is state}
            if not rules:
                continue
            if state in (State.FAIL, State.WARN):
                for rule, phrase in rules.items():
                    yield from _in_full(kind, rule, phrase, title)
            else:
                yield f"### {title} ({kind})\n\n{consequence}\n"
                yield "| rule | what is said | what to do |\n| --- | --- | --- |"
                yield from (_in_a_row(kind, rule) for rule in rules)
                yield ""


def _checks() -> Iterator[str]:
    yield f"## {_CHECKS}\n\n{_ABOUT_CHECKS}"
    for rule, phrase in CHECK_RULES.items():
        yield from _in_full(ConditionKind.WEBHOOKS, rule, phrase, _TITLES[phrase.state])


def _in_full(kind: ConditionKind, rule: str, phrase: Phrase, title: str) -> Iterator[str]:
    said = explain(kind, rule, example(kind), now=NOW, tz=UTC)
    yield f"### {title}: {rule.replace('_', ' ')}\n"
    yield f"Rule `{rule}`, shown as **{said.state_word}**.\n"
    yield f"> {said.headline}" + (f"\n>\n> {said.why}" if said.why else "") + "\n"
    if limit := threshold(rule, example(kind), until=NOW):
        yield f"The limit: {limit}\n"
    if said.steps:
        yield "What to do:\n"
        yield from (f"{n}. {step}" for n, step in enumerate(said.steps, 1))
        yield ""
    if phrase.action:
        yield f"The page of the integration offers {ACTIONS[phrase.action]}.\n"


def _in_a_row(kind: ConditionKind, rule: str) -> str:
    said = explain(kind, rule, example(kind), now=NOW, tz=UTC)
    cells = (f"`{rule}`", f"{said.headline} {said.why}".strip(), " ".join(said.steps))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _anchor(heading: str) -> str:
    """As GitHub and the documentation's builder make it."""
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c in "-_")
