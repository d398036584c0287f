"""What is said about getting in: is the store reachable for the hub?"""

from django.utils.translation import gettext_noop as _

from monitor.health.states import State
from monitor.wording.phrase import Phrase

_ANSWER = _("Answer to %(method)s: %(status)s.")
_DETAIL = _("%(detail)s")
_LAST_OK = _("It last answered properly at %(last_ok)s.")
_LAST_FAILURE = _("%(failures)s, the newest at %(last_failure)s.")
_ALLOW = _("Ask whoever runs the shop's server or firewall to let %(hub)s pass.")
_SEE_THE_CHANGE = _("Make the change that Syncwatch shows; it opens the shop's interface only.")
_REFRESH_AFTER = _("Then force a refresh: %(hub)s may stay slow after being refused.")
_ASK_HOST_OF_ALL = _("Tell whoever hosts these shops.")
_REFRESH_AFTER_ALL = _("When it answers again, force a refresh where orders do not move.")
_IS_UP = _("Open the shop in a browser: is it down for everybody?")
_ASK_HOST = _("If so, tell whoever hosts the shop.")
_INFERRED = _("We get in from here, so it is probably the address that %(hub)s comes from.")

_US = {
    "passes": Phrase(State.OK, (_("The store lets %(hub)s in."),), (_("Tried as %(passing)s."),)),
    "only_we_are_shut_out": Phrase(
        State.UNKNOWN,
        (_("The store does not let Syncwatch in, but %(hub)s still fetches: it is about us."),),
        (_DETAIL, _LAST_OK),
        (_("Ask whoever runs the shop's firewall to let Syncwatch pass."),),
        "test_connection",
    ),
    "own_network": Phrase(
        State.UNKNOWN,
        (_("Unknown: nobody answers us, so it is probably Syncwatch's own network."),),
        (_("Nobody has answered since %(lost)s."), _LAST_OK),
        (_("Check the network of the machine on which Syncwatch runs."),),
    ),
    "rate_limited": Phrase(
        State.UNKNOWN,
        (_("Unknown: the store asks us for patience, so it cannot be read just now."),),
        (_DETAIL, _LAST_OK),
    ),
    "unexpected_answer": Phrase(
        State.UNKNOWN,
        (_("Unknown: the store answers with something that is no shop's answer."),),
        (_DETAIL, _LAST_OK),
        (_("Test the connection: it shows what came back."),),
        "test_connection",
    ),
    "address_refused": Phrase(
        State.UNKNOWN,
        (_("Unknown: the store's address lies in a private network that Syncwatch may not enter."),),
        (_DETAIL,),
        (_("Correct the address, or allow that network in SYNCWATCH_ALLOWED_NETWORKS."),),
    ),
    "our_mistake": Phrase(
        State.UNKNOWN,
        (_("Unknown: Syncwatch asked the store wrongly. This is a bug of Syncwatch."),),
        (_DETAIL,),
        (_("Report it with the failed call below."),),
        "show_failures",
    ),
    "store_unreadable": Phrase(
        State.UNKNOWN, (_("Unknown: the store has not been read lately."),), (_LAST_OK,)
    ),
    "not_read_yet": Phrase(State.UNKNOWN, (_("Unknown: the store has not been asked yet."),)),
}

_BLOCKED = {
    "blocked_user_agent": Phrase(
        State.FAIL,
        (
            _("%(By)s refuses %(hub)s by its User-Agent %(agents)s; other visitors pass."),
            _("%(By)s refuses %(hub)s by its User-Agent; other visitors pass."),
        ),
        (_ANSWER, _DETAIL, _("%(passing)s still passes.")),
        (
            _SEE_THE_CHANGE,
            _REFRESH_AFTER,
        ),
        "show_fix",
    ),
    "some_user_agents_blocked": Phrase(
        State.WARN,
        (
            _("%(By)s refuses %(agents)s but lets %(passing)s pass."),
            _("%(By)s refuses one of the User-Agents of %(hub)s."),
        ),
        (_ANSWER, _DETAIL, _("Both belong to %(hub)s; rules often mind upper and lower case.")),
        (_("Let all User-Agents of %(hub)s pass in the settings of %(by_whom)s."),),
        "show_fix",
    ),
    "blocked": Phrase(
        State.FAIL,
        (_("%(By)s refuses every call to the shop's interface, whoever makes it."),),
        (_ANSWER, _DETAIL, _LAST_OK),
        (_ALLOW, _("Let Syncwatch pass too."), _REFRESH_AFTER),
        "show_fix",
    ),
    "blocked_for_hub": Phrase(
        State.FAIL,
        (_("%(By)s refuses %(hub)s, while we get in."),),
        (_("It answered %(status)s to %(method)s."), _DETAIL, _LAST_FAILURE),
        (
            _("Let the User-Agents and addresses of %(hub)s pass in the settings of %(by_whom)s."),
            _REFRESH_AFTER,
        ),
        "show_failures",
    ),
    "hub_address_blocked": Phrase(
        State.FAIL,
        (_("%(By)s refuses %(hub)s, probably by its address: the same call from here passes."),),
        (_("It answered %(status)s to %(method)s."), _DETAIL, _LAST_FAILURE),
        (_("Let the addresses of %(hub)s pass in the settings of %(by_whom)s."), _REFRESH_AFTER),
        "show_fix",
    ),
    "method_blocked": Phrase(
        State.FAIL,
        (_("%(By)s refuses the %(method)s calls of %(hub)s; reading passes."),),
        (
            _("%(late_tracking)s did not reach the store, the oldest since %(due)s."),
            _("It answered %(status)s to %(method)s."),
            _DETAIL,
            _LAST_FAILURE,
        ),
        (
            _SEE_THE_CHANGE,
            _("Write the %(late_tracking)s to the store from here: it adds only what is missing."),
        ),
        "show_fix",
    ),
}

_EXAMINED = {
    "writes_blocked": Phrase(
        State.WARN,
        (_("%(By)s refuses %(method)s: reading passes, but %(hub)s cannot write tracking numbers."),),
        (_("It answered %(status)s to %(method)s."), _("Rule %(rule_id)s refused it."), _DETAIL),
        (
            _SEE_THE_CHANGE,
            _("Then press Examine now."),
        ),
        "show_fix",
    ),
    "certificate_expires": Phrase(
        State.WARN,
        (
            _("The shop's certificate ends %(expires)s; after that no order arrives."),
            _("The shop's certificate ends soon; after that no order arrives."),
        ),
        (_LAST_OK,),
        (_("Renew it now; if it should have renewed itself, find out why it did not."),),
        "show_fix",
    ),
}

_SHARED = {
    "host_fails": Phrase(
        State.FAIL,
        (
            _("Several shops on %(shared)s fail together: it is the server, or what stands in front of it."),
            _("Several shops of one server fail together."),
        ),
        (_("%(shops)s so far."), _DETAIL),
        (_ASK_HOST_OF_ALL, _REFRESH_AFTER_ALL),
    ),
}

_DOWN = {
    "maintenance": Phrase(
        State.WARN,
        (_("The shop is closed for maintenance."),),
        (_DETAIL, _LAST_OK),
        (_("Wait until it is over."), _("If orders do not move afterwards, force a refresh.")),
    ),
    "maintenance_long": Phrase(
        State.FAIL,
        (_("The shop has been closed for maintenance for more than an hour."),),
        (_DETAIL, _LAST_OK),
        (
            _("Ask whoever runs the shop whether it is meant to be: an update can get stuck."),
            _("Afterwards force a refresh: %(hub)s often stays slow."),
        ),
    ),
    "no_answer": Phrase(
        State.FAIL, (_("The shop does not answer."),), (_DETAIL, _LAST_OK), (_IS_UP, _ASK_HOST)
    ),
    "name_not_found": Phrase(
        State.FAIL,
        (_("The shop's host name is not known any more."),),
        (_DETAIL, _LAST_OK),
        (_("Check the address for a typing mistake."), _("Check that the domain has not expired.")),
    ),
    "connection_failed": Phrase(
        State.FAIL,
        (_("The shop's server does not take connections."),),
        (_DETAIL, _LAST_OK),
        (_IS_UP, _ASK_HOST),
    ),
    "tls_failed": Phrase(
        State.FAIL,
        (_("The shop's certificate is not accepted."),),
        (_DETAIL, _LAST_OK),
        (_("Renew the certificate, with its whole chain, for exactly this host name."), _REFRESH_AFTER),
    ),
    "timed_out": Phrase(
        State.FAIL,
        (_("The shop takes too long to answer."),),
        (_DETAIL, _LAST_OK),
        (_IS_UP, _("If it is only slow, ask the host about its load and its firewall.")),
    ),
    "server_fault": Phrase(
        State.FAIL,
        (_("The shop's application fails."),),
        (_ANSWER, _DETAIL, _LAST_OK),
        (_("Look at the shop's error log, first at what was installed or updated last."), _ASK_HOST),
        "show_failures",
    ),
    "shop_closed": Phrase(
        State.FAIL,
        (_("The platform has closed or frozen this shop."),),
        (_DETAIL, _LAST_OK),
        (_("Ask the shop's owner: usually a bill is unpaid or the plan has ended."),),
    ),
    "redirected": Phrase(
        State.WARN,
        (_("The shop's interface sends us somewhere else: it may have moved."),),
        (_ANSWER, _DETAIL),
        (_("Check the shop's address here and at %(hub)s."),),
        "test_connection",
    ),
}

_HUB_ONLY = {
    "hub_gets_no_answer": Phrase(
        State.FAIL,
        (_("The shop does not answer %(hub)s, while it answers us."),),
        (_DETAIL, _LAST_FAILURE, _INFERRED),
        (
            _("Let the addresses of %(hub)s pass in the firewall."),
            _("Check the certificate's chain."),
            _REFRESH_AFTER,
        ),
        "show_failures",
    ),
    "hub_meets_fault": Phrase(
        State.FAIL,
        (_("The shop's application fails when %(hub)s calls it."),),
        (_("It answered %(status)s to %(method)s."), _DETAIL, _LAST_FAILURE),
        (_("Look at the shop's error log at those times."), _REFRESH_AFTER),
        "show_failures",
    ),
    "hub_meets_maintenance": Phrase(
        State.WARN,
        (_("%(Hub)s still met the shop's maintenance page; we get in by now."),),
        (_LAST_FAILURE,),
        (_("If orders do not move soon, force a refresh."),),
        "force_refresh",
    ),
    "hub_rate_limited": Phrase(
        State.WARN,
        (_("The shop slows %(hub)s down: too many calls in a short time."),),
        (_("It answered %(status)s to %(method)s."), _DETAIL, _LAST_FAILURE),
        (_("Raise the limit for %(hub)s in the settings of %(by_whom)s."),),
        "show_failures",
    ),
    "hub_redirected": Phrase(
        State.WARN,
        (_("The shop sends %(hub)s somewhere else: it may have moved."),),
        (_DETAIL, _LAST_FAILURE),
        (_("Check the shop's address at %(hub)s."),),
        "show_failures",
    ),
}

ACCESS = {**_US, **_BLOCKED, **_EXAMINED, **_SHARED, **_DOWN, **_HUB_ONLY}
