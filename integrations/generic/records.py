"""Records of a described hub, found by paths in its JSON."""

from typing import Any

from integrations.contracts import ArrivalRecord, HubIntegration
from integrations.documents import Id, Record, UtcTime


class IntegrationRow(Record):
    external_id: Id
    system: str = ""
    shop_name: str = ""
    shop_url: str = ""
    failing_since: UtcTime | None = None
    last_fetched_at: UtcTime | None = None

    def to_contract(self) -> HubIntegration:
        return HubIntegration(
            external_id=self.external_id,
            system=self.system,
            shop_name=self.shop_name,
            shop_url=self.shop_url,
            failing_since=self.failing_since,
            last_fetched_at=self.last_fetched_at,
        )


class ArrivalRow(Record):
    integration_id: Id
    hub_id: Id = ""
    order_id: Id
    order_number: Id = ""
    arrived_at: UtcTime
    ordered_at: UtcTime | None = None

    def to_contract(self) -> ArrivalRecord:
        return ArrivalRecord(
            integration_id=self.integration_id,
            hub_id=self.hub_id or self.order_id,
            order_id=self.order_id[:80],
            order_number=self.order_number.removeprefix("#")[:80],
            arrived_at=self.arrived_at,
            ordered_at=self.ordered_at,
        )


def at_path(document: Any, path: str) -> Any:
    """The value at a dotted path, ``None`` where it leads nowhere; the document itself for an empty path."""
    for name in path.split(".") if path else []:
        if not isinstance(document, dict):
            return None
        document = document.get(name)
    return document


def renamed(items: Any, fields: dict[str, str]) -> Any:
    """Records with our names added, where ``fields`` says at which path a value is."""
    if not isinstance(items, list):
        return items
    return [
        {**item, **{name: at_path(item, path) for name, path in fields.items()}}
        if isinstance(item, dict)
        else item
        for item in items
    ]
