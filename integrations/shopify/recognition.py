"""How Shopify's API shows that it answered itself."""

from integrations.access.classify import Classification, json_document
from integrations.answer import Answer
from integrations.contracts import Outcome


def shopify(answer: Answer) -> Classification | None:
    """Shopify's own answers; without a token, its JSON refusal proves that it was reached."""
    document = json_document(answer) if answer.looks_like_json else None
    if not isinstance(document, dict) or not ({"errors", "data", "error", "access_token"} & document.keys()):
        return None
    if answer.status == 429:
        return Classification(Outcome.RATE_LIMITED, "Shopify")
    if answer.status >= 500:
        return Classification(Outcome.FAULT, "Shopify")
    return Classification(Outcome.PASSED, "Shopify")
