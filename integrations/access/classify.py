"""Judges one answer by all of it: headers, body and, last of all, its status."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

import orjson
from django.utils.translation import gettext as _

from integrations.access.cloudflare import edge_error
from integrations.access.records import Layer
from integrations.access.signatures import STRONG, WEAK, Signature, server_page
from integrations.answer import Answer, not_json
from integrations.contracts import Outcome

A_MOMENT = timedelta(seconds=60)


class Classification(NamedTuple):
    """Who answered, and what became of the request."""

    outcome: Outcome
    by: str = ""
    detail: str = ""
    layer: Layer = Layer.UNKNOWN
    """Of whoever answered; the application's own answers need not name theirs."""
    sign: str = ""
    """What it was told by; empty: the application, or only the status."""
    is_strong: bool = False
    """The product names itself."""
    rule_id: str = ""
    """The number of the rule that refused, where the answer shows it."""


Application = Callable[[Answer], Classification | None]
"""Recognises the answers of one application, at any status; ``None``: not one of its."""


def classify(answer: Answer, application: Application | None = None) -> Classification:
    """Who answered, decided in this order: products that name themselves, the application, weaker signs."""
    application = application or json_api
    if answer.status < 300 and answer.looks_like_json and b"munify360" not in answer.body[:1024]:
        return application(answer) or Classification(Outcome.PASSED)
    edge = edge_error(answer)
    if edge:
        sign = f"cloudflare_{edge.code}"
        return Classification(edge.outcome, "Cloudflare", edge.detail, Layer.EDGE, sign, True, str(edge.code))
    text = answer.text()
    found = _match(STRONG, answer, text) or _of_application(application, answer)
    if found:
        return found
    if 300 <= answer.status < 400:
        return _by_page(_redirect(answer), text)
    if answer.status == 429:
        found = Classification(
            Outcome.RATE_LIMITED, _server(answer), _("Too many requests, says the server.")
        )
        return _by_page(found, text)
    return _match(WEAK, answer, text) or _by_page(_by_status(answer), text)


def json_api(answer: Answer) -> Classification | None:
    """Any application that speaks JSON."""
    if not answer.looks_like_json or json_document(answer) is None:
        return None
    if answer.status in (401, 403):
        return Classification(Outcome.REFUSED, "", _("The application refused the credentials."))
    if answer.status == 429:
        return Classification(Outcome.RATE_LIMITED, "", _("Too many requests, says the application."))
    if answer.status >= 500:
        return Classification(
            Outcome.FAULT, "", _("The application failed (status %(status)d).") % {"status": answer.status}
        )
    return Classification(Outcome.PASSED)


def json_document(answer: Answer) -> Any:
    """The body as JSON, or ``None`` when it is none."""
    try:
        return orjson.loads(answer.payload)
    except orjson.JSONDecodeError:
        return None


def _match(signatures: tuple[Signature, ...], answer: Answer, text: str) -> Classification | None:
    for signature in signatures:
        if signature.matches(answer, text):
            return Classification(
                Outcome.RATE_LIMITED if _passes_soon(signature, answer) else signature.outcome,
                signature.by or _server(answer),
                _(signature.detail) % {"by": signature.by},
                signature.layer,
                signature.name,
                signatures is STRONG,
                signature.rule_id(text),
            )
    return None


def _passes_soon(signature: Signature, answer: Answer) -> bool:
    """Wordfence says 503 for lasting blocks and for its limits alike; the wait tells them apart."""
    wait = answer.retry_after()
    return signature.by == "Wordfence" and wait is not None and wait <= A_MOMENT


def _of_application(application: Application, answer: Answer) -> Classification | None:
    found = application(answer)
    if found is not None and found.layer is Layer.UNKNOWN:
        return found._replace(layer=Layer.APPLICATION)
    return found


def _by_page(found: Classification, text: str) -> Classification:
    """Adds whose page it is, where a web server's own stands behind a status."""
    product, sign = server_page(text)
    return found._replace(by=product, layer=Layer.SERVER, sign=sign) if product else found


def _redirect(answer: Answer) -> Classification:
    detail = _("The address redirects elsewhere (status %(status)d) instead of answering.")
    return Classification(Outcome.REDIRECTED, _server(answer), detail % {"status": answer.status})


def _by_status(answer: Answer) -> Classification:
    status = answer.status
    if status == 401:
        outcome, detail = Outcome.BLOCKED, _("A sign-in stands in front of the shop (status %(status)d).")
    elif status in (403, 405, 406, 444):
        outcome = Outcome.BLOCKED
        detail = _("Something in front of the application refused the request (status %(status)d).")
    elif status in (503, 508):
        outcome, detail = Outcome.FAULT, _("The server is overloaded or closed (status %(status)d).")
    elif status >= 500:
        outcome, detail = Outcome.FAULT, _("The server failed (status %(status)d).")
    else:
        return Classification(Outcome.UNEXPECTED, _server(answer), not_json(answer))
    return Classification(outcome, _server(answer), detail % {"status": status})


def _server(answer: Answer) -> str:
    """The server's product without version or system (``Apache/2.4.71 (Debian)`` is Apache)."""
    return answer.headers.get("server", "").partition("/")[0].partition(" ")[0][:40]
