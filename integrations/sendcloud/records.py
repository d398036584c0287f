"""Sendcloud's answers as typed records. Unknown fields are ignored, personal ones never read."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, TypeAdapter

from integrations.contracts import ArrivalRecord, HubIntegration
from integrations.documents import Id, Record, Rows, UtcTime
from integrations.numbers import number_of


class Integration(Record):
    """One row of ``/integrations``; the names before the bar are v3's, those after it v2's."""

    id: Id
    type: str = ""
    system: str = ""
    shop_name: str | None = None
    shop_url: str | None = None
    started_failing_at: UtcTime | None = None
    failing_since: UtcTime | None = None
    last_fetched_at: UtcTime | None = None
    last_fetch: UtcTime | None = None
    updated_at: UtcTime | None = None
    last_updated_at: UtcTime | None = None
    created_at: UtcTime | None = None
    feedback_type: str | None = None
    webhook_active: bool | None = None
    webhook_url: str | None = None

    def to_contract(self) -> HubIntegration:
        return HubIntegration(
            external_id=self.id,
            system=self.type or self.system,
            shop_name=self.shop_name or "",
            shop_url=self.shop_url or "",
            failing_since=self.started_failing_at or self.failing_since,
            last_fetched_at=self.last_fetched_at or self.last_fetch,
            settings_changed_at=self.updated_at or self.last_updated_at,
            created_at=self.created_at,
            feedback=self.feedback_type or "",
        )


class IntegrationList(Record):
    data: Rows[Integration]


class IntegrationAnswer(Record):
    data: Integration


class _Reference(Record):
    id: Id | None = None


class _OrderDetails(Record):
    integration: _Reference | None = None
    order_created_at: UtcTime | None = None


class Order(Record):
    """One row of ``/orders``."""

    id: Id
    order_id: Id | None = None
    order_number: Id | None = None
    created_at: UtcTime
    order_details: _OrderDetails | None = None

    def to_contract(self) -> ArrivalRecord | None:
        """The arrival, or ``None`` for an order that no shop sent."""
        details = self.order_details
        if details is None or details.integration is None or not details.integration.id:
            return None
        if not (self.order_id or self.order_number):
            return None
        return ArrivalRecord(
            integration_id=details.integration.id,
            hub_id=self.id,
            order_id=(self.order_id or "")[:80],
            order_number=(self.order_number or "").removeprefix("#")[:80],
            arrived_at=self.created_at,
            ordered_at=details.order_created_at,
        )


class OrderList(Record):
    data: Rows[Order]


def _object(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


class LoggedResponse(Record):
    headers: Annotated[dict[str, Any], BeforeValidator(_object)] = Field(default_factory=dict)
    body: Any = None


class _Payload(Record):
    query: Any = Field(default=None, repr=False)


class LoggedRequest(Record):
    """Only a GraphQL text is read, to tell a question from a change. The rest holds credentials and
    personal data."""

    payload: Annotated[_Payload, BeforeValidator(_object)] = Field(default_factory=_Payload)


class LogRow(Record):
    """One row of ``/integrations/logs``."""

    id: Id
    integration_id: Id | None = None
    base_url: str | None = None
    full_url: str | None = None
    method: str | None = None
    response_code: int | None = None
    request: Annotated[LoggedRequest, BeforeValidator(_object)] = Field(default_factory=LoggedRequest)
    response: Annotated[LoggedResponse, BeforeValidator(_object)] = Field(default_factory=LoggedResponse)
    created_at: UtcTime
    exception_type: str | None = None


class LogList(Record):
    data: Rows[LogRow]


INTEGRATIONS_V3 = TypeAdapter(IntegrationList)
INTEGRATION_V3 = TypeAdapter(IntegrationAnswer)
INTEGRATIONS_V2 = TypeAdapter(Rows[Integration])
ORDERS = TypeAdapter(OrderList)
LOGS = TypeAdapter(LogList)


def rank(external_id: str) -> tuple[int, str]:
    """Orders ids as numbers where they are numbers."""
    number = number_of(external_id)
    return (0, external_id) if number is None else (number, "")
