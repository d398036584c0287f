"""Credentials and settings as operators write them, and the times remotes write."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, FailFast, ValidationError

from integrations.errors import AddressRefused, CredentialsRefused
from integrations.guard import check_url
from integrations.redaction import names_a_secret


class Document(BaseModel):
    """Base of ``Credentials`` and ``Settings``: unknown keys are mistakes, errors never show values."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True
    )


class Record(BaseModel):
    """Base of what remotes send: unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


ItemT = TypeVar("ItemT")
Rows = Annotated[list[ItemT], FailFast()]
"""A list in an answer, refused at its first wrong item: the errors of millions would fill the memory."""

DocumentT = TypeVar("DocumentT", bound=Document)


def read_document(model: type[DocumentT], values: Any, name: str) -> DocumentT:
    """What an operator stored for the account or store ``name``.

    Raises CredentialsRefused naming the first field that is wrong: only the operator can mend it.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise CredentialsRefused(
            _("What is stored for %(name)s cannot be used: %(field)s: %(reason)s")
            % {"name": name, "field": field, "reason": first["msg"]},
            remedy=_("Correct it on the connection's page."),
        ) from None


def _utc(moment: datetime) -> datetime:
    if not 1970 <= moment.year <= 2200:
        raise ValueError("no time an order can have")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


UtcTime = Annotated[datetime, AfterValidator(_utc)]
"""An ISO 8601 time; without an offset it is UTC."""


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Id = Annotated[str, BeforeValidator(_text)]
"""An id, sent as text or as a number."""


def _operators_url(value: str) -> str:
    """WordPress and PrestaShop run a harmless-looking request with these as another method."""
    try:
        check_url(value.replace("{integration_id}", "0").replace("{since}", "0"))
    except AddressRefused as error:
        raise ValueError(str(error)) from None
    if any(trap in value for trap in ("_method=", "ps_method=")):
        raise ValueError("the address must not override the method")
    no_written_secret(dict(parse_qsl(urlsplit(value).query)))
    return value


OperatorsUrl = Annotated[str, AfterValidator(_operators_url)]
"""A web address an operator typed, possibly with placeholders."""


def _page_url(value: str) -> str:
    if value and not value.startswith(("https://", "http://")):
        raise ValueError("the address must begin with https:// or http://")
    return value


PageUrl = Annotated[str, AfterValidator(_page_url)]
"""A page that people open, possibly with placeholders; empty: there is none."""

ValuesT = TypeVar("ValuesT", bound=Mapping[str, Any])


def no_written_secret(values: ValuesT) -> ValuesT:
    """Settings are shown, exported and audited as they are; what is secret is encrypted elsewhere.

    Raises ValueError.
    """
    for name, value in values.items():
        if names_a_secret(name) and isinstance(value, str) and value and "{" not in value:
            raise ValueError(f"{name} holds a secret: enter it under credentials, and a placeholder here")
    return values


Headers = Annotated[dict[str, str], AfterValidator(no_written_secret)]
"""Headers an operator typed, with placeholders for secrets."""
