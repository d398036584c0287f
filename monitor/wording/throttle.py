"""What is said about how often the hub fetches."""

from django.utils.translation import gettext_noop as _

from monitor.health.states import State
from monitor.wording.phrase import Phrase

_LAST_FETCH = _("It last fetched at %(fetched)s; every %(rhythm)s is usual.")

THROTTLE = {
    "in_rhythm": Phrase(State.OK, (_("%(Hub)s fetches in its usual rhythm."),), (_LAST_FETCH,)),
    "nothing_to_fetch": Phrase(
        State.OK,
        (_("%(Hub)s has not fetched for a while, but there was no new order to fetch either."),),
        (_LAST_FETCH,),
    ),
    "not_overdue": Phrase(
        State.OK,
        (_("A new order has come only lately: %(hub)s still has time to fetch it."),),
        (_LAST_FETCH,),
    ),
    "orders_arrive_otherwise": Phrase(
        State.OK, (_("New orders reach %(hub)s without a fetch: the store announces them."),), (_LAST_FETCH,)
    ),
    "not_applicable": Phrase(
        State.OK, (_("Does not apply: orders are sent to this integration, %(hub)s fetches nothing."),)
    ),
    "throttled": Phrase(
        State.FAIL,
        (
            _("%(Hub)s seems to throttle this shop: no fetch since %(fetched)s, usual is every %(rhythm)s."),
            _("%(Hub)s seems to throttle this shop."),
        ),
        (
            _("The store answers well."),
            _("%(waiting)s, the oldest since %(oldest)s."),
            _("%(Hub)s does not say so itself: this is suspected from its rhythm."),
        ),
        (
            _("Force a refresh: %(hub)s stays slowed after a maintenance until somebody does."),
            _("Watch that the waiting orders arrive."),
        ),
        "force_refresh",
    ),
    "hub_failing": Phrase(
        State.UNKNOWN,
        (_("Whether it is throttled cannot be told while %(hub)s fails to fetch."),),
        (_("It has been failing since %(failing)s."),),
    ),
    "store_not_accessible": Phrase(
        State.UNKNOWN,
        (_("Whether it is throttled cannot be told while the store does not let %(hub)s in."),),
        (_LAST_FETCH,),
    ),
    "store_unreadable": Phrase(
        State.UNKNOWN,
        (_("Whether it is throttled cannot be told: the store's new orders cannot be read."),),
        (_LAST_FETCH,),
    ),
    "hub_unreadable": Phrase(
        State.UNKNOWN, (_("Whether it is throttled cannot be told: %(hub)s cannot be read."),)
    ),
    "not_listed": Phrase(
        State.UNKNOWN, (_("Nothing can be said of its rhythm: %(hub)s no longer lists this integration."),)
    ),
    "no_fetch_time": Phrase(
        State.UNKNOWN,
        (_("%(Hub)s does not say when it last fetched. Late orders are noticed all the same."),),
    ),
    "not_read_yet": Phrase(State.UNKNOWN, (_("Unknown: nothing has been read yet."),)),
}
