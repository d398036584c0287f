"""WooCommerce's REST API v3 (11.0.1, orders in their own tables) as far as anybody here asks it."""

import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import FleetSpec, Who
from integrations.sandbox.shops import woo_answers as answers
from integrations.sandbox.shops import woo_documents
from integrations.sandbox.shops.life import ShopLife
from integrations.sandbox.shops.pages import SERVER, Page, apache, home
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order, ShopStore
from integrations.sandbox.shops.woo_auth import Key, Nonces, SignedIn, sign_in
from integrations.sandbox.shops.woo_orders import View, order_json, wanted_fields
from integrations.sandbox.shops.woo_query import InvalidParam, read_order_query, statuses_of
from integrations.sandbox.shops.woo_shipping import PLUGINS, WooShipping
from integrations.sandbox.shops.woo_store import WooData
from integrations.sandbox.shops.woo_webhooks import Deliveries, WooWebhooks, connect_hub

_VERBS = {"GET": "view", "HEAD": "view", "POST": "edit", "PUT": "edit", "PATCH": "edit", "DELETE": "delete"}
_KEYS: tuple[tuple[Who, str, bool, bool], ...] = (
    ("monitor", "read_write", True, True),
    ("hub", "read_write", True, True),
    ("read", "read", True, True),
    ("write", "write", True, True),
    ("customer", "read_write", False, False),
    ("clerk", "read_write", True, False),
)


class WooCommerce:
    """Answers for every WooCommerce shop of the fleet."""

    def __init__(self, fleet: FleetSpec, store: ShopStore, life: ShopLife, clock: Clock) -> None:
        self.fleet = fleet
        self.store = store
        self.life = life
        self.data = WooData(store.database)
        connect_hub(fleet, self.data)
        self._deliveries = Deliveries(store, self.data, life, clock, self._view)
        self._shipping = WooShipping(store, self.data)
        self._webhooks = WooWebhooks(store, self.data)
        self._nonces = Nonces()
        self._keys = {
            shop.name: {
                name: Key(secret, permission, has_rights, manages)
                for who, permission, has_rights, manages in _KEYS
                for name, secret in (fleet.woocommerce_key(shop.name, who),)
            }
            for shop in fleet.shops
            if shop.platform == "woocommerce"
        }
        self._views: dict[tuple[str, str], View] = {}

    async def run(self) -> None:
        """For ever: deliver webhooks."""
        await self._deliveries.run()

    def answer(self, request: ShopRequest) -> Page:
        if request.method == "TRACE":
            return apache(405, method="TRACE")
        path = request.path.removeprefix("/index.php")
        if not path.startswith("/wp-json"):
            return self._outside_api(request)
        stripped = self.store.fault(request.shop.name, "header_stripped", request.now) is not None
        keys = self._usable_keys(request)
        signed_in = sign_in(request, keys, self._nonces, header_stripped=stripped)
        parts = path.removeprefix(answers.API).strip("/").split("/")
        if signed_in.refusal is not None:
            page = answers.error(request, 401, "woocommerce_rest_authentication_error", signed_in.refusal)
        else:
            try:
                page = self._dispatch(request, signed_in, parts)
            except InvalidParam as error:
                page = answers.invalid_param(request, error)
        return Page(
            page.status, page.body, {**page.headers, **answers.rights_headers(signed_in, parts, page)}
        )

    def _outside_api(self, request: ShopRequest) -> Page:
        if request.path == "/license.txt":
            return Page(200, b"WordPress - Web publishing software\n", {"Content-Type": "text/plain"})
        if request.query.get("rest_route") == "/":
            return answers.json_page(request, woo_documents.index(request))
        if "rest_route" in request.query:  # keys are not read here, although they are right
            return answers.refuse(request, "list", answers.NOBODY_STATUS)
        page = home(request.shop.title, SERVER)
        return Page(page.status, page.body, {**page.headers, "Link": answers.root_link(request)})

    def _usable_keys(self, request: ShopRequest) -> dict[str, Key]:
        keys = self._keys[request.shop.name]
        revoked = self.store.fault(request.shop.name, "credentials_revoked", request.now)
        return {} if revoked else keys

    def _dispatch(self, request: ShopRequest, signed_in: SignedIn, parts: list[str]) -> Page:
        match parts:
            case ["wp-json"]:
                page = answers.json_page(request, woo_documents.index(request))
            case ["orders"]:
                page = self._orders(request, signed_in)
            case ["orders", number] if number.isdigit():
                page = self._order(request, signed_in, int(number))
            case ["orders", number, "notes"] if number.isdigit():
                page = self._shipping.notes(request, signed_in, int(number), self._view_of(request))
            case ["orders", number, "fulfillments"] if number.isdigit():
                page = self._shipping.fulfilments(request, signed_in, int(number))
            case ["wp-json", plugin, "v3", "orders", number, "shipment-trackings"] if (
                number.isdigit() and plugin in PLUGINS
            ):
                page = self._shipping.trackings(request, signed_in, plugin, int(number))
            case ["webhooks"] | ["webhooks", _]:
                page = self._webhooks.answer(request, signed_in, parts[1:], self._view_of(request))
            case ["system_status"]:
                page = self._readable(request, signed_in, self._system_status, managing=True)
            case ["reports", "orders", "totals"]:
                page = self._readable(request, signed_in, self._totals)
            case _ if request.method == "OPTIONS":
                page = answers.json_page(request, [])
            case _:
                page = answers.no_route(request)
        return page

    # The list

    def _orders(self, request: ShopRequest, signed_in: SignedIn) -> Page:
        if request.method == "OPTIONS":
            return answers.json_page(request, woo_documents.describe_orders(request.shop))
        if request.method not in ("GET", "HEAD", "POST"):
            return answers.no_route(request)
        if request.method == "POST":
            body = answers.body_of(request)
            if body is None:
                return answers.invalid_json(request)
            refusal = answers.refused(request, signed_in, "create")
            return refusal or self._create(request, body)
        query = read_order_query(request.query, request.shop.time_zone, [*statuses_of(request.shop)])
        refusal = answers.refused(request, signed_in, "list")
        if refusal:
            return refusal
        shop = request.shop.name
        rows = self.store.select(
            shop, query.where, query.values, query.order_by, query.per_page, offset=query.offset
        )
        total = self.store.count(shop, query.where, query.values)
        if not rows and query.page > 1 and not request.shop.posts_storage:
            total = 0  # past the end, order tables report no totals
        pages = math.ceil(total / query.per_page)
        wanted, view = wanted_fields(request.query), self._view_of(request)
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
        if query.page < pages:
            repeated = {**request.query, "page": str(query.page + 1)}
            headers["Link"] = f'<{request.base_url}{answers.API}/orders?{urlencode(repeated)}>; rel="next"'
        elif query.page > 1:
            repeated = {**request.query, "page": str(min(query.page - 1, pages))}
            headers["Link"] = f'<{request.base_url}{answers.API}/orders?{urlencode(repeated)}>; rel="prev"'
        documents = [order_json(row, view, wanted) for row in rows]
        return answers.json_page(request, documents, pruned=True, extra=headers)

    def _create(self, request: ShopRequest, body: Mapping[str, Any]) -> Page:
        status, known = str(body.get("status", "pending")), statuses_of(request.shop)
        if status not in known:
            message = f"status is not one of auto-draft, {', '.join(known)}."
            raise InvalidParam("status", message, "rest_not_in_enum")
        order = self.life.add_order(request.shop, request.at, status=status)
        document = order_json(order, self._view_of(request), wanted_fields(request.query))
        return answers.json_page(request, document, status=201, pruned=True)

    # One order

    def _order(self, request: ShopRequest, signed_in: SignedIn, order_id: int) -> Page:
        if request.method == "OPTIONS":
            return answers.json_page(request, woo_documents.describe_order())
        if request.method not in _VERBS:
            return answers.no_route(request)
        override = request.headers.get("x-http-method-override", request.method)
        method = request.query.get("_method", override).upper()
        body = answers.body_of(request) if method in ("POST", "PUT", "PATCH") else {}
        if body is None:
            return answers.invalid_json(request)
        refusal = answers.refused(request, signed_in, _VERBS.get(method, "view"))
        if refusal:
            return refusal
        order = self.store.get(request.shop.name, order_id)
        if order is None:
            editing = method in ("POST", "PUT", "PATCH")
            status, message = (400, "ID is invalid.") if editing else (404, "Invalid ID.")
            code = "woocommerce_rest_shop_order_invalid_id"
            return answers.error(request, status, code, message)
        if method in ("POST", "PUT", "PATCH"):
            order = self._edit(request, order, body)
        elif method == "DELETE":
            self.store.change_status(request.shop.name, order_id, "trash", int(request.at))
        document = order_json(order, self._view_of(request), wanted_fields(request.query))
        return answers.json_page(request, document, pruned=True)

    def _edit(self, request: ShopRequest, order: Order, body: Mapping[str, Any]) -> Order:
        status, known = str(body.get("status", order.status)), statuses_of(request.shop)
        if "status" in body and status not in known:
            message = f"status is not one of {', '.join(known)}."
            raise InvalidParam("status", message, "rest_not_in_enum")
        meta = body.get("meta_data", [])
        self.data.set_meta(order.shop, order.id, [entry for entry in meta if "key" in entry])
        # With order tables even an empty PUT moves the modified stamp.
        moves = not request.shop.posts_storage
        self.data.edit(order.shop, order.id, status, int(request.at), moves=moves)
        return self.store.get(order.shop, order.id) or order

    # The rest

    def _totals(self, request: ShopRequest) -> list[dict[str, Any]]:
        totals = self.store.totals(request.shop.name)
        known = statuses_of(request.shop)
        return [{"slug": slug, "name": name, "total": totals.get(slug, 0)} for slug, name in known.items()]

    def _system_status(self, request: ShopRequest) -> dict[str, Any]:
        stopped = self.store.fault(request.shop.name, "cron_stopped", request.now) is not None
        return woo_documents.system_status(request, wp_cron=not stopped)

    def _readable(
        self,
        request: ShopRequest,
        signed_in: SignedIn,
        make: Callable[[ShopRequest], Any],
        *,
        managing: bool = False,
    ) -> Page:
        if request.method not in ("GET", "HEAD"):
            return answers.no_route(request)
        refusal = answers.refused(request, signed_in, "list", managing=managing)
        return refusal or answers.json_page(request, make(request))

    def _view_of(self, request: ShopRequest) -> View:
        return self._view(request.shop.name, request.base_url)

    def _view(self, shop: str, base_url: str) -> View:
        key = (shop, base_url)
        if key not in self._views:
            self._views[key] = View(base_url, self.fleet.shop(shop).time_zone, self.data.meta)
        return self._views[key]
