"""From an answer to typed records."""

from typing import TypeVar

from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError

from integrations.answer import Answer, not_json
from integrations.errors import UnexpectedAnswer
from integrations.http import RemoteClient

T = TypeVar("T")


def parse(http: RemoteClient, answer: Answer, adapter: TypeAdapter[T]) -> T:
    """The body as what was agreed.

    Raises UnexpectedAnswer that names the first field which is not, and never its value.
    """
    try:
        return adapter.validate_json(answer.payload)
    except ValidationError as error:
        raise wrong_form(http, answer, error) from None


def wrong_form(http: RemoteClient, answer: Answer, error: ValidationError) -> UnexpectedAnswer:
    """The error that names the first field which is not as agreed, with its call noted."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return http.unexpected(answer, not_json(answer))
    field = ".".join(str(part) for part in first["loc"])[:80] or "."
    message = _("The answer of %(host)s does not have the agreed form: %(field)s: %(reason)s.")
    values = {"host": answer.host, "field": field, "reason": first["msg"][:120]}
    return http.unexpected(answer, message % values)
