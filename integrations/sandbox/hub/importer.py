"""The hub's work: fetch each shop by its rhythm, keep what arrives, write down what fails."""

import asyncio
import random
from dataclasses import dataclass

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import Fault, FleetSpec, IntegrationSpec
from integrations.sandbox.hub.calling import CallFailed
from integrations.sandbox.hub.fetching import ShopReader
from integrations.sandbox.hub.logrows import imagined_failure, log_row
from integrations.sandbox.hub.replay import NEVER_IMPORTED, PastOrder, choose_lost, replay
from integrations.sandbox.hub.rhythm import Rhythm, after_failure, after_refresh, after_success
from integrations.sandbox.hub.shipping import Shipping
from integrations.sandbox.hub.store import HubStore, IntegrationState, ShopOrder
from integrations.sandbox.shops.store import tracking_number

PUSHED_SYSTEM = "api"
"""An integration that fetches nothing: its orders are sent to it."""
_OVERLAP_S = 60
_AT_ONCE = 6


@dataclass(frozen=True, slots=True)
class FetchResult:
    """What one fetch brought."""

    new: int
    lost: int
    failed: CallFailed | None = None


class Importer:
    """Fetches when due, or when told to. One fetch per integration at a time."""

    def __init__(
        self, fleet: FleetSpec, store: HubStore, clock: Clock, reader: ShopReader, shipping: Shipping
    ) -> None:
        self.fleet = fleet
        self.store = store
        self.clock = clock
        self.reader = reader
        self.shipping = shipping
        self.specs = {spec.id: spec for spec in fleet.integrations}
        self._draw = random.Random()
        self._locks = {spec.id: asyncio.Lock() for spec in fleet.integrations}
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._running: set[asyncio.Task[FetchResult]] = set()

    def rhythm(self, spec: IntegrationSpec) -> Rhythm:
        fleet = self.fleet
        return Rhythm(
            spec.every_s, spec.jitter, fleet.throttled_every_s, fleet.throttle_after, fleet.back_off_cap_s
        )

    # The past

    def live_through(self, shops: dict[int, tuple[list[PastOrder], list[Fault]]]) -> None:
        """Do what was due until now without asking anybody: the first start's history, or a night
        switched off. ``shops`` holds, by integration, its shop's orders and faults.

        Rows go in by time over all integrations, so that ids grow with time as they do live.
        """
        now = self.clock.now()
        arrivals: list[tuple[float, IntegrationSpec, ShopOrder]] = []
        failures: list[tuple[float, IntegrationSpec, Fault]] = []
        sent: list[tuple[float, IntegrationSpec, ShopOrder]] = []
        unsent: list[tuple[float, IntegrationSpec, ShopOrder]] = []
        with self.store.database:
            self.store.database.execute("BEGIN IMMEDIATE")
            for integration_id, (orders, faults) in shops.items():
                spec, state = self.specs[integration_id], self._state(integration_id)
                first = state.pulse.last_fetched_at is None
                known = set() if first else self.store.known_all(spec.id)
                missing = [order for order in orders if order.id not in known]
                seed = f"{self.fleet.secret}/{spec.id}"
                past = replay(
                    state.pulse, self.rhythm(spec), end=now, faults=faults, orders=missing, seed=seed
                )
                lost = choose_lost(past.arrivals, spec.lost_at_start, now) if first else set()
                read_until = past.pulse.last_fetched_at or state.read_until
                for order, at in past.arrivals:
                    if order.id in lost:
                        continue
                    read = _as_read(order, read_until)
                    arrivals.append((at, spec, read))
                    if order.completed is not None and order.completed <= read_until:
                        sent.append((order.completed - 60.0, spec, read))
                    elif read.status not in NEVER_IMPORTED:
                        unsent.append((at, spec, read))
                failures.extend((at, spec, fault) for fault, at in past.failures)
                self.store.lose(spec.id, lost)
                self.store.add_seen(spec.id, len(past.arrivals))
                self.store.save_pulse(spec.id, past.pulse, read_until=read_until)
            self.store.add_orders(
                (spec.account, spec.id, o, at) for at, spec, o in sorted(arrivals, key=_time)
            )
            self.shipping.parcels.add_delivered(
                (spec.account, spec.id, o.id, o.number, tracking_number(spec.shop, int(o.id)), at)
                for at, spec, o in sorted(sent, key=_time)
            )
            self.shipping.expect_of_past(sorted(unsent, key=_time), now)
            for at, spec, fault in sorted(failures, key=_time):
                failed = imagined_failure(fault, self.fleet.shop(spec.shop), self.reader.caller.shops_url)
                self.store.add_log(spec.id, at, log_row(failed))

    def _state(self, integration_id: int) -> IntegrationState:
        state = self.store.integration(integration_id)
        if state is None:
            raise LookupError(f"There is no integration {integration_id}.")
        return state

    # The present

    async def run(self) -> None:
        """For ever: start every fetch that is due."""
        while True:
            now = self.clock.now()
            moments = []
            for state in self.store.integrations():
                is_pushed = self.specs[state.id].system == PUSHED_SYSTEM
                stopped = is_pushed or self._fault(state.id, "stopped") is not None
                if self._locks[state.id].locked() or stopped:
                    continue
                if state.pulse.next_fetch_at <= now:
                    self.begin(state.id)
                else:
                    moments.append(state.pulse.next_fetch_at)
            await self.clock.wait_until(min(moments, default=now + 30))

    async def close(self) -> None:
        """Break off what is under way; what was kept stays kept."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def begin(self, integration_id: int) -> None:
        """Fetch in the background."""
        task = asyncio.create_task(self.fetch(integration_id))
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[FetchResult]") -> None:
        self._running.discard(task)
        self.clock.wake()
        if not task.cancelled():
            task.result()

    async def refresh(self, integration_id: int, *, wait: bool) -> None:
        """What the Refresh button does: fetch at once and end the throttling."""
        pulse = after_refresh(self._state(integration_id).pulse, self.clock.now())
        self.store.save_pulse(integration_id, pulse)
        if wait:
            await self.fetch(integration_id)
        else:
            self.begin(integration_id)

    async def fetch(self, integration_id: int) -> FetchResult:
        """One import run, over HTTP."""
        spec = self.specs[integration_id]
        if spec.system == PUSHED_SYSTEM:
            return FetchResult(0, 0)
        async with self._locks[integration_id], self._slots:
            state = self._state(integration_id)
            began_at = self.clock.now()
            new = lost = 0
            try:
                shop = self.fleet.shop(spec.shop)
                async for orders in self.reader.read(shop, state.read_until - _OVERLAP_S, began_at):
                    arrived, dropped = self._keep(spec, orders)
                    new, lost = new + arrived, lost + dropped
            except CallFailed as failed:
                self._note_failure(spec, began_at, failed)
                return FetchResult(new, lost, failed)
            # Read again: somebody may have pressed Refresh during the fetch.
            pulse = self._state(integration_id).pulse
            done = after_success(pulse, began_at, self.rhythm(spec), self._draw.random)
            self.store.save_pulse(integration_id, done, read_until=began_at)
            return FetchResult(new, lost)

    def _note_failure(self, spec: IntegrationSpec, at: float, failed: CallFailed) -> None:
        pulse = self._state(spec.id).pulse
        rhythm = self.rhythm(spec)
        worse = after_failure(pulse, at, rhythm, self._draw.random, maintenance=failed.maintenance)
        self.store.add_log(spec.id, at, log_row(failed))
        self.store.save_pulse(spec.id, worse)

    def _keep(self, spec: IntegrationSpec, orders: list[ShopOrder]) -> tuple[int, int]:
        """Store a page of orders; (arrived, lost). One transaction."""
        if not orders:
            return 0, 0
        now = self.clock.now()
        known = self.store.known(spec.id, [order.id for order in orders])
        fresh = [o for o in orders if o.id not in known and o.status not in NEVER_IMPORTED]
        lost = self._lost_ones(spec, fresh)
        with self.store.database:
            self.store.database.execute("BEGIN IMMEDIATE")
            self.store.add_orders((spec.account, spec.id, o, now) for o in fresh if o.id not in lost)
            self.store.lose(spec.id, lost)
            self.store.add_seen(spec.id, len(fresh))
            for order in orders:
                if order.id in known:
                    self.store.update_order(spec.id, order, now)
            self.shipping.expect(spec, [o for o in fresh if o.id not in lost], now)
        return len(fresh) - len(lost), len(lost)

    def _lost_ones(self, spec: IntegrationSpec, fresh: list[ShopOrder]) -> set[str]:
        """Every n-th new order, when the integration loses orders."""
        fault = self._fault(spec.id, "loses_orders")
        if fault is None:
            return set()
        every = max(int(str(fault.get("every", 5))), 1)
        seen = self._state(spec.id).seen
        return {o.id for n, o in enumerate(fresh, start=seen + 1) if n % every == 0}

    def _fault(self, integration_id: int, name: str) -> dict[str, object] | None:
        return self.store.faults().get(str(integration_id), {}).get(name)


def _time(entry: tuple[float, IntegrationSpec, object]) -> float:
    return entry[0]


def _as_read(order: PastOrder, read_until: float) -> ShopOrder:
    """The order as the last fetch saw it."""
    if order.modified <= read_until:
        return ShopOrder(order.id, order.number, order.created, order.modified, order.status)
    return ShopOrder(order.id, order.number, order.created, order.created, "processing")
