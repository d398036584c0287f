"""What is said about keys."""

from django.utils.translation import gettext_noop as _

from monitor.health.states import State
from monitor.wording.phrase import Phrase

_LAST_OK = _("It was last accepted at %(last_ok)s.")

CREDENTIALS = {
    "accepted": Phrase(State.OK, (_("The store accepts the key."),)),
    "hub_key_refused": Phrase(
        State.FAIL,
        (_("The store refuses the key of %(hub)s, so no order can be imported."),),
        (
            _("It answered %(status)s to %(hub)s at %(last_failure)s."),
            _("%(detail)s"),
            _("Our own key is refused too: %(message)s"),
        ),
        (
            _("Make a new key in the store, with the rights that %(hub)s asks for."),
            _("Enter it in the settings of the integration at %(hub)s."),
            _("Then force a refresh."),
        ),
        "update_credentials",
    ),
    "store_key_refused": Phrase(
        State.FAIL,
        (_("The store refuses our key: it was deleted or replaced."),),
        (_("%(message)s"), _LAST_OK),
        (
            _("Make a new read-only key in the store."),
            _("Enter it here; the connection test shows at once whether it works."),
            _("Check that %(hub)s does not use the deleted key as well."),
        ),
        "update_credentials",
    ),
    "right_missing": Phrase(
        State.FAIL,
        (_("The store accepts our key, but it may not read orders."),),
        (_("%(message)s"), _LAST_OK),
        (
            _("Give the key the right to read orders, or make a new one that has it."),
            _("Test the connection."),
        ),
        "update_credentials",
    ),
    "account_refused": Phrase(
        State.UNKNOWN,
        (_("%(Hub)s refuses our key, so nothing is known of any integration of this account."),),
        (_("%(message)s"), _LAST_OK),
        (_("Make a new key at %(hub)s."), _("Enter it in the account here.")),
        "update_credentials",
    ),
    "store_unreadable": Phrase(
        State.UNKNOWN,
        (_("Whether the store accepts the key is unknown: it does not answer properly."),),
        (_("%(message)s"),),
    ),
    "not_read_yet": Phrase(State.UNKNOWN, (_("Unknown: the store has not been asked yet."),)),
}
