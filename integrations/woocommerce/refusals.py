"""What WooCommerce's refusals of a signed request mean, and what to do about each.

Observed on WooCommerce 7.9 to 11.0 with WordPress 6.3 to 7.1.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations import errors
from integrations.access.classify import Classification, json_document
from integrations.access.wordpress import is_refusal
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.http import RemoteClient


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: when it applies, the error it is, and the words for it."""

    status: int
    code: str
    """Beginning of WooCommerce's error code."""
    message: str
    """Part of its message, in lower case; empty: any."""
    error: type[errors.RemoteError]
    sentence: str
    remedy: str


_AUTHENTICATION = "woocommerce_rest_authentication_error"
REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        401, _AUTHENTICATION, "consumer secret is invalid", errors.CredentialsRefused,
        _noop("The shop knows the consumer key, but the consumer secret is wrong."),
        _noop("Make a new REST key in WooCommerce and enter both its parts."),
    ),
    Refusal(
        401, _AUTHENTICATION, "does not have read", errors.RightMissing,
        _noop("The key may only write; reading orders needs Read."),
        _noop("In WooCommerce > Settings > Advanced > REST API set the key to Read or Read/Write."),
    ),
    Refusal(
        401, _AUTHENTICATION, "does not have write", errors.RightMissing,
        _noop("The key may only read; this needs Read/Write."),
        _noop("Set the key's permission to Read/Write in WooCommerce > Settings > Advanced > REST API."),
    ),
    Refusal(
        401, _AUTHENTICATION, "invalid signature", errors.CredentialsRefused,
        _noop(
            "The signature does not match: the consumer secret is wrong, or WordPress thinks it is at "
            "another address."
        ),
        _noop("Compare the address with that in WordPress > Settings > General, and enter the key again."),
    ),
    Refusal(
        401, _AUTHENTICATION, "consumer key is invalid", errors.CredentialsRefused,
        _noop("The shop does not know this consumer key: it was deleted, or belongs to another shop."),
        _noop("Make a new REST key in WooCommerce and enter both its parts."),
    ),
    Refusal(
        401, _AUTHENTICATION, "timestamp", errors.CredentialsRefused,
        _noop("The clock of the shop and ours differ by more than 15 minutes."),
        _noop("Set the clock of the shop's server, or use https, which needs no clock."),
    ),
    Refusal(
        401, _AUTHENTICATION, "nonce", errors.RemoteFault,
        _noop("The shop saw the same signed request twice; something in between repeats requests."),
        _noop("Exempt the API path from caches and retrying proxies."),
    ),
    Refusal(
        401, _AUTHENTICATION, "", errors.CredentialsRefused,
        _noop("The shop refused the key."),
        _noop("Make a new REST key in WooCommerce and enter both its parts."),
    ),
    Refusal(
        401, "woocommerce_rest_cannot_", "", errors.CredentialsRefused,
        _noop("The shop saw no valid key: it was deleted, or the server drops the Authorization header."),
        _noop(
            "See whether the key still exists in WooCommerce > Settings > Advanced > REST API. If it does, "
            "let the web server hand the Authorization header to PHP, and let WordPress know that it is "
            "behind https."
        ),
    ),
    Refusal(
        403, "woocommerce_rest_cannot_view", "", errors.RightMissing,
        _noop("The key is good, but its user lacks the right to see this."),
        _noop("Give the user of the key the role Shop manager."),
    ),
    Refusal(
        403, "woocommerce_rest_cannot_", "", errors.RightMissing,
        _noop("The key is good, but its user lacks the right to change this."),
        _noop("Give the user of the key the role Shop manager."),
    ),
    Refusal(
        404, "rest_no_route", "", errors.RemoteFault,
        _noop("WordPress answers, but WooCommerce's API is not there: the plug-in is off or very old."),
        _noop("Activate WooCommerce, or update it."),
    ),
    Refusal(
        400, "rest_invalid_param", "", errors.OurMistake,
        _noop("WooCommerce did not understand the question."),
        "",
    ),
)  # fmt: skip


def error_of_refusal(http: RemoteClient, answer: Answer) -> errors.RemoteError:
    """The error a failed answer to a signed request stands for."""
    document = json_document(answer) if answer.looks_like_json else None
    if isinstance(document, dict) and document.get("code") != "wp_die" and is_refusal(answer, document):
        return _said_by_wordpress(http, answer, str(document["code"]), str(document.get("message", "")))
    if answer.status == 404 and not answer.looks_like_json:
        sentence = _("There is no WordPress API at this address: only the web server answered.")
        found = Classification(Outcome.FAULT, http.classify(answer).by, sentence)
        return errors.RemoteFault(
            sentence,
            call=http.note(answer, found),
            remedy=_(
                "In WordPress > Settings > Permalinks choose anything but Plain and save; check the address."
            ),
        )
    return http.error(answer)


def _said_by_wordpress(http: RemoteClient, answer: Answer, code: str, message: str) -> errors.RemoteError:
    for refusal in REFUSALS:
        if (
            refusal.status == answer.status
            and code.startswith(refusal.code)
            and refusal.message in message.lower()
        ):
            sentence = _(refusal.sentence)
            outcome = (
                Outcome.REFUSED if issubclass(refusal.error, errors.CredentialsRefused) else Outcome.PASSED
            )
            if refusal.error is errors.RemoteFault:
                outcome = Outcome.FAULT
            call = http.note(answer, Classification(outcome, "WooCommerce", sentence))
            return refusal.error(sentence, call=call, remedy=_(refusal.remedy) if refusal.remedy else "")
    if answer.status in (401, 403):
        sentence = _("A plug-in of the shop closes its REST API (%(code)s).") % {"code": code[:60]}
        call = http.note(answer, Classification(Outcome.REFUSED, "WordPress", sentence))
        remedy = _("Allow WooCommerce's API (wc/v3) in the shop's security plug-in.")
        return errors.RightMissing(sentence, call=call, remedy=remedy)
    return http.error(answer)
