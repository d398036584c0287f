"""What the webservice's refusals mean, and what to do about each.

Codes as observed on PrestaShop 8.2.1 and read in the sources of 1.7.3 to 9.0.3. A status alone says little:
the same mistake is 400 on a shop that shows PHP warnings and 500 on one that hides them.
"""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations import errors
from integrations.access.classify import Classification
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.http import RemoteClient
from integrations.prestashop.recognition import (
    BY,
    SWITCHED_OFF,
    Said,
    asked_for_a_key,
    errors_of,
    is_webservice,
    quotable,
)

INVALID_VALUE = 85
METHOD_MISSING = 25
NEW_KEY = _noop("Copy the key again from Advanced Parameters > Webservice, and see that it is enabled there.")
TICK = _noop(
    "In Advanced Parameters > Webservice open the key and tick %(method)s for %(resource)s, then save."
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error code: the error it is, and the words for it."""

    code: int
    error: type[errors.RemoteError]
    sentence: str
    remedy: str = ""


REFUSALS: tuple[Refusal, ...] = (
    Refusal(
        SWITCHED_OFF, errors.ShopClosed,
        _noop("The shop's webservice is switched off."),
        _noop(
            "Switch it on in PrestaShop under Advanced Parameters > Webservice. On PrestaShop 9 also see "
            "that the key is assigned to this shop."
        ),
    ),
    Refusal(
        26, errors.RightMissing, _noop("The key may not use %(resource)s: %(method)s is missing."), TICK
    ),
    Refusal(
        METHOD_MISSING, errors.RightMissing,
        _noop("The key may not %(method)s %(resource)s: that right is missing."), TICK,
    ),
    Refusal(
        132, errors.RightMissing, _noop("The key is not meant for this shop of the multistore."),
        _noop("In Advanced Parameters > Webservice open the key and assign it to this shop."),
    ),
    Refusal(17, errors.CredentialsRefused, _noop("The key is empty."), NEW_KEY),
    Refusal(18, errors.CredentialsRefused, _noop("The key does not have 32 characters."), NEW_KEY),
    Refusal(
        20, errors.CredentialsRefused,
        _noop("The shop does not know this key, or it was switched off there."), NEW_KEY,
    ),
    Refusal(21, errors.RightMissing, _noop("The key is known, but has no right at all."), TICK),
    Refusal(
        INVALID_VALUE, errors.NotPossible, _noop("PrestaShop does not accept this value."),
        _noop("Look whether the tracking number holds unusual characters, or more than 64."),
    ),
    Refusal(
        92, errors.NotPossible, _noop("There is no such entry in the shop any more."),
        _noop("Look the order up in the shop."),
    ),
)  # fmt: skip


def error_of_refusal(http: RemoteClient, answer: Answer, resource: str) -> errors.RemoteError:
    """The error a failed answer to a request with a key stands for. ``resource`` is what was asked for."""
    if asked_for_a_key(answer) and not is_webservice(answer):
        sentence = _("No key reached the shop: its server drops the Authorization header.")
        call = http.note(answer, Classification(Outcome.REFUSED, BY, sentence))
        return errors.CredentialsRefused(
            sentence,
            call=call,
            remedy=_(
                "In Advanced Parameters > Webservice enable the CGI mode for PHP, or let the web server hand "
                "the Authorization header to PHP. See there too that the webservice is enabled."
            ),
        )
    said = errors_of(answer)
    if said:
        return _said(http, answer, said, resource)
    if answer.status == 404 and not is_webservice(answer):
        sentence = _("There is no webservice at this address: only the web server or a page answered.")
        call = http.note(answer, Classification(Outcome.FAULT, http.classify(answer).by, sentence))
        return errors.RemoteFault(
            sentence,
            call=call,
            remedy=_(
                "Check the address. If it is right, let PrestaShop write its .htaccess again (in Shop "
                "Parameters > Traffic & SEO), or add its rule for /api to nginx."
            ),
        )
    return http.error(quotable(answer))


def _said(http: RemoteClient, answer: Answer, said: list[Said], resource: str) -> errors.RemoteError:
    codes = {each.code for each in said}
    words = {"resource": resource, "method": answer.method}
    for refusal in REFUSALS:
        if refusal.code in codes:
            sentence = _(refusal.sentence) % words
            remedy = _(refusal.remedy) % words if refusal.remedy else ""
            call = http.note(quotable(answer), Classification(_outcome(refusal.error), BY, sentence))
            return refusal.error(sentence, call=call, remedy=remedy)
    sentence = _("PrestaShop did not understand the question about %(resource)s (error %(code)d).")
    sentence %= {"resource": resource, "code": said[0].code}
    call = http.note(quotable(answer), Classification(Outcome.UNEXPECTED, BY, sentence))
    return errors.OurMistake(sentence, call=call)


def _outcome(error: type[errors.RemoteError]) -> Outcome:
    if issubclass(error, errors.CredentialsRefused):
        return Outcome.REFUSED
    return Outcome.FAULT if error is errors.ShopClosed else Outcome.PASSED
