"""What is said about tracking numbers reaching the store."""

from django.utils.translation import gettext_noop as _

from monitor.health.states import State
from monitor.wording.phrase import Phrase

_READING_FAILED = (_("%(message)s"), _("It was last read at %(last_ok)s."))
_WHY = (
    _("%(reason)s"),
    _("%(Hub)s was answered %(status)s to %(method)s, last at %(last_failure)s."),
    _("%(detail)s"),
    _("Numbers should be there within %(tracking_tolerance)s."),
)
_WRITE = _("Write the missing numbers to the store from here: it adds only what is missing.")

TRACKING = {
    "reaches": Phrase(State.OK, (_("Every tracking number has reached its order in the store."),)),
    "within_tolerance": Phrase(
        State.OK,
        (_("%(missing)s on the way to the store, none for too long."), _("Numbers arrive in time.")),
    ),
    "feedback_off": Phrase(
        State.OK, (_("%(Hub)s is set to write no tracking numbers to this store, so none is missed."),)
    ),
    "stopped": Phrase(
        State.FAIL,
        (
            _("Tracking numbers no longer reach the store: %(late_tracking)s, the oldest since %(due)s."),
            _("Tracking numbers no longer reach the store."),
        ),
        _WHY,
        (
            _("Look at the failed calls of %(hub)s below: they say who refuses to be written to."),
            _WRITE,
        ),
        "show_tracking",
    ),
    "missing": Phrase(
        State.WARN,
        (
            _("%(late_tracking)s did not reach the store, the oldest since %(due)s; others did."),
            _("Some tracking numbers did not reach the store."),
        ),
        _WHY,
        (_WRITE,),
        "show_tracking",
    ),
    "feedback_unknown": Phrase(
        State.UNKNOWN,
        (
            _(
                "Unknown: no tracking number has reached the store, and %(hub)s does not tell whether it is "
                "set to write any."
            ),
        ),
        (),
        (_("Look at the feedback setting of the integration at %(hub)s."),),
    ),
    "not_watched": Phrase(
        State.UNKNOWN, (_("Tracking numbers are not watched: %(hub)s or this shop tells nothing of them."),)
    ),
    "hub_unreadable": Phrase(
        State.UNKNOWN,
        (_("It is unknown whether tracking numbers are missing: the parcels of %(hub)s cannot be read."),),
        _READING_FAILED,
        (_("Test the connection of the account."),),
        "test_connection",
    ),
    "store_unreadable": Phrase(
        State.UNKNOWN,
        (_("It is unknown whether tracking numbers arrived: the store's orders cannot be read."),),
        _READING_FAILED,
        (_("Test the connection of the store."),),
        "test_connection",
    ),
    "not_read_yet": Phrase(State.UNKNOWN, (_("Unknown: parcels have not been read yet."),)),
}

REASONS = {
    "no_order": _("The store does not have these orders any more."),
    "not_shipped": _("The store's orders are not marked as shipped at all."),
    "other_number": _("The store's orders carry other numbers."),
    "no_number": _("The store's orders carry no number."),
}
"""What looking into the store found."""
