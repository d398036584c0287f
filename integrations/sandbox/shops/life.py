"""What happens in the shops by itself: orders come in, get paid, are sent, are cancelled."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from integrations.sandbox.braze.workspace import scope
from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import DAY_S, FleetSpec, ShopSpec
from integrations.sandbox.shops.prestashop_rows import reference
from integrations.sandbox.shops.store import Order, ShopStore, tracking_number
from integrations.sandbox.traffic import HOUR_S, PlannedOrder, orders_between, orders_of_hour

_LOOK_AHEAD_H = 72
_LOOK_AGAIN_S = 1800.0
_FIRST_ID = {"magento": 0, "prestashop": 0, "woocommerce": 1_000, "shopify": 6_412_345_600_000}
_ID_STEP = {"magento": 1, "prestashop": 1, "woocommerce": 1, "shopify": 32_768}


class ShopLife:
    """Moves all shops forward in time. One moment ``lived_until`` holds for all of them."""

    def __init__(self, fleet: FleetSpec, store: ShopStore, clock: Clock) -> None:
        self.fleet = fleet
        self.store = store
        self.clock = clock
        self._first = store.meta("lived_until") is None
        self._connected = {spec.shop for spec in fleet.integrations}
        self.lived_until: float = store.meta("lived_until") or fleet.started_at - fleet.history_days * DAY_S
        self._last_id = {
            shop.name: store.last_id(shop.name) or _FIRST_ID[shop.platform] for shop in fleet.shops
        }
        self._next = {shop.name: self._next_order_at(shop) for shop in fleet.shops}

    def begin(self) -> None:
        """The first start writes down the story's faults and its past; a later one goes on."""
        if not self.store.meta("begun"):
            for shop in self.fleet.shops:
                for fault in shop.faults:
                    self.store.start_fault(shop.name, fault)
            for workspace in self.fleet.workspaces:
                for fault in workspace.faults:
                    self.store.start_fault(scope(workspace.name), fault)
            self.store.set_meta("begun", value=True)
        self.catch_up()
        self._first = False

    def skew_s(self, shop: str, at: float) -> float:
        """How far the shop's own clock is wrong."""
        fault = self.store.fault(shop, "clock_skew", at)
        return float(fault.params.get("seconds", 300)) if fault else 0.0

    def next_at(self) -> float:
        """When something happens next."""
        step_at = self.store.next_step_at()
        moments = [*self._next.values(), *([step_at] if step_at is not None else [])]
        return min(moments, default=float("inf"))

    def catch_up(self) -> None:
        """Let everything happen that was due by now. One transaction; nothing happens twice."""
        now = self.clock.now()
        if now <= self.lived_until or self.next_at() > now:
            return
        with self.store.database:
            self.store.database.execute("BEGIN IMMEDIATE")
            for shop in self.fleet.shops:
                if self._next[shop.name] <= now:
                    self._take_orders(shop, now)
            for at, name, order_id, status in self.store.take_steps(now):
                if (
                    status == "completed"
                    and name in self._connected
                    and not self.store.labelled(name, order_id)
                ):
                    self.store.plan([(now + _LOOK_AGAIN_S, name, order_id, status)])
                else:
                    self.store.change_status(name, order_id, status, int(at + self.skew_s(name, at)))
            self.lived_until = now
            self.store.set_meta("lived_until", now)
        for shop in self.fleet.shops:
            if self._next[shop.name] <= now:
                self._next[shop.name] = self._next_order_at(shop)

    def _take_orders(self, shop: ShopSpec, now: float) -> None:
        planned = orders_between(
            shop.name,
            self.fleet.secret,
            shop.customers_zone,
            shop.orders_per_day,
            after=self.lived_until,
            until=now,
        )
        orders, steps = [], []
        for plan in planned:
            order = self._placed(shop, plan)
            for at, status in _steps(plan):
                # Sent with a label of the hub: what was sent before the first start had one.
                unsent = status == "completed" and shop.name in self._connected and not self._first
                if at > now or unsent:
                    steps.append((at, shop.name, order.id, status))
                else:
                    order = _after(order, status, int(at + self.skew_s(shop.name, at)))
            orders.append(order)
        self.store.insert(orders)
        self.store.plan(steps)

    def _placed(self, shop: ShopSpec, plan: PlannedOrder) -> Order:
        created = int(plan.at + self.skew_s(shop.name, plan.at))
        # WordPress numbers orders and everything else with one counter, Shopify only orders.
        gap = plan.gap if shop.platform == "woocommerce" else 0
        order_id = self._last_id[shop.name] + (1 + gap) * _ID_STEP[shop.platform]
        self._last_id[shop.name] = order_id
        return self._row(shop, order_id, created, plan.total_cents, paid=plan.paid_after_s == 0)

    def _row(self, shop: ShopSpec, order_id: int, created: int, total: int, *, paid: bool) -> Order:
        if shop.platform == "shopify":
            number = f"#{1001 + (order_id - _FIRST_ID['shopify']) // _ID_STEP['shopify']}"
        elif shop.platform == "prestashop":
            number = reference(shop.name, order_id)
        elif shop.platform == "magento":
            number = f"{order_id:09d}"
        else:
            number = str(order_id)
        return Order(
            shop.name,
            order_id,
            number,
            created,
            created,
            "processing" if paid else "pending",
            created if paid else None,
            None,
            None,
            total,
            None,
            0,
        )

    def add_order(self, shop: ShopSpec, at: float, *, status: str = "processing", total: int = 4200) -> Order:
        """An order placed at ``at`` but stored only now, by hand of a test; it stays as it is."""
        self.catch_up()
        order_id = self._last_id[shop.name] + _ID_STEP[shop.platform]
        self._last_id[shop.name] = order_id
        order = self._row(shop, order_id, int(at), total, paid=status != "pending")
        order = replace(order, modified=max(order.modified, int(self.clock.now())))
        if status not in ("pending", "processing"):
            order = _after(order, status, int(at))
        self.store.insert([order])
        return order

    def _next_order_at(self, shop: ShopSpec) -> float:
        hour = int(self.lived_until // HOUR_S)
        if shop.orders_per_day <= 0:
            return float("inf")
        for ahead in range(hour, hour + _LOOK_AHEAD_H):
            for plan in orders_of_hour(
                shop.name, self.fleet.secret, shop.customers_zone, shop.orders_per_day, ahead
            ):
                if plan.at > self.lived_until:
                    return plan.at
        return (hour + _LOOK_AHEAD_H) * HOUR_S

    async def run(self) -> None:
        """For ever: wait for the next thing to happen, let it happen."""
        while True:
            self.catch_up()
            await self.clock.wait_until(self.next_at())
            await asyncio.sleep(0)


def _steps(plan: PlannedOrder) -> Iterator[tuple[float, str]]:
    if plan.end == "failed":
        yield plan.at + plan.end_after_s, "failed"
        return
    if plan.paid_after_s:
        yield plan.at + plan.paid_after_s, "processing"
    yield plan.at + plan.paid_after_s + plan.end_after_s, plan.end


def _after(order: Order, status: str, at: int) -> Order:
    """The order after one step of its plan: as ``ShopStore.change_status``, without the database."""
    paid, completed, cancelled, tracking = order.paid, order.completed, order.cancelled, order.tracking
    if status == "processing":
        paid = paid or at
    elif status == "completed":
        completed = completed or at
        tracking = tracking or tracking_number(order.shop, order.id)
    elif status == "cancelled":
        cancelled = cancelled or at
    return Order(
        order.shop,
        order.id,
        order.number,
        order.created,
        max(order.modified, at),
        status,
        paid,
        completed,
        cancelled,
        order.total,
        tracking,
        order.test,
    )
