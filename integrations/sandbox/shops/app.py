"""The shops process: one port, many shops, each below its own path."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from email.utils import formatdate
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from integrations.sandbox.braze.api import BrazeApi
from integrations.sandbox.clock import Clock
from integrations.sandbox.cloudflare.app import cloudflare_of
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.server import hang_up
from integrations.sandbox.shops import magento_documents, pages, prestashop
from integrations.sandbox.shops.control import ShopControl
from integrations.sandbox.shops.life import ShopLife
from integrations.sandbox.shops.magento import Magento
from integrations.sandbox.shops.pages import Page
from integrations.sandbox.shops.prestashop import PrestaShop
from integrations.sandbox.shops.request import ShopRequest, read_request
from integrations.sandbox.shops.shopify import Shopify
from integrations.sandbox.shops.store import ShopStore
from integrations.sandbox.shops.woo_answers import permalinks_plain, rewrite_gone
from integrations.sandbox.shops.woocommerce import WooCommerce


class Platform(Protocol):
    """A shop system."""

    def answer(self, request: ShopRequest) -> Page: ...


@runtime_checkable
class Announces(Protocol):
    """A shop system that does something by itself, for example deliver webhooks."""

    async def run(self) -> None:
        """For ever."""


class ShopsProcess:
    """Everything the process holds."""

    def __init__(self, fleet: FleetSpec, state: Path) -> None:
        self.fleet = fleet
        self.store = ShopStore(state / "shops.sqlite3")
        saved = self.store.meta("clock") or {"frozen_at": fleet.started_at if fleet.frozen else None}
        self.clock = Clock(**saved)
        self.life = ShopLife(fleet, self.store, self.clock)
        self.life.begin()
        self.platforms: dict[str, Platform] = {
            "magento": Magento(fleet, self.store),
            "prestashop": PrestaShop(fleet, self.store, self.life),
            "woocommerce": WooCommerce(fleet, self.store, self.life, self.clock),
            "shopify": Shopify(fleet, self.store, self.clock),
        }
        self.shops = {shop.name: shop for shop in fleet.shops}
        control = ShopControl(fleet, self.store, self.clock, self.life)
        self.app = Starlette(
            routes=[
                Mount("/control", routes=control.routes()),
                Route("/", control.page),
                Mount("/braze", routes=BrazeApi(fleet, self.store, self.clock, self.life).routes()),
                Mount("/cloudflare", routes=cloudflare_of(fleet, self.store, self.clock).routes()),
                Mount("/", app=self.serve_shop),
            ],
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        busy = [platform.run() for platform in self.platforms.values() if isinstance(platform, Announces)]
        running = [asyncio.create_task(work) for work in (self.life.run(), *busy)]
        yield
        for task in running:
            task.cancel()
        for task in running:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.store.close()

    async def serve_shop(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request to one shop: what stands in front of it, what is wrong with it, then itself."""
        shop = self.shops.get(scope["path"].lstrip("/").split("/", 1)[0])
        if shop is None:
            await Response("No such shop.", 404)(scope, receive, send)
            return
        now = self.clock.now()
        at = now + self.life.skew_s(shop.name, now)
        request = await read_request(Request(scope, receive), shop, now=now, at=at)
        for name, default_s in (("slow", 5.0), ("hang", 120.0)):
            waiting = self._fault(request, name)
            if waiting is not None:
                await asyncio.sleep(float(waiting.get("seconds", default_s)))
        if self._any_fault(request, "hang", "early_close"):
            await hang_up(scope)
            return
        page = self._in_front(request) or self._answer(request)
        headers = {"Date": formatdate(at, usegmt=True), **page.headers}
        if self._any_fault(request, "truncated"):
            await _send_half(page, headers, scope, send)
            return
        await Response(page.body, page.status, headers)(scope, receive, send)

    def _fault(self, request: ShopRequest, name: str) -> dict[str, Any] | None:
        """The parameters of an active fault. ``user_agent`` limits it to clients whose name holds that."""
        fault = self.store.fault(request.shop.name, name, request.now)
        if fault is None or str(fault.params.get("user_agent", "")) not in request.user_agent:
            return None
        return fault.params

    def _any_fault(self, request: ShopRequest, *names: str) -> bool:
        return any(self._fault(request, name) is not None for name in names)

    def _in_front(self, request: ShopRequest) -> Page | None:
        """A firewall or a broken server, if one answers instead of the shop."""
        firewall = self._fault(request, "firewall")
        if firewall is not None and str(firewall.get("pattern", "Sendcloud")) in request.user_agent:
            return pages.FIREWALLS[str(firewall.get("style", "nginx"))]()
        refused = self._fault(request, "method_refused")
        if refused is not None and request.method in str(refused.get("methods", "PUT")).split(","):
            style = str(refused.get("style", "nginx"))
            return pages.apache(403) if style == "apache" else pages.nginx(405)
        for name, page in _BREAKDOWNS[request.shop.platform].items():
            if self._any_fault(request, name):
                return page(request)
        return None

    def _answer(self, request: ShopRequest) -> Page:
        self.life.catch_up()
        return self.platforms[request.shop.platform].answer(request)


def _maintenance(request: ShopRequest) -> Page | None:
    """Static files are still served."""
    return None if request.path == "/license.txt" else pages.wordpress_maintenance(request.accept)


def _shopify_down(_request: ShopRequest) -> Page:
    return Page(
        503,
        b"<html><body>Service Unavailable</body></html>",
        {"Content-Type": pages.HTML, "Server": "cloudflare"},
    )


_BREAKDOWNS: dict[str, dict[str, Callable[[ShopRequest], Page | None]]] = {
    "magento": {
        "maintenance": magento_documents.maintenance,
        "database_down": magento_documents.database_down,
        "server_error": magento_documents.broken,
    },
    "prestashop": {
        "maintenance": prestashop.maintenance,
        "database_down": prestashop.database_down,
        "server_error": prestashop.crashed,
    },
    "woocommerce": {
        "maintenance": _maintenance,
        "database_down": lambda request: pages.wordpress_database_down(request.accept),
        "server_error": lambda request: pages.wordpress_fatal(request.accept),
        "rewrite_gone": rewrite_gone,
        "permalinks_plain": permalinks_plain,
    },
    "shopify": {"server_error": _shopify_down},
}
"""What can be broken in front of a shop's application, by platform. None: the request goes through."""


async def _send_half(page: Page, headers: dict[str, str], scope: Scope, send: Send) -> None:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    raw.append((b"content-length", str(len(page.body)).encode()))
    await send({"type": "http.response.start", "status": page.status, "headers": raw})
    await send({"type": "http.response.body", "body": page.body[: len(page.body) // 2], "more_body": True})
    await asyncio.sleep(0.05)
    await hang_up(scope)
