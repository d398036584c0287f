"""What is said about orders arriving in the hub."""

from django.utils.translation import gettext_noop as _

from monitor.health.states import State
from monitor.wording.phrase import Phrase

_READING_FAILED = (_("%(message)s"), _("It was last read at %(last_ok)s."))

IMPORTS = {
    "nothing_waiting": Phrase(
        State.OK,
        (_("Every order of the store is in %(hub)s."),),
        (_("The newest arrived at %(arrived)s."),),
    ),
    "within_tolerance": Phrase(
        State.OK,
        (_("%(waiting)s, none for too long."), _("Orders arrive in time.")),
        (_("The oldest has waited for %(oldest_age)s; up to %(tolerance)s is normal."),),
    ),
    "stalled": Phrase(
        State.FAIL,
        (
            _("Orders have stopped arriving in %(hub)s: %(waiting)s, the oldest since %(oldest)s."),
            _("Orders have stopped arriving in %(hub)s."),
        ),
        (
            _("The last order arrived at %(arrived)s."),
            _("%(Hub)s itself reports that it has been failing since %(failing)s."),
            _("%(Hub)s last fetched at %(fetched)s."),
            _("Orders usually arrive within %(tolerance)s."),
        ),
        (
            _("Force a refresh and watch whether orders move."),
            _("If they do not, look at the failed calls below: they say who refuses what."),
        ),
        "force_refresh",
    ),
    "account_stalled": Phrase(
        State.FAIL,
        (
            _("Nothing of %(shared)s arrives in %(hub)s any more: orders of %(shops)s are waiting."),
            _("Nothing of the whole account arrives in %(hub)s any more."),
        ),
        (_("The last order of any of its shops arrived at %(arrived)s."),),
        (
            _("Ask %(hub)s whether it has an outage: its status page often says so first."),
            _("If it has none, look at the account there: is it blocked, or its plan used up?"),
            _("When orders move again, force a refresh where they do not."),
        ),
    ),
    "late": Phrase(
        State.WARN,
        (
            _("Orders arrive in %(hub)s, but late: %(waiting)s, the oldest since %(oldest)s."),
            _("Orders arrive in %(hub)s, but late."),
        ),
        (_("The last one arrived at %(arrived)s; usually they need at most %(tolerance)s."),),
        (_("Force a refresh if the delay grows."), _("Ask %(hub)s whether it works through a queue.")),
        "force_refresh",
    ),
    "gap": Phrase(
        State.WARN,
        (
            _("%(Hub)s has skipped %(late_orders)s, the oldest placed at %(oldest)s; newer ones arrive."),
            _("%(Hub)s has skipped single orders; newer ones arrive."),
        ),
        (_("The newest order arrived at %(arrived)s; usually they need at most %(tolerance)s."),),
        (
            _("Look at the skipped orders: do they share a status that %(hub)s is set to ignore?"),
            _("Add that status in the settings of the integration at %(hub)s, or import the orders by hand."),
        ),
        "show_orders",
    ),
    "hub_failing": Phrase(
        State.WARN,
        (
            _("%(Hub)s has reported since %(failing)s that it cannot fetch orders. None waits too long yet."),
            _("%(Hub)s reports that it cannot fetch orders. None waits too long yet."),
        ),
        (_("It last fetched at %(fetched)s."),),
        (
            _("Look at the failed calls of %(hub)s below."),
            _("Force a refresh once the reason is gone."),
        ),
        "show_failures",
    ),
    "silent": Phrase(
        State.WARN,
        (
            _("Nothing has arrived in %(hub)s since %(arrived)s: too long for chance. This is a guess."),
            _("Nothing arrives in %(hub)s, too long for chance. This is a guess."),
        ),
        (
            _("About %(usual_orders)s would be usual in that time."),
            _("The store itself cannot be read, so nobody knows whether orders wait."),
        ),
        (_("Make the store readable again: the connection test says what is missing."),),
        "test_connection",
    ),
    "not_listed": Phrase(
        State.FAIL,
        (_("%(Hub)s no longer lists this integration: it was disconnected or deleted there."),),
        (_("%(waiting)s."), _("The last order arrived at %(arrived)s.")),
        (
            _("Open the list of integrations at %(hub)s and connect the shop again."),
            _("If it was on purpose, remove the integration here."),
        ),
    ),
    "hub_unreadable": Phrase(
        State.UNKNOWN,
        (_("It is unknown whether orders arrive: %(hub)s cannot be read."),),
        _READING_FAILED,
        (_("Test the connection of the account."),),
        "test_connection",
    ),
    "store_unreadable": Phrase(
        State.UNKNOWN,
        (_("It is unknown whether orders wait: the store cannot be read."),),
        _READING_FAILED,
        (_("Test the connection of the store."),),
        "test_connection",
    ),
    "reading_history": Phrase(
        State.UNKNOWN,
        (_("Unknown for now: the orders of the last two weeks are still being read."),),
        steps=(_("Wait a few minutes."),),
    ),
    "not_read_yet": Phrase(
        State.UNKNOWN,
        (_("Unknown: nothing has been read yet."),),
        steps=(_("Wait a minute."),),
    ),
}
