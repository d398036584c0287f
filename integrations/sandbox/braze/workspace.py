"""What a workspace has counted: events of its shops' orders, sessions on their pages, catalogs."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from zlib import crc32

from integrations.sandbox.clock import iso_ms
from integrations.sandbox.fleet import DAY_S, WorkspaceSpec
from integrations.sandbox.shops.store import Order, ShopStore
from integrations.sandbox.traffic import HOUR_S

EVENTS = {
    "ecommerce.order_placed": "created",
    "shopify_paid_order": "paid",
    "shopify_fulfilled_order": "completed",
    "ecommerce.order_cancelled": "cancelled",
}
"""Event -> the time of an order at which it is sent."""
OTHER_EVENTS = ("ecommerce.cart_updated", "ecommerce.checkout_started", "newsletter_opened")
FAULTS = (
    "events_stalled",
    "ratio_low",
    "sessions_gone",
    "catalog_gone",
    "catalog_old",
    "key_revoked",
    "permission_missing",
    "maintenance_202",
)
_LONGEST_LIFE_S = 5 * DAY_S
_SESSIONS_PER_ORDER = 12
_FIELDS = (("id", "string"), ("store_name", "string"), ("shopify_product_id", "string"), ("price", "number"))


def shopify_app_id(workspace: str) -> str:
    """The identifier of the app "Shopify" that Braze makes."""
    return f"{crc32(workspace.encode()):08x}-0000-4000-8000-000000000001"


def scope(workspace: str) -> str:
    """Under which name a workspace's faults are kept beside those of the shops."""
    return f"braze/{workspace}"


class Workspace:
    def __init__(self, spec: WorkspaceSpec, store: ShopStore) -> None:
        self.spec = spec
        self._store = store

    def names(self) -> list[str]:
        """Every event that ever came, by the alphabet."""
        return sorted([*EVENTS, *OTHER_EVENTS])

    def counts(self, event: str, since: float, until: float) -> Counter[int]:
        """How often an event came, by hour since the epoch."""
        moment = EVENTS.get(event)
        if moment is None:
            return Counter()
        return Counter(
            int(at // HOUR_S)
            for order in self._orders(moment, since, until)
            if self._is_sent(order, at := getattr(order, moment))
        )

    def sessions(self, since: float, until: float) -> Counter[int]:
        """Visits with the web pixel, by hour; it is the theme's and not the connector's."""
        sessions: Counter[int] = Counter()
        for order in self._orders("created", since, until):
            if not self._was("sessions_gone", order.created):
                sessions[order.created // HOUR_S] += _SESSIONS_PER_ORDER
        return sessions

    def catalogs(self, now: float) -> list[dict[str, Any]]:
        if self._was("catalog_gone", now):
            return []
        old = self._store.fault(scope(self.spec.name), "catalog_old", now)
        return [
            {
                "description": "",
                "fields": [{"name": name, "type": kind} for name, kind in _FIELDS],
                "name": f"shopify_{shop.replace('-', '_')}",
                "num_items": 40 + crc32(shop.encode()) % 400,
                "updated_at": iso_ms(old.since if old else now - 600).replace("Z", "+00:00"),
            }
            for shop in self.spec.shops
        ]

    def _orders(self, moment: str, since: float, until: float) -> Iterator[Order]:
        for shop in self.spec.shops:
            where = f"created >= ? AND created < ? AND {moment} >= ? AND {moment} < ?"
            values = (since - _LONGEST_LIFE_S, until, since, until)
            yield from self._store.select(shop, where, values, "created", -1)

    def _is_sent(self, order: Order, at: float) -> bool:
        """The same order always has the same luck."""
        if self._was("events_stalled", at):
            return False
        share = self.spec.ratio
        for fault in self._store.faults(scope(self.spec.name)):
            if fault.name == "ratio_low" and fault.active(at):
                share = float(fault.params.get("share", 0.4))
        return crc32(f"{order.shop}/{order.id}".encode()) % 10_000 < share * 10_000

    def _was(self, fault: str, at: float) -> bool:
        return self._store.fault(scope(self.spec.name), fault, at) is not None
