"""WooCommerce's REST API v3 (11.0.1, orders in their own tables) as far as anybody here asks it."""

import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from integrations.sandbox.fleet import FleetSpec, Who
from integrations.sandbox.shops import woo_documents
from integrations.sandbox.shops.life import ShopLife
from integrations.sandbox.shops.pages import HTML, JSON, NO_CACHE, SERVER, Page, apache, home
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order, ShopStore
from integrations.sandbox.shops.woo_auth import Key, Nonces, SignedIn, sign_in
from integrations.sandbox.shops.woo_orders import View, order_json, wanted_fields
from integrations.sandbox.shops.woo_query import STATUSES, InvalidParam, read_order_query

_API = "/wp-json/wc/v3"
_VERBS = {"GET": "view", "HEAD": "view", "POST": "edit", "PUT": "edit", "PATCH": "edit", "DELETE": "delete"}
_REFUSALS = {
    "list": ("view", "Sorry, you cannot list resources."),
    "view": ("view", "Sorry, you cannot view this resource."),
    "create": ("create", "Sorry, you are not allowed to create resources."),
    "edit": ("edit", "Sorry, you are not allowed to edit this resource."),
    "delete": ("delete", "Sorry, you are not allowed to delete this resource."),
}

_WHOLE = "GET, POST, PUT, PATCH, DELETE"
_ALLOWED = {
    ("orders", 1): "GET, POST",
    ("orders", 2): _WHOLE,
    ("orders", 3): "GET, POST",
    ("webhooks", 1): "GET, POST",
    ("webhooks", 2): _WHOLE,
}
_KEYS: tuple[tuple[Who, str, bool], ...] = (
    ("monitor", "read_write", True),
    ("hub", "read_write", True),
    ("read", "read", True),
    ("write", "write", True),
    ("customer", "read_write", False),
)


class WooCommerce:
    """Answers for every WooCommerce shop of the fleet."""

    def __init__(self, fleet: FleetSpec, store: ShopStore, life: ShopLife) -> None:
        self.store = store
        self.life = life
        self._nonces = Nonces()
        self._keys = {
            shop.name: {
                name: Key(secret, permission, has_rights)
                for who, permission, has_rights in _KEYS
                for name, secret in (fleet.woocommerce_key(shop.name, who),)
            }
            for shop in fleet.shops
            if shop.platform == "woocommerce"
        }
        self._views: dict[tuple[str, str], View] = {}

    def answer(self, request: ShopRequest) -> Page:
        if not request.path.startswith("/wp-json"):
            return self._outside_api(request)
        signed_in = sign_in(request, self._usable_keys(request), self._nonces)
        parts = request.path.removeprefix(_API).strip("/").split("/")
        if signed_in.refusal is not None:
            page = _error(request, 401, "woocommerce_rest_authentication_error", signed_in.refusal)
        else:
            try:
                page = self._dispatch(request, signed_in, parts)
            except InvalidParam as error:
                page = _invalid_param(request, error)
        return Page(page.status, page.body, {**page.headers, **_rights_headers(signed_in, parts, page)})

    def _outside_api(self, request: ShopRequest) -> Page:
        if request.method == "TRACE":
            return apache(405, method="TRACE")
        if request.path == "/license.txt":
            return Page(200, b"WordPress - Web publishing software\n", {"Content-Type": "text/plain"})
        if "rest_route" in request.query:  # keys are not read here, although they are right
            return self._refuse(request, "list", NOBODY_STATUS)
        page = home(request.shop.title, SERVER)
        return Page(page.status, page.body, {**page.headers, "Link": _root_link(request)})

    def _usable_keys(self, request: ShopRequest) -> dict[str, Key]:
        keys = self._keys[request.shop.name]
        revoked = self.store.fault(request.shop.name, "credentials_revoked", request.now)
        return {} if revoked else keys

    def _dispatch(self, request: ShopRequest, signed_in: SignedIn, parts: list[str]) -> Page:
        match parts:
            case ["wp-json"]:
                page = _json(request, woo_documents.index(request))
            case ["orders"]:
                page = self._orders(request, signed_in)
            case ["orders", number] if number.isdigit():
                page = self._order(request, signed_in, int(number))
            case ["orders", number, "notes"] if number.isdigit():
                page = self._notes(request, signed_in, int(number))
            case ["webhooks"] | ["webhooks", _]:
                page = self._webhooks(request, signed_in, parts[1:])
            case ["system_status"]:
                page = self._readable(request, signed_in, lambda: woo_documents.system_status(request))
            case ["reports", "orders", "totals"]:
                page = self._readable(request, signed_in, lambda: self._totals(request.shop.name))
            case _ if request.method == "OPTIONS":
                page = _json(request, [])
            case _:
                page = _no_route(request)
        return page

    # The list

    def _orders(self, request: ShopRequest, signed_in: SignedIn) -> Page:
        if request.method == "OPTIONS":
            return _json(request, woo_documents.describe_orders())
        if request.method not in ("GET", "HEAD", "POST"):
            return _no_route(request)
        if request.method == "POST":
            body = self._body(request)
            if body is None:
                return _invalid_json(request)
            refusal = self._right(request, signed_in, "create")
            return refusal or self._create(request, body)
        query = read_order_query(request.query, request.shop.time_zone)
        refusal = self._right(request, signed_in, "list")
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
        wanted, view = wanted_fields(request.query), self._view(request)
        headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
        if query.page < pages:
            repeated = {**request.query, "page": str(query.page + 1)}
            headers["Link"] = f'<{request.base_url}{_API}/orders?{urlencode(repeated)}>; rel="next"'
        elif query.page > 1:
            repeated = {**request.query, "page": str(min(query.page - 1, pages))}
            headers["Link"] = f'<{request.base_url}{_API}/orders?{urlencode(repeated)}>; rel="prev"'
        documents = [order_json(row, view, wanted) for row in rows]
        return _json(request, documents, pruned=True, extra=headers)

    def _create(self, request: ShopRequest, body: Mapping[str, Any]) -> Page:
        status = str(body.get("status", "pending"))
        if status not in STATUSES:
            message = f"status is not one of auto-draft, {', '.join(STATUSES)}."
            raise InvalidParam("status", message, "rest_not_in_enum")
        order = self.life.add_order(request.shop, request.at, status=status)
        document = order_json(order, self._view(request), wanted_fields(request.query))
        return _json(request, document, status=201, pruned=True)

    # One order

    def _order(self, request: ShopRequest, signed_in: SignedIn, order_id: int) -> Page:
        if request.method == "OPTIONS":
            return _json(request, woo_documents.describe_order())
        if request.method not in _VERBS:
            return _no_route(request)
        override = request.headers.get("x-http-method-override", request.method)
        method = request.query.get("_method", override).upper()
        body = self._body(request) if method in ("POST", "PUT", "PATCH") else {}
        if body is None:
            return _invalid_json(request)
        refusal = self._right(request, signed_in, _VERBS.get(method, "view"))
        if refusal:
            return refusal
        order = self.store.get(request.shop.name, order_id)
        if order is None:
            editing = method in ("POST", "PUT", "PATCH")
            status, message = (400, "ID is invalid.") if editing else (404, "Invalid ID.")
            code = "woocommerce_rest_shop_order_invalid_id"
            return _error(request, status, code, message)
        if method in ("POST", "PUT", "PATCH"):
            order = self._edit(request, order, body)
        elif method == "DELETE":
            self.store.change_status(request.shop.name, order_id, "trash", int(request.at))
        document = order_json(order, self._view(request), wanted_fields(request.query))
        return _json(request, document, pruned=True)

    def _edit(self, request: ShopRequest, order: Order, body: Mapping[str, Any]) -> Order:
        status = str(body.get("status", order.status))
        if status not in STATUSES:
            message = f"status is not one of {', '.join(STATUSES)}."
            raise InvalidParam("status", message, "rest_not_in_enum")
        # With order tables even an empty PUT moves the modified stamp.
        self.store.change_status(request.shop.name, order.id, status, int(request.at))
        return self.store.get(request.shop.name, order.id) or order

    def _notes(self, request: ShopRequest, signed_in: SignedIn, order_id: int) -> Page:
        if request.method not in ("GET", "HEAD", "POST"):
            return _no_route(request)
        refusal = self._right(request, signed_in, "list" if request.method != "POST" else "create")
        if refusal:
            return refusal
        order = self.store.get(request.shop.name, order_id)
        if order is None:
            code = "woocommerce_rest_order_invalid_id"
            return _error(request, 404, code, "Invalid order ID.")
        view, status = self._view(request), 200
        if request.method == "POST":
            body = self._body(request) or {}
            if not body.get("note"):
                raise InvalidParam("note", "note is a required property.", "rest_missing_callback_param")
            to_customer = bool(body.get("customer_note", False))
            self.store.add_note(
                order.shop, order.id, int(request.at), "system", str(body["note"]), to_customer=to_customer
            )
            status = 201
        notes = woo_documents.notes(order, self.store.notes(order.shop, order.id), view)
        return _json(request, notes[0] if status == 201 else notes, status=status)

    # The rest

    def _webhooks(self, request: ShopRequest, signed_in: SignedIn, rest: list[str]) -> Page:
        newest = self.store.select(request.shop.name, "1", (), "created DESC, id DESC", 1)
        paused = self.store.fault(request.shop.name, "webhooks_disabled", request.now)
        hooks = woo_documents.webhooks(
            request,
            newest[0].created if newest else None,
            "disabled" if paused else "active",
            self._view(request),
        )
        if not rest:
            return self._readable(request, signed_in, lambda: hooks)
        found = next((hook for hook in hooks if str(hook["id"]) == rest[0]), None)
        refusal = self._right(request, signed_in, "view")
        if refusal or found:
            return refusal or _json(request, found)
        return _error(request, 404, "woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.")

    def _totals(self, shop: str) -> list[dict[str, Any]]:
        totals = self.store.totals(shop)
        return [{"slug": slug, "name": name, "total": totals.get(slug, 0)} for slug, name in STATUSES.items()]

    def _readable(self, request: ShopRequest, signed_in: SignedIn, make: Callable[[], Any]) -> Page:
        if request.method not in ("GET", "HEAD"):
            return _no_route(request)
        return self._right(request, signed_in, "list") or _json(request, make())

    def _right(self, request: ShopRequest, signed_in: SignedIn, deed: str) -> Page | None:
        """None when the user may; else the refusal."""
        if signed_in.key is None:
            return self._refuse(request, deed, NOBODY_STATUS)
        return None if signed_in.key.has_rights else self._refuse(request, deed, 403)

    def _refuse(self, request: ShopRequest, deed: str, status: int) -> Page:
        verb, message = _REFUSALS[deed]
        return _error(request, status, f"woocommerce_rest_cannot_{verb}", message)

    def _view(self, request: ShopRequest) -> View:
        key = (request.shop.name, request.base_url)
        if key not in self._views:
            self._views[key] = View(request.base_url, request.shop.time_zone)
        return self._views[key]

    def _body(self, request: ShopRequest) -> Mapping[str, Any] | None:
        """The JSON object sent; None when it is not JSON."""
        try:
            body = request.json()
        except orjson.JSONDecodeError:
            return None
        return body if isinstance(body, dict) else {}


NOBODY_STATUS = 401


def _root_link(request: ShopRequest) -> str:
    return f'<{quote(request.base_url, safe=":/")}/wp-json/>; rel="https://api.w.org/"'


def _rights_headers(signed_in: SignedIn, parts: list[str], page: Page) -> dict[str, str]:
    """What is added once a user is known: no caching, and what may be done here."""
    if signed_in.key is None:
        return {"Allow": "GET"} if parts == ["wp-json"] else {}
    headers = {"Cache-Control": NO_CACHE}
    known_route = page.status != 404 or b"rest_no_route" not in page.body
    if known_route and signed_in.refusal is None and (signed_in.key.has_rights or parts == ["wp-json"]):
        headers["Allow"] = _ALLOWED.get((parts[0], len(parts)), "GET")
    return headers


def _json(
    request: ShopRequest,
    document: Any,
    *,
    status: int = 200,
    pruned: bool = False,
    extra: Mapping[str, str] | None = None,
) -> Page:
    if not pruned:
        document = woo_documents.prune(document, request.query.get("_fields", ""))
    return Page(status, orjson.dumps(document), {**_headers(request), **(extra or {})})


def _error(request: ShopRequest, status: int, code: str, message: str) -> Page:
    document = {"code": code, "message": message, "data": {"status": status}}
    return Page(status, orjson.dumps(document), _headers(request))


def _no_route(request: ShopRequest) -> Page:
    message = "No route was found matching the URL and request method."
    return _error(request, 404, "rest_no_route", message)


def _invalid_json(request: ShopRequest) -> Page:
    data = {"status": 400, "json_error_code": 4, "json_error_message": "Syntax error"}
    document = {"code": "rest_invalid_json", "message": "Invalid JSON body passed.", "data": data}
    return Page(400, orjson.dumps(document), _headers(request))


def _invalid_param(request: ShopRequest, error: InvalidParam) -> Page:
    details = {error.name: {"code": error.code, "message": error.message, "data": None}}
    data = {"status": 400, "params": {error.name: error.message}, "details": details}
    message = f"Invalid parameter(s): {error.name}"
    document = {"code": "rest_invalid_param", "message": message, "data": data}
    return Page(400, orjson.dumps(document), _headers(request))


def _headers(request: ShopRequest) -> dict[str, str]:
    return {
        "Server": SERVER,
        "X-Robots-Tag": "noindex",
        "Link": _root_link(request),
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
        "Access-Control-Allow-Headers": (
            "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type"
        ),
        "Content-Type": JSON,
    }


def rewrite_gone(request: ShopRequest) -> Page:
    """The rewrite rules are missing: Apache answers, WordPress never hears of it."""
    if request.method == "OPTIONS":
        return Page(200, b"", {"Server": SERVER, "Allow": "GET,POST,OPTIONS,HEAD"})
    if request.path in ("/", ""):
        return Page(200, home(request.shop.title, SERVER).body, {"Server": SERVER, "Content-Type": HTML})
    return apache(404)
