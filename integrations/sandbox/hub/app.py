"""The hub process: API, panel, control, and the importer behind them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import DAY_S, Fault, FleetSpec
from integrations.sandbox.hub.api import HubApi
from integrations.sandbox.hub.calling import ShopCaller
from integrations.sandbox.hub.control import HubControl
from integrations.sandbox.hub.fetching import ShopReader
from integrations.sandbox.hub.gate import Gate
from integrations.sandbox.hub.importer import PUSHED_SYSTEM, Importer
from integrations.sandbox.hub.order_api import OrderApi
from integrations.sandbox.hub.panel import Panel
from integrations.sandbox.hub.parcel_api import ParcelApi
from integrations.sandbox.hub.parcels import ParcelStore
from integrations.sandbox.hub.replay import NEVER_IMPORTED, PastOrder
from integrations.sandbox.hub.rhythm import Pulse
from integrations.sandbox.hub.shipping import Shipping
from integrations.sandbox.hub.store import HubStore

_CONNECTED_BEFORE_S = 200 * DAY_S
_SHOPS_START_WITHIN_S = 30.0


class HubProcess:
    """Everything the process holds."""

    def __init__(self, fleet: FleetSpec, state: Path, shops_url: str) -> None:
        self.fleet = fleet
        self.shops_url = shops_url
        self.store = HubStore(state / "hub.sqlite3")
        saved = self.store.meta("clock") or {"frozen_at": fleet.started_at if fleet.frozen else None}
        self.clock = Clock(**saved)
        parcels = ParcelStore(self.store)
        self.caller = ShopCaller(fleet, shops_url)
        self.shipping = Shipping(fleet, self.store, parcels, self.clock, self.caller)
        reader = ShopReader(self.caller)
        self.importer = Importer(fleet, self.store, self.clock, reader, self.shipping)
        panel = Panel(fleet, self.store, self.clock, self.importer)
        control = HubControl(fleet, self.store, self.clock, self.importer)
        pushed = OrderApi(fleet, self.store, self.clock, self.shipping)
        api = HubApi(self.shipping, pushed, shops_url)
        behind = [
            *ParcelApi(fleet, self.store, parcels, self.clock).listed(),
            *pushed.listed(),
            *api.listed(),
        ]
        routes = Gate(fleet, self.store, self.clock).routes(behind)
        self.app = Starlette(
            routes=[*routes, Mount("/control", routes=control.routes()), *panel.routes()],
            lifespan=self._lifespan,
            exception_handlers={LookupError: _not_found},
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self.catch_up()
        works = (self.importer.run, self.shipping.run) if self.fleet.auto else ()
        running = [asyncio.create_task(work()) for work in works]
        yield
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.importer.close()
        await self.caller.close()
        self.store.close()

    async def catch_up(self) -> None:
        """Live through what was missed: two weeks at the first start, later the time switched off."""
        began_at = self.fleet.started_at - self.fleet.history_days * DAY_S
        for number, spec in enumerate(self.fleet.integrations):
            first_at = began_at + spec.every_s * (number % 7 + 1) / 8
            self.store.add_integration(spec, self.fleet.started_at - _CONNECTED_BEFORE_S, Pulse(first_at))
        self.store.begin_reading(began_at)
        shops = {}
        async with httpx.AsyncClient(base_url=self.shops_url, trust_env=False, timeout=60) as client:
            await _wait_for(client)
            now = self.clock.now()
            for spec in self.fleet.integrations:
                state = self.store.integration(spec.id)
                if spec.system == PUSHED_SYSTEM:
                    continue
                if state is None or state.pulse.next_fetch_at > now - 2 * spec.every_s:
                    continue
                shops[spec.id] = await self._ask_shop(client, spec.shop, state.read_until)
        if shops:
            self.importer.live_through(shops)

    async def _ask_shop(
        self, client: httpx.AsyncClient, shop: str, since: float
    ) -> tuple[list[PastOrder], list[Fault]]:
        """A shop's orders since the last reading, and everything that was ever wrong with it."""
        answer = await client.get(f"/control/shops/{shop}/orders", params={"after": since - DAY_S})
        document = answer.raise_for_status().json()
        faults = [Fault(**fault) for fault in document["faults"]]
        return [_past_order(row) for row in document["orders"]], faults


async def _wait_for(client: httpx.AsyncClient) -> None:
    """Return when the shops answer. Raises httpx.ConnectError when they do not begin to."""
    deadline = asyncio.get_running_loop().time() + _SHOPS_START_WITHIN_S
    while True:
        try:
            await client.get("/control/state")
        except httpx.ConnectError:
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(0.1)
        else:
            return


async def _not_found(_request: Request, error: Exception) -> Response:
    return Response(str(error), 404)


def _past_order(row: list[Any]) -> PastOrder:
    number, name, created, modified, status, _paid, completed, cancelled = row
    gone_at = float(cancelled or modified) if status in NEVER_IMPORTED else float("inf")
    return PastOrder(str(number), name, created, modified, status, completed, gone_at)
