"""From an answer to typed records."""

from typing import Any, TypeVar

from django.utils.translation import gettext as _
from pydantic import TypeAdapter, ValidationError

from integrations.answer import Answer, not_json
from integrations.errors import UnexpectedAnswer
from integrations.http import RemoteClient

T = TypeVar("T")
MOST_ODD_ROWS = 5
"""Of one page."""


def parse(http: RemoteClient, answer: Answer, adapter: TypeAdapter[T]) -> T:
    """The body as what was agreed.

    Raises UnexpectedAnswer that names the first field which is not, and never its value.
    """
    try:
        return adapter.validate_json(answer.payload)
    except ValidationError as error:
        raise wrong_form(http, answer, error) from None


def checked(http: RemoteClient, answer: Answer, adapter: TypeAdapter[T], document: Any) -> T:
    """Like :func:`parse`, of what was found in an answer."""
    try:
        return adapter.validate_python(document)
    except ValidationError as error:
        raise wrong_form(http, answer, error) from None


def parse_most(http: RemoteClient, answer: Answer, adapter: TypeAdapter[T]) -> T:
    """Like :func:`parse`, see :func:`most_of`."""
    try:
        return adapter.validate_json(answer.payload)
    except ValidationError as error:
        if error.errors(include_input=False)[0]["type"] == "json_invalid":
            raise wrong_form(http, answer, error) from None
    return most_of(http, answer, adapter, answer.json())


def most_of(http: RemoteClient, answer: Answer, adapter: TypeAdapter[T], document: Any) -> T:
    """What was agreed, without the few rows that are not: one odd order must not keep back all others.

    The answer is then noted as one of no known form, with the first field that is wrong. Raises
    UnexpectedAnswer when most rows, or more than :data:`MOST_ODD_ROWS`, are odd. Takes rows out of
    ``document``.
    """
    trace: ValidationError | None = None
    for left_out in range(MOST_ODD_ROWS + 1):
        try:
            found = adapter.validate_python(document)
        except ValidationError as error:
            trace = trace or error
            if not _take_out(document, error, left_out):
                break
        else:
            if trace is not None:
                wrong_form(http, answer, trace)
            return found
    assert trace is not None
    raise wrong_form(http, answer, trace)


def _take_out(document: Any, error: ValidationError, left_out: int) -> bool:
    """Takes the row out that the error is about, if there is one and enough others are left."""
    rows = document
    for part in error.errors(include_input=False, include_url=False, include_context=False)[0]["loc"]:
        if isinstance(part, int) and isinstance(rows, list):
            del rows[part]
            return len(rows) > left_out
        if not isinstance(rows, dict) or part not in rows:
            return False
        rows = rows[part]
    return False


def wrong_form(http: RemoteClient, answer: Answer, error: ValidationError) -> UnexpectedAnswer:
    """The error that names the first field which is not as agreed, with its call noted."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return http.unexpected(answer, not_json(answer))
    field = ".".join(str(part) for part in first["loc"])[:80] or "."
    message = _("The answer of %(host)s does not have the agreed form: %(field)s: %(reason)s.")
    values = {"host": answer.host, "field": field, "reason": first["msg"][:120]}
    return http.unexpected(answer, message % values)
