"""Magento 2's REST API (Open Source 2.4.7) as far as anybody here asks it."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

import orjson

from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.shops import magento_documents as documents
from integrations.sandbox.shops.magento_auth import (
    ANY,
    COMMENT,
    CREATE,
    PRODUCTS,
    SHIP,
    SHIPMENT,
    STORE,
    VIEW,
    Refused,
    SignIn,
)
from integrations.sandbox.shops.magento_search import (
    SearchMissing,
    UnknownField,
    prune,
    read_fields,
    read_search,
)
from integrations.sandbox.shops.magento_shipments import NotShippable, Shipments
from integrations.sandbox.shops.pages import Page, apache, home
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order, ShopStore

_VERBS = ("GET", "POST", "PUT", "DELETE")
_API = re.compile(r"(?:/index\.php)?/rest(/.*|$)")
_STORES = ("default", "all")


def _case(part: int) -> str:
    found = " ".join(f"WHEN '{ours}' THEN '{theirs[part]}'" for ours, theirs in documents.STATES.items())
    return f"(CASE status {found} ELSE status END)"


COLUMNS = {
    "entity_id": "id",
    "increment_id": "number",
    "created_at": "created",
    "updated_at": "modified",
    "state": _case(0),
    "status": _case(1),
    "store_id": "1",
    "grand_total": "(total / 100.0)",
}
_MODULES = ["Magento_Store", "Magento_Config", "Magento_Directory", "Magento_Sales", "Magento_Integration"]
_SCHEMA = {
    "securityDefinitions": {"api_key": {"type": "apiKey", "name": "api_key", "in": "header"}},
    "swagger": "2.0",
    "info": {"version": "2.4", "title": "Magento Community"},
    "host": "shop.example",
    "basePath": "/rest/all",
    "schemes": ["http"],
    "definitions": {},
}
_GONE = Refused(404, "The entity that was requested doesn't exist. Verify the entity and try again.")
_NO_ID = Refused(400, "An ID is needed. Set the ID and try again.")
_NO_ROUTE = Refused(404, "Request does not match any route.")


def _required(name: str) -> Refused:
    return Refused(400, '"%fieldName" is required. Enter and try again.', {"fieldName": name})


Handler = Callable[["Magento", ShopRequest, str], Any]


class Magento:
    """Answers for every Magento shop of the fleet."""

    def __init__(self, fleet: FleetSpec, store: ShopStore) -> None:
        self.store = store
        self.shipments = Shipments(store)
        self._sign_in = SignIn(fleet)

    def answer(self, request: ShopRequest) -> Page:
        api = _API.fullmatch(request.path)
        if api:
            return self._rest(request, api[1])
        if request.path == "/magento_version":
            return Page(
                200, b"Magento/2.4 (Community)", {**documents.HEADERS, "Content-Type": documents.HTML}
            )
        if request.path == "/health_check.php":
            return Page(200, b"", {**documents.HEADERS, "Content-Type": documents.HTML})
        if request.path == "/":
            return home(request.shop.title, "Apache")
        return documents.not_found()

    def _rest(self, request: ShopRequest, path: str) -> Page:
        """Checks in Magento's order: verb, route, credentials, parameters."""
        write = _writer(request.accept)
        if request.method == "TRACE":
            return apache(405, method="TRACE")
        if write is None:
            return documents.broken(request)
        if request.method == "HEAD":
            return Page(405, b"", write({}).headers)
        try:
            if request.method not in _VERBS:
                raise Refused(405, f"The {request.method} HTTP method is not supported.")
            if path == "/all/schema":
                return Page(200, orjson.dumps(_SCHEMA), {**_HEADERS, "Content-Type": "application/json"})
            found = self._route(request, path)
        except Refused as refusal:
            document: dict[str, Any] = {"message": refusal.message}
            if refusal.parameters:
                document["parameters"] = refusal.parameters
            page = write(document)
            return Page(refusal.status, page.body, page.headers)
        return write(found)

    def _route(self, request: ShopRequest, path: str) -> Any:
        first, _, rest = path.strip("/").partition("/")
        if first in _STORES:
            first, _, rest = rest.partition("/")
        elif first != "V1":
            raise Refused(400, "Specified request cannot be processed.")
        for method, pattern, right, handler in _ROUTES:
            match = re.fullmatch(pattern, rest.rstrip("/"))
            if first == "V1" and method == request.method and match:
                self._check_right(request, right)
                argument = match[1] if match.groups() else ""
                found = handler(self, request, argument)
                wanted = request.query.get("fields")
                return prune(found, read_fields(wanted)) if wanted and request.method == "GET" else found
        raise _NO_ROUTE

    def _check_right(self, request: ShopRequest, right: str) -> None:
        name = request.shop.name
        if self.store.fault(name, "header_lost", request.now):
            rights: frozenset[str] = frozenset()
        else:
            rights = self._sign_in.rights(
                request,
                is_revoked=self.store.fault(name, "credentials_revoked", request.now) is not None,
                bearer=self.store.fault(name, "bearer_off", request.now) is None,
            )
        if right not in rights and not (right == ANY and rights):
            message = "The consumer isn't authorized to access %resources."
            raise Refused(401, message, {"resources": right})

    # Orders

    def orders(self, request: ShopRequest, _argument: str) -> Any:
        search = _search(request)
        try:
            where, values, order_by, limit, offset = search.sql(COLUMNS)
        except UnknownField:
            raise _internal() from None
        shop = request.shop.name
        rows = self.store.select(shop, where, values, order_by, limit, offset=offset)
        return {
            "items": [documents.order_json(row) for row in rows],
            "search_criteria": search.echo(),
            "total_count": self.store.count(shop, where, values),
        }

    def order(self, request: ShopRequest, argument: str) -> Any:
        return documents.order_json(self._order(request, argument))

    def comments(self, request: ShopRequest, argument: str) -> Any:
        order = self._order(request, argument)
        filters = [{"field": "parent_id", "value": argument, "condition_type": "eq"}]
        return {
            "items": [documents.history_json(order)],
            "search_criteria": {"filter_groups": [{"filters": filters}]},
            "total_count": 1,
        }

    def add_comment(self, request: ShopRequest, argument: str) -> Any:
        """Leaves the order's stamp as it is."""
        order, body = self._order(request, argument), _body(request)
        text = str(body.get("statusHistory", {}).get("comment", ""))
        self.store.add_note(order.shop, order.id, int(request.at), "admin", text, to_customer=False)
        return True

    def _order(self, request: ShopRequest, argument: str) -> Order:
        if not argument.isdigit():
            wanted = 'The "int" type was expected. Verify and try again.'
            raise Refused(400, f'The "{argument}" value\'s type is invalid. {wanted}')
        if int(argument) == 0:
            raise _NO_ID
        order = self.store.get(request.shop.name, int(argument))
        if order is None:
            raise _GONE
        return order

    # Shipments

    def ship(self, request: ShopRequest, argument: str) -> Any:
        """Without a body everything is shipped, without a track."""
        body = _body(request)
        order = self._order(request, argument)
        dropped = self.store.fault(order.shop, "tracks_dropped", request.now)
        tracks = [] if dropped else body.get("tracks") or []
        try:
            return str(self.shipments.ship(order, tracks, int(request.at)))
        except NotShippable as refusal:
            raise Refused(400, str(refusal)) from None

    def list_shipments(self, request: ShopRequest, _argument: str) -> Any:
        search = _search(request)
        try:
            items, total = self.shipments.search(request.shop.name, search)
        except UnknownField:
            raise _internal() from None
        return {"items": items, "search_criteria": search.echo(), "total_count": total}

    def shipment(self, request: ShopRequest, argument: str) -> Any:
        found = self.shipments.get(request.shop.name, int(argument))
        if found is None:
            raise _GONE
        return found

    def add_track(self, request: ShopRequest, _argument: str) -> Any:
        entity = _body(request).get("entity")
        if not isinstance(entity, dict):
            raise _required("entity")
        try:
            return self.shipments.add_track(entity, request.shop.name, int(request.at))
        except NotShippable as refusal:
            raise Refused(400, str(refusal)) from None

    def mail(self, request: ShopRequest, argument: str) -> Any:
        """The buyer's mail stands as a note of the order, so that tests see it."""
        found = self.shipment(request, argument)
        at, shop = int(request.at), request.shop.name
        self.store.add_note(shop, found["order_id"], at, "mail", "shipment", to_customer=True)
        return True

    # The rest

    def configs(self, request: ShopRequest, _argument: str) -> Any:
        return [documents.store_config(request.shop, request.base_url)]

    def modules(self, _request: ShopRequest, _argument: str) -> Any:
        return _MODULES

    def deleted(self, _request: ShopRequest, _argument: str) -> Any:
        """Also what was never there: the answer is the same."""
        return True

    def entity_missing(self, request: ShopRequest, _argument: str) -> Any:
        """Nobody here makes or changes whole orders."""
        _body(request)
        raise _required("entity")

    def products(self, _request: ShopRequest, _argument: str) -> Any:
        raise _required("searchCriteria")


_ROUTES: tuple[tuple[str, str, str, Handler], ...] = (
    ("GET", r"orders", VIEW, Magento.orders),
    ("POST", r"orders", CREATE, Magento.entity_missing),
    ("GET", r"orders/([^/]+)", VIEW, Magento.order),
    ("PUT", r"orders/([^/]+)", CREATE, Magento.entity_missing),
    ("GET", r"orders/([^/]+)/comments", VIEW, Magento.comments),
    ("POST", r"orders/([^/]+)/comments", COMMENT, Magento.add_comment),
    ("POST", r"order/([^/]+)/ship", SHIP, Magento.ship),
    ("GET", r"shipments", SHIPMENT, Magento.list_shipments),
    ("GET", r"shipment/(\d+)", SHIPMENT, Magento.shipment),
    ("POST", r"shipment/(\d+)/emails", SHIPMENT, Magento.mail),
    ("POST", r"shipment/track", SHIPMENT, Magento.add_track),
    ("DELETE", r"shipment/track/(\d+)", SHIPMENT, Magento.deleted),
    ("GET", r"store/storeConfigs", STORE, Magento.configs),
    ("GET", r"modules", ANY, Magento.modules),
    ("GET", r"products", PRODUCTS, Magento.products),
)
_HEADERS = {**documents.HEADERS, "Cache-Control": "no-store"}


def _search(request: ShopRequest) -> Any:
    try:
        return read_search(request.query_string)
    except SearchMissing:
        raise _required("searchCriteria") from None


def _internal() -> Refused:
    return Refused(
        500, "Internal Error. Details are available in Magento log file. Report ID: webapi-6b029e4956567"
    )


def _body(request: ShopRequest) -> Mapping[str, Any]:
    if not request.body.strip():
        return {}
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        raise Refused(400, f"Server cannot understand Content-Type HTTP header media type {kind}")
    try:
        body = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        raise Refused(400, "Decoding error.") from None
    return body if isinstance(body, dict) else {}


def _writer(accept: str) -> Callable[[Any], Page] | None:
    """The first kind in the Accept line that Magento can write; None: it fails."""
    for kind in (part.partition(";")[0].strip() for part in accept.split(",")):
        if kind in ("*/*", "application/json", ""):
            headers = {**_HEADERS, "Content-Type": "application/json; charset=utf-8"}
            return lambda document: Page(200, orjson.dumps(document), headers)
        if kind == "application/xml":
            xml_headers = {**_HEADERS, "Content-Type": "application/xml; charset=utf-8"}
            return lambda document: Page(200, _xml(document), xml_headers)
    return None


def _xml(document: Any) -> bytes:
    def lines(value: Any, depth: int) -> str:
        if not isinstance(value, dict | list) or not value:
            return "" if value in (None, {}, []) else escape(str(value))
        pairs = value.items() if isinstance(value, dict) else [("item", each) for each in value]
        blank = "  " * depth
        inner = "".join(f"{blank}<{name}>{lines(each, depth + 1)}</{name}>\n" for name, each in pairs)
        return f"\n{inner}{'  ' * (depth - 1)}"

    return f'<?xml version="1.0"?>\n<response>{lines(document, 1)}</response>\n'.encode()
