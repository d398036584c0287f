"""Order states: what the shop's flags say of them. Their numbers differ from shop to shop."""

from typing import Annotated, Any

from pydantic import BeforeValidator, TypeAdapter

from integrations.documents import Record, Rows

FIELDS = "[id,name,template,paid,shipped,deleted]"
_CLOSING = frozenset({"order_canceled", "refund"})
"""The mail templates of cancelled and refunded orders in every language: no flag tells those states apart."""


def _flag(value: Any) -> bool:
    return str(value) in ("1", "True", "true")


def in_one_language(value: Any) -> str:
    """A text, or the first of one per language (``[{"id": "1", "value": ".."}]``)."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = value[0].get("value")
    return value if isinstance(value, str) else ""


Flag = Annotated[bool, BeforeValidator(_flag)]
OneLanguage = Annotated[str, BeforeValidator(in_one_language)]


class State(Record):
    """An order state."""

    id: int
    name: OneLanguage = ""
    template: OneLanguage = ""
    paid: Flag = False
    shipped: Flag = False
    deleted: Flag = False

    @property
    def is_due(self) -> bool:
        """Waiting to be shipped."""
        return self.paid and not self.shipped and not self.deleted

    @property
    def is_closed(self) -> bool:
        return self.template in _CLOSING


STATES = TypeAdapter(Rows[State])
