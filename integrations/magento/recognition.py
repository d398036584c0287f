"""How Magento shows that it answered itself.

Observed on Magento Open Source 2.4.7: refusals are JSON with ``message`` and sometimes ``parameters``; the
placeholders (``%resources``) stand literally in the text. Maintenance is a page of status 503 without
Retry-After, a lost database one of status 500; either comes whatever ``Accept`` asks for.
"""

import re

from django.utils.translation import gettext as _

from integrations.access.classify import Classification, json_document
from integrations.answer import Answer
from integrations.contracts import Outcome

_PLACEHOLDER = re.compile(r"%[a-z\d]+", re.IGNORECASE)
_WORDS = re.compile(
    r"request does not match any route|http method is not supported|request method is invalid"
    r"|an id is needed|specified request cannot be processed|entity that was requested|report id: webapi-"
    r"|signature is invalid|consumer key|consumer having|consumer is ?n['o]t authorized|specified token"
    r"|nonce is already|value's type is invalid|decoding error",
    re.IGNORECASE,
)
# Apache's own page of status 503 has the same sentence, but another title.
_CLOSED = re.compile(r"<title>\s*error 503: service unavailable", re.IGNORECASE)
_NOT_STARTED = "An error has happened during application run"
_BROKEN = "There has been an error processing your request"


def magento(answer: Answer) -> Classification | None:
    """Magento's own answers to a request without credentials; a refusal proves that it was reached."""
    if answer.looks_like_json:
        document = json_document(answer)
        if (answer.status == 200 and document is not None) or is_refusal(answer, document):
            return Classification(Outcome.PASSED, "Magento")
        return None
    if answer.status == 503 and _CLOSED.search(answer.text()):
        return Classification(Outcome.MAINTENANCE, "Magento", _("Magento is closed for maintenance."))
    if answer.status == 500:
        text = answer.text()
        if _NOT_STARTED in text:
            sentence = _("Magento cannot start; most often it cannot reach its database.")
            return Classification(Outcome.FAULT, "Magento", sentence)
        if _BROKEN in text:
            return Classification(Outcome.FAULT, "Magento", _("Magento stopped with an error."))
    return None


def is_refusal(answer: Answer, document: object) -> bool:
    """Whether a JSON document is an error that Magento itself made: gateways have a ``message`` too."""
    if answer.status < 400 or not isinstance(document, dict) or not isinstance(document.get("message"), str):
        return False
    message = document["message"]
    return "parameters" in document or bool(_PLACEHOLDER.search(message) or _WORDS.search(message))
