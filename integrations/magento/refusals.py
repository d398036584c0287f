"""What Magento's refusals of a request with credentials mean, and what to do about each.

Observed on Magento Open Source 2.4.7. One of them has many causes: "The consumer isn't authorized to access
%resources." comes for a missing right, but also when no valid credential was seen at all. See
:func:`explain`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations import errors
from integrations.access.classify import Classification, json_document
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.http import Auth, RemoteClient
from integrations.magento.recognition import is_refusal
from integrations.magento.signing import signed, signed_by_nobody
from integrations.redaction import redact_text

if TYPE_CHECKING:
    from integrations.magento.adapter import MagentoStore

VIEW = "Magento_Sales::actions_view"
SHIPMENT = "Magento_Sales::shipment"
SHIP = "Magento_Sales::ship"
RIGHTS = {
    VIEW: "Sales > Operations > Orders > Actions > View",
    SHIPMENT: "Sales > Operations > Shipments",
    SHIP: "Sales > Operations > Orders > Actions > Ship",
    "Magento_Backend::store": "Stores > Settings > All Stores",
}
"""Where a right stands in the admin's list of API resources."""
GRANT = _noop(
    "In the Magento admin open System > Extensions > Integrations, edit the integration, tick "
    "%(right)s under API and save."
)
_ENTER_AGAIN = _noop(
    "In the Magento admin open System > Extensions > Integrations, and enter all four values of the "
    "integration again."
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: when it applies, the error it is, and the words for it."""

    status: int
    message: str
    """Part of Magento's message, in lower case."""
    error: type[errors.RemoteError]
    sentence: str
    remedy: str


REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        401, "signature is invalid", errors.CredentialsRefused,
        _noop("The signature does not match: a secret is wrong, or Magento thinks it is at another address."),
        _noop(
            "Enter all four values again, and the address exactly as in Stores > Configuration > Web > Base "
            "URLs. If a proxy in front changes the address, choose Bearer as the sign-in."
        ),
    ),
    Refusal(
        401, "nonce", errors.RemoteFault,
        _noop("The shop saw the same signed request twice; something in between repeats requests."),
        _noop("Exempt the API path from caches and retrying proxies."),
    ),
    Refusal(
        401, "consumer", errors.CredentialsRefused,
        _noop("The shop does not know this consumer key: the integration was deleted, or is another shop's."),
        _ENTER_AGAIN,
    ),
    Refusal(
        401, "token", errors.CredentialsRefused,
        _noop("The shop does not know this access token: the integration was authorized anew or revoked."),
        _ENTER_AGAIN,
    ),
    Refusal(
        401, "timestamp", errors.CredentialsRefused,
        _noop("The shop does not accept the time of our request: its clock and ours differ."),
        _noop("Set the clock of the shop's server by NTP."),
    ),
    Refusal(
        400, "signature method", errors.CredentialsRefused,
        _noop("This Magento does not know signatures with HMAC-SHA256: it is older than 2.3."),
        _noop("Update Magento, or choose Bearer as the sign-in."),
    ),
    Refusal(
        400, "pagesize", errors.OurMistake,
        _noop("The shop allows fewer orders per request than we asked for."),
        _noop("Lower the orders per request in the store's settings."),
    ),
    Refusal(
        400, "specified request cannot be processed", errors.RemoteFault,
        _noop("Magento answers, but does not know this API path: it may name a store view that is gone."),
        _noop("Set the API path to rest/V1 in the store's settings."),
    ),
    Refusal(
        404, "does not match any route", errors.RemoteFault,
        _noop("Magento answers, but does not offer this call."),
        _noop("Set the API path to rest/V1, and see that no module of Magento Sales is switched off."),
    ),
    Refusal(400, "", errors.OurMistake, _noop("Magento did not understand the question."), ""),
)  # fmt: skip


def refused_right(answer: Answer) -> str | None:
    """The right that Magento's refusal names; empty when it names none, ``None`` for any other answer."""
    document = json_document(answer) if answer.status == 401 and answer.looks_like_json else None
    if not isinstance(document, dict) or not isinstance(document.get("message"), str):
        return None
    parameters = document.get("parameters")
    named = parameters.get("resources") if isinstance(parameters, dict) else None
    # Messages may be translated: the placeholder and the parameter are not.
    if named is None and "%resources" not in document["message"] and "uthorized" not in document["message"]:
        return None
    return str(named)[:80] if named else ""


def message_of(answer: Answer) -> str:
    """Magento's own message, in one line; empty when it sent none."""
    document = json_document(answer) if answer.looks_like_json else None
    message = document.get("message") if isinstance(document, dict) else None
    return redact_text(" ".join(message.split())[:200]) if isinstance(message, str) else ""


async def explain(store: MagentoStore, answer: Answer, *, now: datetime) -> errors.RemoteError:
    """The error a failed answer stands for; where it says too little, harmless questions settle it.

    The questions: is the same credential accepted elsewhere, is it accepted as a signature (then Bearer is
    switched off), and does Magento see the Authorization header at all?
    """
    right = refused_right(answer)
    if right is None:
        return error_of_refusal(store.http, answer)
    if right != VIEW and refused_right(await _try(store, store.auth(now), now)) is None:
        return _right_missing(store.http, answer, right)
    if store.settings.auth == "bearer":
        again = await _try(store, signed(store.credentials, now=store.moment(now)), now)
        if refused_right(again) is None:
            if again.status == 401:
                return error_of_refusal(store.http, again)
            return _refused(
                store.http,
                answer,
                _("The shop does not accept its access tokens as Bearer."),
                _(
                    "Choose OAuth as the sign-in, or allow it in the Magento admin: Stores > Configuration > "
                    "Services > OAuth > Consumer Settings > Allow OAuth Access Tokens to be used as "
                    "standalone Bearer tokens."
                ),
            )
    if refused_right(await _try(store, signed_by_nobody(now=store.moment(now)), now)) is None:
        return _right_missing(store.http, answer, right)
    return _refused(
        store.http,
        answer,
        _("The shop saw no credentials: its server drops the Authorization header."),
        _("Let the web server, and any proxy in front of it, hand the Authorization header to PHP."),
    )


async def _try(store: MagentoStore, auth: Auth, now: datetime) -> Answer:
    params = {"searchCriteria[pageSize]": "1", "fields": "total_count"}
    return await store.http.request(
        "GET", f"{store.root}/orders", now=now, params=params, auth=auth, keep=False
    )


def _right_missing(http: RemoteClient, answer: Answer, right: str) -> errors.RemoteError:
    named = RIGHTS.get(right, right or "Sales")
    sentence = _("The integration is good, but lacks the right %(right)s.") % {"right": named}
    call = http.note(answer, Classification(Outcome.REFUSED, "Magento", sentence))
    return errors.RightMissing(sentence, call=call, remedy=_(GRANT) % {"right": named})


def _refused(http: RemoteClient, answer: Answer, sentence: str, remedy: str) -> errors.RemoteError:
    call = http.note(answer, Classification(Outcome.REFUSED, "Magento", sentence))
    return errors.CredentialsRefused(sentence, call=call, remedy=remedy)


def error_of_refusal(http: RemoteClient, answer: Answer) -> errors.RemoteError:
    """The error a failed answer stands for, as far as it tells itself."""
    document = json_document(answer) if answer.looks_like_json else None
    if is_refusal(answer, document):
        return _said_by_magento(http, answer, message_of(answer))
    if answer.status == 404 and not answer.looks_like_json:
        sentence = _("There is no Magento API at this address.")
        call = http.note(answer, Classification(Outcome.FAULT, http.classify(answer).by, sentence))
        remedy = _("Check the address and the API path; it may need index.php/rest/V1.")
        return errors.RemoteFault(sentence, call=call, remedy=remedy)
    return http.error(answer)


def _said_by_magento(http: RemoteClient, answer: Answer, message: str) -> errors.RemoteError:
    for refusal in REFUSALS:
        if refusal.status == answer.status and refusal.message in message.lower():
            sentence = _(refusal.sentence)
            outcome = Outcome.PASSED
            if issubclass(refusal.error, errors.CredentialsRefused):
                outcome = Outcome.REFUSED
            elif refusal.error is errors.RemoteFault:
                outcome = Outcome.FAULT
            call = http.note(answer, Classification(outcome, "Magento", sentence))
            return refusal.error(sentence, call=call, remedy=_(refusal.remedy) if refusal.remedy else "")
    if answer.status in (401, 403):
        return _refused(http, answer, _("The shop refused the credentials."), _(_ENTER_AGAIN))
    if answer.status >= 500:
        sentence = _("Magento failed and wrote why into its log: %(message)s") % {"message": message}
        found = Classification(Outcome.FAULT, "Magento", sentence)
        remedy = _("Look for the report's id in var/log of the shop.")
        return errors.RemoteFault(sentence, call=http.note(answer, found), remedy=remedy)
    if answer.status == 429:
        return http.error(answer, Classification(Outcome.RATE_LIMITED, "Magento", message))
    sentence = _("Magento refused the request: %(message)s") % {"message": message}
    call = http.note(answer, Classification(Outcome.UNEXPECTED, "Magento", sentence))
    return errors.UnexpectedAnswer(sentence, call=call)
