"""What Cloudflare itself answers when it does not pass a request on.

Codes: Cloudflare's pages on 1xxx and 5xx errors; sent as problem JSON to clients that accept JSON.
"""

from typing import Any, NamedTuple

import orjson
from django.utils.translation import gettext as _

from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.numbers import number_of

BLOCKED_BY_ADDRESS = frozenset({1005, 1006, 1007, 1008, 1009, 1012, 1106})


class EdgeError(NamedTuple):
    outcome: Outcome
    detail: str
    code: int


def edge_error(answer: Answer) -> EdgeError | None:
    """What Cloudflare says happened, when it says so; ``None``: it passed somebody else's answer on."""
    code = 0
    if b"cloudflare_error" in answer.body[:4096]:
        document = _document(answer)
        if document.get("cloudflare_error") is True:
            code = _number(document.get("error_code"))
    if not code and "cf-error-type" in answer.headers:
        code = answer.status
    server = answer.headers.get("server", "").lower()
    if not code and 520 <= answer.status <= 530 and server.startswith("cloudflare"):
        code = answer.status
    return _meaning(code) if code else None


def _meaning(code: int) -> EdgeError:
    outcome = Outcome.FAULT
    if code in (1015, 429):
        outcome = Outcome.RATE_LIMITED
        sentence = _("Cloudflare limits how often this address may ask (error %(code)d).")
    elif code == 1010:
        outcome, sentence = Outcome.BLOCKED, _("Cloudflare refuses this User-Agent (error %(code)d).")
    elif code in BLOCKED_BY_ADDRESS:
        outcome, sentence = Outcome.BLOCKED, _("Cloudflare refuses this address or country (error %(code)d).")
    elif code == 1020 or 400 <= code < 500:
        outcome, sentence = (
            Outcome.BLOCKED,
            _("A firewall rule of Cloudflare refused the request (error %(code)d)."),
        )
    elif code in (525, 526):
        sentence = _("Cloudflare does not accept the certificate of the shop's server (error %(code)d).")
    else:
        sentence = _("Cloudflare cannot reach the shop's server (error %(code)d).")
    return EdgeError(outcome, sentence % {"code": code}, code)


def _document(answer: Answer) -> dict[str, Any]:
    try:
        document = orjson.loads(answer.payload)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}


def _number(value: object) -> int:
    return number_of(str(value)) or 0
