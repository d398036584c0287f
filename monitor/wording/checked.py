"""What is said about conditions that rest on checks: the check's own sentence, and what it asks for."""

from collections.abc import Mapping

from django.utils.translation import gettext_noop as _

from monitor.health.states import State
from monitor.wording.phrase import Phrase

_LIST = _("All checks are listed below.")

CHECK_RULES: Mapping[str, Phrase] = {
    "check_failed": Phrase(
        State.FAIL,
        (_("%(check)s"), _("A check of the settings has failed.")),
        (_("%(other_checks)s"),),
        (_("%(check_remedy)s"), _LIST),
        "show_checks",
    ),
    "check_warned": Phrase(
        State.WARN,
        (_("%(check)s"), _("A check of the settings warns.")),
        (_("%(other_checks)s"),),
        (_("%(check_remedy)s"), _LIST),
        "show_checks",
    ),
}
"""Rules that every condition may have."""
_UNKNOWN = Phrase(
    State.UNKNOWN,
    (_("Unknown: %(check)s"), _("Unknown: the checks gave no answer.")),
    (),
    (_("%(check_remedy)s"), _LIST),
    "show_checks",
)

EDGE = {
    **CHECK_RULES,
    "checks_pass": Phrase(
        State.OK, (_("Nothing in the zone in front of the store stands in the way of %(hub)s."),)
    ),
    "checks_unknown": _UNKNOWN,
    "zone_fails": Phrase(
        State.FAIL,
        (
            _("Settings of %(shared)s disturb the hubs of several shops, or might."),
            _("Settings of one zone disturb the hubs of several shops, or might."),
        ),
        (_("%(shops)s so far."), _("%(check)s"), _("%(other_checks)s")),
        (_("%(check_remedy)s"), _LIST),
        "show_checks",
    ),
    "might_stop_hub": Phrase(
        State.WARN,
        (_("%(check)s"), _("A setting of the zone might stop %(hub)s.")),
        (_("%(Hub)s still gets through, so this is a warning only."), _("%(other_checks)s")),
        (_("%(check_remedy)s"), _LIST),
        "show_checks",
    ),
    "not_connected": Phrase(
        State.UNKNOWN,
        (_("No zone is connected, so what stands in front of the store is not looked at."),),
        (),
        (_("If the shop is behind Cloudflare, connect its zone with a token that can only read."),),
        "connect_edge",
    ),
    "not_checked_yet": Phrase(State.UNKNOWN, (_("Unknown: the zone has not been looked at yet."),)),
    "not_read_yet": Phrase(State.UNKNOWN, (_("Unknown: the zone has not been looked at yet."),)),
}

WEBHOOKS = {
    **CHECK_RULES,
    "checks_pass": Phrase(State.OK, (_("The store's webhooks are switched on."),)),
    "checks_unknown": _UNKNOWN,
    "no_webhooks": Phrase(
        State.UNKNOWN,
        (_("This shop has no webhooks that could be looked at; orders are read all the same."),),
    ),
    "not_read_yet": Phrase(State.UNKNOWN, (_("Unknown: the store's webhooks have not been read yet."),)),
}
