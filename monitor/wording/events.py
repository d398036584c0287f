"""What is said about events arriving in a marketing hub."""

from django.utils.translation import gettext_noop as _

from monitor.health.states import State
from monitor.wording.checked import CHECK_RULES
from monitor.wording.phrase import Phrase

_READING_FAILED = (_("%(message)s"), _("It was last read at %(last_ok)s."))
_COUNTS = _("%(events)s for %(event_orders)s in the last %(hours)s.")
_USUAL = _("%(usual_share)s of the orders usually bring one.")
_LOOK = _("In %(hub)s, open the page of the Shopify integration: is it still connected, is the event ticked?")

EVENTS = {
    **CHECK_RULES,
    "flows": Phrase(State.OK, (_("The shop's orders arrive in %(hub)s as events."),), (_COUNTS, _USUAL)),
    "events_stopped": Phrase(
        State.FAIL,
        (
            _("%(Hub)s has counted no event since %(silent_since)s, although the shop sold."),
            _("%(Hub)s counts no events any more, although the shop sells."),
        ),
        (_COUNTS,),
        (_LOOK, _("Reconnect it there: no public call can do that.")),
    ),
    "events_short": Phrase(
        State.WARN,
        (_("Fewer events than usual arrive in %(hub)s for the shop's orders."),),
        (_COUNTS, _USUAL),
        (
            _LOOK,
            _("Compare which sales channels have orders without an event."),
        ),
    ),
    "two_workspaces": Phrase(
        State.FAIL,
        (_("This store is connected to more than one workspace of %(hub)s; one is all it may have."),),
        (),
        (_("Disconnect it in the workspaces where it does not belong."),),
    ),
    "several_stores": Phrase(
        State.WARN,
        (_("More than one store is connected to this workspace of %(hub)s."),),
        (_("Its counts can only be compared with all of them together."),),
        (_("Allow it in the account's settings, or give each store a workspace."),),
    ),
    "learning": Phrase(
        State.UNKNOWN,
        (_("Unknown for now: two weeks are needed to learn how many events are usual."),),
        (_COUNTS,),
    ),
    "few_orders": Phrase(
        State.UNKNOWN,
        (_("Unknown: the shop has too few orders to tell whether events are missing."),),
        (_COUNTS,),
    ),
    "no_figures": Phrase(
        State.UNKNOWN,
        (_("Unknown: %(hub)s counts none of the events that are looked for."),),
        (),
        (_("Check the names of the events in the account's settings."),),
    ),
    "store_unreadable": Phrase(
        State.UNKNOWN,
        (_("It is unknown whether events are missing: the store's orders cannot be read."),),
        (),
        (_("Test the connection of the store."),),
        "test_connection",
    ),
    "hub_unreadable": Phrase(
        State.UNKNOWN,
        (_("It is unknown whether events arrive: %(hub)s cannot be read."),),
        _READING_FAILED,
        (_("Test the connection of the account."),),
        "test_connection",
    ),
    "not_read_yet": Phrase(State.UNKNOWN, (_("Unknown: %(hub)s has not been asked yet."),)),
}
