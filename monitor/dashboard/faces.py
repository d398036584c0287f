"""How a state looks: a shape, drawn with a colour, so that colour is never alone.

The shapes are symbols of ``monitor/static/monitor/shapes.svg``; the words are
:mod:`monitor.wording`'s, the same on pages, in mails and on the command line.
"""

from dataclasses import dataclass

from django.utils.translation import gettext, gettext_lazy

from integrations.contracts import CheckState, ConditionKind
from integrations.models import Integration
from monitor.health.states import State
from monitor.models import Verdict
from monitor.models.refreshes import RefreshStrategy
from monitor.wording import state_word

QUESTIONS = {
    ConditionKind.EDGE: gettext_lazy("Does the protection in front of the store let the hub through?"),
    ConditionKind.ACCESS: gettext_lazy("Can the hub reach the store?"),
    ConditionKind.CREDENTIALS: gettext_lazy("Are the keys accepted?"),
    ConditionKind.WEBHOOKS: gettext_lazy("Does the store announce its orders?"),
    ConditionKind.THROTTLE: gettext_lazy("Does the hub fetch in its usual rhythm?"),
    ConditionKind.IMPORTS: gettext_lazy("Do the orders arrive?"),
    ConditionKind.TRACKING: gettext_lazy("Do tracking numbers reach the store?"),
    ConditionKind.EVENTS: gettext_lazy("Do events arrive?"),
}
"""What each condition asks."""
NOTICE_STEPS = {
    "opened": gettext_lazy("it began"),
    "worsened": gettext_lazy("it became worse"),
    "recovered": gettext_lazy("it is over"),
    "reminder": gettext_lazy("a reminder"),
    "woken": gettext_lazy("it was snoozed and lasts"),
    "maintenance": gettext_lazy("a maintenance window is over"),
    "weekly": gettext_lazy("the report of a week"),
    "test": gettext_lazy("a test"),
}
CHECKS = {
    CheckState.OK: ("ok", gettext_lazy("in order")),
    CheckState.INFO: ("ok", gettext_lazy("to know")),
    CheckState.UNKNOWN: ("unknown", gettext_lazy("not known")),
    CheckState.WARN: ("late", gettext_lazy("look at it")),
    CheckState.FAIL: ("fail", gettext_lazy("wrong")),
}
"""The shape and the word of a check's answer."""
MISSING = {
    "": gettext_lazy("Not looked at yet."),
    "unknown_order": gettext_lazy("The order is not known here."),
    "no_order": gettext_lazy("The order is not there any more."),
    "not_shipped": gettext_lazy("The order is not marked as shipped."),
    "other_number": gettext_lazy("The order carries another number."),
    "no_number": gettext_lazy("The order carries no number."),
}
"""What the last look into the store found of a missing number."""
WAYS = {
    RefreshStrategy.HUB_API: (
        gettext_lazy("Send the refresh request"),
        gettext_lazy(
            "Sends the refresh request that was set up for %(account)s and watches whether orders arrive. "
            "Nothing is deleted."
        ),
    ),
    RefreshStrategy.PUSH_ORDERS: (
        gettext_lazy("Send the waiting orders"),
        gettext_lazy(
            "Reads the waiting orders from the store, sends them to %(account)s and watches whether they "
            "arrive. Orders that are there already stay as they are."
        ),
    ),
    RefreshStrategy.NUDGE_STORE: (
        gettext_lazy("Touch the waiting orders"),
        gettext_lazy(
            "Touches the waiting orders in the store, so that its webhooks fire again, and watches whether "
            "they arrive."
        ),
    ),
    RefreshStrategy.PANEL: (
        gettext_lazy("Press Refresh at the hub"),
        gettext_lazy(
            "Leads you to the hub's own Refresh button, records who pressed it, and watches whether orders "
            "arrive."
        ),
    ),
    RefreshStrategy.REPUSH_TRACKING: (
        gettext_lazy("Write missing numbers"),
        gettext_lazy(
            "Reads the orders whose tracking number is missing, writes it where it lacks, and reads it back. "
            "The buyer is not mailed."
        ),
    ),
}
"""What the button of each way says, and what happens then."""
_SHAPES_OF_WARNINGS = {"maintenance": "paused", "hub_meets_maintenance": "paused"}
RULES_WITH_SHAPES = ("throttled", *_SHAPES_OF_WARNINGS)
"""Rules by which a state looks otherwise than by itself."""
_SHAPES = {State.OK: "ok", State.WARN: "late", State.FAIL: "fail", State.UNKNOWN: "unknown"}


@dataclass(frozen=True, slots=True)
class Face:
    """A state as people see it."""

    shape: str
    """``ok``, ``late``, ``fail``, ``throttled``, ``unknown`` or ``paused``."""
    word: str


def shape_of(state: str, rule: str = "") -> str:
    """The shape of a condition's or a verdict's state."""
    answer = State(state)
    if answer.is_bad and rule == "throttled":
        return "throttled"
    if answer is State.WARN and rule in _SHAPES_OF_WARNINGS:
        return _SHAPES_OF_WARNINGS[rule]
    return _SHAPES[answer]


def face_of(state: str, rule: str = "") -> Face:
    """The face of a condition or a verdict."""
    return Face(shape_of(state, rule), state_word(State(state), rule))


def calm() -> Face:
    """The face of an incident that comes and goes, while nobody in it is ill."""
    return Face("ok", gettext("calm for now"))


def face_of_integration(integration: Integration) -> Face:
    """The face of an integration as a whole: paused, not judged yet, or its verdict's."""
    if integration.is_paused or not (integration.store.is_active and integration.account.is_active):
        return Face("paused", gettext("paused"))
    verdict: Verdict | None = getattr(integration, "verdict", None)
    return face_of(State.UNKNOWN) if verdict is None else face_of(verdict.state, verdict.rule)
