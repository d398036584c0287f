"""Steering the shops: a JSON API for tests and one plain page for people."""

from html import escape
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.clock import Clock, iso, parse_iso
from integrations.sandbox.fleet import Fault, FleetSpec, ShopSpec
from integrations.sandbox.server import page_style
from integrations.sandbox.shops.life import ShopLife
from integrations.sandbox.shops.store import ShopStore

COMMON_FAULTS = (
    "firewall",
    "method_refused",
    "credentials_revoked",
    "server_error",
    "slow",
    "hang",
    "early_close",
    "truncated",
    "clock_skew",
)
WOO_FAULTS = ("permalinks_plain", "header_stripped", "webhooks_disabled", "cron_stopped")
MAGENTO_FAULTS = ("bearer_off", "header_lost", "tracking_lost", "tracks_dropped")
PRESTA_FAULTS = (
    "webservice_off",
    "header_stripped",
    "rewrite_gone",
    "wrong_host",
    "right_lost",
    "tracking_lost",
)
FAULTS = {
    "prestashop": ("maintenance", *COMMON_FAULTS, "database_down", *PRESTA_FAULTS),
    "magento": ("maintenance", *COMMON_FAULTS, "database_down", *MAGENTO_FAULTS),
    "woocommerce": ("maintenance", *COMMON_FAULTS, "database_down", "rewrite_gone", *WOO_FAULTS),
    "shopify": (
        *COMMON_FAULTS,
        "throttled",
        "shop_frozen",
        "shop_locked",
        "security_rejection",
        "scope_lost",
        "scope_missing",
        "grant_not_permitted",
        "version_retired",
        "protected_data",
        "protected_fields",
        "tracking_lost",
        "webhooks_deleted",
    ),
}


def json_response(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")


class ShopControl:
    def __init__(self, fleet: FleetSpec, store: ShopStore, clock: Clock, life: ShopLife) -> None:
        self.shops = {shop.name: shop for shop in fleet.shops}
        self.store = store
        self.clock = clock
        self.life = life

    def routes(self) -> list[Route]:
        return [
            Route("/state", self.state),
            Route("/clock", self.set_clock, methods=["POST"]),
            Route("/shops/{shop}/orders", self.orders),
            Route("/shops/{shop}/orders", self.add_orders, methods=["POST"]),
            Route("/shops/{shop}/orders/{order:int}", self.change_order, methods=["PUT"]),
            Route("/shops/{shop}/labels", self.add_labels, methods=["POST"]),
            Route("/shops/{shop}/faults/{fault}", self.set_fault, methods=["PUT", "POST"]),
            Route("/shops/{shop}/faults/{fault}", self.end_fault, methods=["DELETE"]),
        ]

    async def state(self, _request: Request) -> Response:
        self.life.catch_up()
        now = self.clock.now()
        shops = {
            name: {
                "platform": shop.platform,
                "orders": self.store.count(name),
                "faults": [fault.name for fault in self._active(name, now)],
            }
            for name, shop in self.shops.items()
        }
        return json_response({"now": iso(now), "frozen": self.clock.frozen_at is not None, "shops": shops})

    def _active(self, shop: str, now: float) -> list[Fault]:
        return [fault for fault in self.store.faults(shop) if fault.active(now)]

    async def set_clock(self, request: Request) -> Response:
        """``{"now": ISO}`` stops it there, ``{"advance_s": n}`` moves it, ``{"run": true}`` lets it go."""
        body = await request.json()
        try:
            move_clock(self.clock, body)
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        self.store.set_meta("clock", self.clock.to_json())
        self.life.catch_up()
        return json_response({"now": iso(self.clock.now())})

    def _shop(self, request: Request) -> ShopSpec:
        return self.shops[request.path_params["shop"]]

    async def orders(self, request: Request) -> Response:
        """Every order after ``after`` (epoch, exclusive, by creation), oldest first, with the shop's faults.

        A row is [id, number, created, modified, status, paid, completed, cancelled].
        """
        shop = self._shop(request)
        self.life.catch_up()
        after = float(request.query_params.get("after", 0))
        rows = self.store.select(shop.name, "created > ?", (after,), "created, id", -1)
        orders = [
            [o.id, o.number, o.created, o.modified, o.status, o.paid, o.completed, o.cancelled] for o in rows
        ]
        faults = [
            {"name": f.name, "params": f.params, "since": f.since, "until": f.until}
            for f in self.store.faults(shop.name)
        ]
        return json_response({"orders": orders, "faults": faults})

    async def add_orders(self, request: Request) -> Response:
        """``{"at": ISO or absent, "status": "processing", "count": 1}``; answers the new orders' ids."""
        body = await request.json()
        shop = self._shop(request)
        at = parse_iso(body["at"]) if body.get("at") else self.clock.now()
        status = body.get("status", "processing")
        ids = [self.life.add_order(shop, at, status=status).id for _ in range(int(body.get("count", 1)))]
        return json_response({"ids": ids}, 201)

    async def change_order(self, request: Request) -> Response:
        """``{"status": ...}``"""
        body = await request.json()
        order_id = request.path_params["order"]
        self.store.change_status(self._shop(request).name, order_id, body["status"], int(self.clock.now()))
        return json_response({"id": order_id, "status": body["status"]})

    async def add_labels(self, request: Request) -> Response:
        """``{"ids": [...]}``: the hub has these orders; a shop that uses a hub sends no others."""
        body = await request.json()
        with self.store.database:
            self.store.database.execute("BEGIN IMMEDIATE")
            self.store.add_labels(self._shop(request).name, (int(number) for number in body["ids"]))
        return json_response({})

    async def set_fault(self, request: Request) -> Response:
        """The body (or the page's form) holds the fault's parameters; ``for_s`` ends it by itself."""
        shop, name = self._shop(request), request.path_params["fault"]
        if name not in FAULTS[shop.platform]:
            known = ", ".join(FAULTS[shop.platform])
            return json_response({"error": f"No such fault. There are {known}."}, 404)
        params, from_page = await read_params(request)
        now = self.clock.now()
        if params.pop("off", None):
            self.store.end_fault(shop.name, name, now)
        else:
            for_s = params.pop("for_s", None)
            until = now + float(for_s) if for_s else None
            self.store.start_fault(shop.name, Fault(name, params, now, until))
        return RedirectResponse("/", 303) if from_page else json_response({"fault": name, "since": iso(now)})

    async def end_fault(self, request: Request) -> Response:
        self.store.end_fault(self._shop(request).name, request.path_params["fault"], self.clock.now())
        return json_response({})

    async def page(self, _request: Request) -> Response:
        """All shops with their faults as buttons."""
        self.life.catch_up()
        now = self.clock.now()
        rows = "".join(self._row(shop, now) for shop in self.shops.values())
        return HTMLResponse(
            f"<!doctype html><title>Sandbox shops</title>{page_style()}"
            f"<h1>Sandbox shops</h1><p>{iso(now)}</p>"
            "<table><tr><th>Shop<th>Platform<th>Zone<th>Orders<th>Wrong with it<th>Switch</tr>"
            f"{rows}</table>"
        )

    def _row(self, shop: ShopSpec, now: float) -> str:
        active = {fault.name for fault in self._active(shop.name, now)}
        buttons = "".join(
            f'<form method="post" action="/control/shops/{shop.name}/faults/{name}">'
            + ('<input type="hidden" name="off" value="1">' if name in active else "")
            + f"<button>{'end ' if name in active else ''}{name.replace('_', ' ')}</button></form> "
            for name in FAULTS[shop.platform]
        )
        wrong = ", ".join(sorted(active)).replace("_", " ")
        return (
            f"<tr><td>{escape(shop.title)}<br><small>{shop.name}</small><td>{shop.platform}<td>{shop.time_zone}"
            f'<td class="n">{self.store.count(shop.name)}<td class="bad">{wrong}<td>{buttons}</tr>'
        )


async def read_params(request: Request) -> tuple[dict[str, Any], bool]:
    """(the body's JSON object or form fields, whether it was a page's form)"""
    body = await request.body()
    if "form" in request.headers.get("content-type", ""):
        return dict(parse_qsl(body.decode())), True
    return (dict(orjson.loads(body)) if body else {}), False


def move_clock(clock: Clock, body: dict[str, Any]) -> None:
    """Raises ValueError when the clock would go back."""
    if body.get("now"):
        clock.freeze(parse_iso(body["now"]))
    if body.get("advance_s"):
        clock.advance(float(body["advance_s"]))
    if body.get("run"):
        clock.run()
