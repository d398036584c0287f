"""What Shopify's failing answers mean.

HTTP codes: shopify.dev, API response status codes. GraphQL errors come with HTTP 200 and a code in
``errors[].extensions``; on 401 ``errors`` is a text instead of a list.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations import errors
from integrations.access.classify import Classification
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.http import RemoteClient


@dataclass(frozen=True, slots=True)
class _Refusal:
    error: type[errors.RemoteError]
    outcome: Outcome
    sentence: str
    remedy: str = ""
    retry_after: timedelta | None = None


_RIGHT = _Refusal(
    errors.RightMissing, Outcome.REFUSED,
    _noop("The app lacks a right; reading orders needs the scope read_orders."),
    _noop("Add the scope read_orders to the app and approve it in the shop."),
)  # fmt: skip
_PROTECTED = _Refusal(
    errors.RightMissing, Outcome.REFUSED,
    _noop("Shopify has not approved the app for protected customer data, and counts orders among them."),
    _noop("Use an app made for this shop only, or ask Shopify for protected customer data, level 1."),
)  # fmt: skip
_PERSONAL = replace(
    _PROTECTED,
    sentence=_noop(
        "Shopify has not approved the app for the protected customer data it asked for: buyers' names "
        "and addresses."
    ),
    remedy=_noop(
        "Use an app made for this shop only, or ask Shopify for protected customer data, level 2, with name, "
        "address, e-mail and telephone."
    ),
)
_NAMED_RIGHT = replace(
    _RIGHT,
    sentence=_noop("The app lacks a right; Shopify asks for one of: %(scopes)s."),
    remedy=_noop("Add one of these scopes to the app and approve it in the shop: %(scopes)s."),
)
_ORDERS = re.compile(r"access the (Order|Fulfillment|LineItem)\w* object")
_SCOPE = re.compile(r"`((?:read|write)_[a-z_]{3,60})`")
_FAULT = _Refusal(errors.RemoteFault, Outcome.FAULT, _noop("Shopify failed to answer (status %(status)d)."))
_MISTAKE = _Refusal(errors.OurMistake, Outcome.PASSED, _noop("Shopify did not understand the question."))
BY_STATUS: Mapping[int, _Refusal] = {
    401: _Refusal(
        errors.CredentialsRefused, Outcome.REFUSED,
        _noop("Shopify does not accept the access token: it was revoked, or belongs to another shop."),
        _noop("Install the app again, or enter a new token."),
    ),
    402: _Refusal(
        errors.ShopClosed, Outcome.REFUSED, _noop("Shopify has frozen the shop until its bill is paid."),
        _noop("Ask the shop's owner to pay Shopify's bill."),
    ),
    403: _RIGHT,
    404: _Refusal(
        errors.UnexpectedAnswer, Outcome.UNEXPECTED, _noop("Shopify knows no shop at this address."),
        _noop("Enter the shop's own address at Shopify, which ends with .myshopify.com."),
    ),
    406: _MISTAKE,
    415: _MISTAKE,
    422: _MISTAKE,
    423: _Refusal(
        errors.ShopClosed, Outcome.REFUSED, _noop("Shopify has locked the shop."),
        _noop("Ask the shop's owner to contact Shopify's support."),
    ),
    430: _Refusal(
        errors.Blocked, Outcome.BLOCKED, _noop("Shopify's security takes the requests for malicious."),
        _noop("Wait an hour; if it stays so, ask Shopify's support about this address."), timedelta(hours=1),
    ),
}  # fmt: skip


def error_of_status(http: RemoteClient, answer: Answer) -> errors.RemoteError:
    """The error of an answer whose HTTP status is not 200."""
    refusal = BY_STATUS.get(answer.status)
    if refusal is None or (answer.status in (403, 404) and answer.looks_like_html):
        if answer.status < 500 or not answer.looks_like_json:
            return http.error(answer)
        refusal = _FAULT
    return _raise(http, answer, refusal)


def error_of_graphql(http: RemoteClient, answer: Answer, problems: Sequence[Any] | str) -> errors.RemoteError:
    """The error of an answer with HTTP 200 and ``errors`` other than throttling."""
    if isinstance(problems, str):
        return _raise(http, answer, BY_STATUS[401] if "access token" in problems.lower() else _MISTAKE)
    codes = {code_of(problem) for problem in problems}
    texts = " ".join(str(problem.get("message", "")) for problem in problems if isinstance(problem, dict))
    if "not approved to" in texts:
        return _raise(http, answer, _PROTECTED if _ORDERS.search(texts) else _PERSONAL)
    if "ACCESS_DENIED" in codes or "access denied" in texts.lower():
        scopes = dict.fromkeys(_SCOPE.findall(texts))
        return _raise(http, answer, _NAMED_RIGHT if scopes else _RIGHT, scopes=", ".join(scopes))
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"} or "internal error" in texts.lower():
        return _raise(http, answer, _FAULT)
    return _raise(http, answer, _MISTAKE)


def code_of(problem: Any) -> str:
    """The code of one GraphQL error; empty when it has none."""
    extensions = problem.get("extensions") if isinstance(problem, dict) else None
    return str(extensions.get("code", "")) if isinstance(extensions, dict) else ""


def _raise(http: RemoteClient, answer: Answer, refusal: _Refusal, *, scopes: str = "") -> errors.RemoteError:
    values = {"status": answer.status, "scopes": scopes}
    sentence = _(refusal.sentence) % values
    call = http.note(answer, Classification(refusal.outcome, "Shopify", sentence))
    return refusal.error(
        sentence,
        call=call,
        remedy=_(refusal.remedy) % values if refusal.remedy else "",
        retry_after=answer.retry_after() or refusal.retry_after,
    )
