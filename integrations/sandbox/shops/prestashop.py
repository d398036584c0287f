"""PrestaShop's webservice (1.7, 8 and 9) as far as anybody here asks it. Answers as recorded on 8.2.1."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.shops import prestashop_documents as documents
from integrations.sandbox.shops.life import ShopLife
from integrations.sandbox.shops.pages import Page, apache
from integrations.sandbox.shops.prestashop_keys import (
    VERBS,
    Rights,
    key_of,
    rights_of_keys,
)
from integrations.sandbox.shops.prestashop_query import Query, Refused, apply, read_query
from integrations.sandbox.shops.prestashop_rows import (
    STATE_OF_STATUS,
    Fields,
    Rows,
    address,
    customer,
    fixed_rows,
    local,
    moments,
)
from integrations.sandbox.shops.prestashop_writing import Writing
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import Order, ShopStore

DEFAULT_VERSION = "8.2.1"
_HTML = "text/html; charset=utf-8"
_LIGHT = frozenset({"id", "current_state", "reference", "date_add", "date_upd"})
_RESOURCES = frozenset(
    {
        "addresses", "carriers", "configurations", "countries", "currencies", "customers",
        "order_carriers", "order_histories", "order_states", "orders", "products", "states",
    }
)  # fmt: skip
_NOT_KNOWN = "0"
"""Versions are told to known keys only."""


class PrestaShop:
    """Answers for every PrestaShop shop of the fleet."""

    def __init__(self, fleet: FleetSpec, store: ShopStore, life: ShopLife) -> None:
        self.store = store
        self.rows = Rows(store)
        self.writing = Writing(store, self.rows, life)
        self._keys = {
            shop.name: rights_of_keys(fleet, shop.name)
            for shop in fleet.shops
            if shop.platform == "prestashop"
        }

    def answer(self, request: ShopRequest) -> Page:
        if request.method == "TRACE":
            return apache(405, method="TRACE")
        path = "/" + request.path.lstrip("/")
        is_api = path == "/api" or path.startswith("/api/")
        below = path[4:].strip("/") if is_api else request.query.get("url", "").strip("/")
        if self._fault(request, "wrong_host"):
            url = f"?url={below.replace('/', '%2F')}" if is_api else ""
            headers = {"Server": "Apache", "Location": f"http://shop.example/{url}", "Content-Type": _HTML}
            return Page(302, b"", headers)
        if is_api and not self._fault(request, "rewrite_gone"):
            return self._webservice(request, below)
        if path == "/webservice/dispatcher.php":
            return self._webservice(request, below)
        return _front(request) if path == "/" else _not_found()

    def _fault(self, request: ShopRequest, name: str) -> bool:
        return self.store.fault(request.shop.name, name, request.now) is not None

    def _webservice(self, request: ShopRequest, path: str) -> Page:
        version = request.shop.version or DEFAULT_VERSION
        key = key_of(request, header_arrives=not self._fault(request, "header_stripped"))
        if key is None:
            return _no_key(request, version)
        if self._fault(request, "webservice_off"):
            message = (
                "The PrestaShop webservice is disabled. Please activate it in the PrestaShop Back Office"
            )
            return documents.errors(request, 503, [(22, message)], _NOT_KNOWN)
        rights = self._rights(request, key)
        if not isinstance(rights, dict):
            return documents.errors(request, 401, rights, _NOT_KNOWN)
        if not path:
            if documents.wants_json(request):
                return documents.crashed()
            verbs = VERBS if major(version) >= 8 else tuple(verb for verb in VERBS if verb != "PATCH")
            return documents.answer(request, 200, documents.root(request, rights, verbs), version)
        try:
            return self._resource(request, path, rights, version)
        except Refused as error:
            if error.code is None:
                return documents.crashed()
            return documents.errors(request, error.status, [(error.code, error.message)], version)

    def _rights(self, request: ShopRequest, key: str) -> Rights | Sequence[tuple[int, str]]:
        """What a key may do, or the errors it is refused with."""
        no_permission = (21, "No permission for this authentication key")
        if not key:
            return [(17, "Authentication key is empty")]
        if len(key) != 32:
            return [(18, "Invalid authentication key format")]
        rights = self._keys[request.shop.name].get(key)
        if rights is None or self._fault(request, "credentials_revoked"):
            return [(20, "Authentification key is not active"), no_permission]
        lost = self.store.fault(request.shop.name, "right_lost", request.now)
        if lost:
            lost_verb, resource = {lost.params.get("verb", "GET")}, lost.params.get("resource", "orders")
            rights = {**rights, resource: rights.get(resource, frozenset()) - lost_verb}
            rights = {name: verbs for name, verbs in rights.items() if verbs - {"HEAD"}}
        return rights or [no_permission]

    def _resource(self, request: ShopRequest, path: str, rights: Rights, version: str) -> Page:
        """Resource, verb, body, id: checked in that order."""
        resource, _slash, number = path.partition("/")
        method = request.query.get("ps_method", request.method).upper()
        if resource not in _RESOURCES:
            message = (
                f'Resource of type "{resource}" does not exists. Did you mean: "search"? The full list is: '
            )
            raise Refused(400, 27, message + ", ".join(f'"{name}"' for name in sorted(_RESOURCES)))
        if resource not in rights:
            message = f'Resource of type "{resource}" is not allowed with this authentication key'
            raise Refused(401, 26, message)
        if method not in VERBS or (method == "PATCH" and major(version) < 8):
            raise Refused(405, 23, f"Method {method} is not valid")
        if method not in rights[resource]:
            message = (
                f"Method {method} is not allowed for the resource {resource} with this authentication key"
            )
            raise Refused(405, 25, message)
        if method not in ("GET", "HEAD"):
            return self.writing.write(request, method, resource, number, version)
        if number:
            row = self._one(request, resource, number)
            if row is None:
                return documents.answer(request, 404, b"", version)
            display = read_query(request.query, self._fields(request, resource)).display
            if display:  # then even one entry comes as a list, with all that was asked for
                body = documents.listing(request, resource, [row], display)
            else:
                body = documents.single(request, resource, row, drops_empty=major(version) >= 8)
        elif request.query.get("schema") == "blank":
            names = [name for name in self._fields(request, resource) if name != "associations"]
            blank = dict.fromkeys(names, "")
            body = documents.single(request, resource, blank, drops_empty=False)
        else:
            fields = self._fields(request, resource)
            query = read_query(request.query, fields)
            body = documents.listing(request, resource, self._list(request, resource, query), query.display)
        return documents.answer(request, 200, body, version)

    # Reading

    def _fields(self, request: ShopRequest, resource: str) -> list[str]:
        if resource == "orders":
            example = Order(request.shop.name, 0, "", 0, 0, "processing", None, None, None, 0, None, 0)
            return [*self.rows.order(request.shop, example), "associations"]
        if resource == "order_carriers":
            return [
                "id", "id_order", "id_carrier", "id_order_invoice", "weight", "shipping_cost_tax_excl",
                "shipping_cost_tax_incl", "tracking_number", "date_add",
            ]  # fmt: skip
        if resource == "order_histories":
            return ["id", "id_employee", "id_order_state", "id_order", "date_add"]
        examples = {"addresses": address(0), "customers": customer(0), "states": {"id": "", "iso_code": ""}}
        rows = fixed_rows(request.shop).get(resource) or [examples.get(resource, {"id": ""})]
        return list(rows[0])

    def _one(self, request: ShopRequest, resource: str, number: str) -> Fields | None:
        if not number.isdigit():
            return None
        query = Query({"id": f"[{number}]"}, (), 0, 1, frozenset(self._fields(request, resource)))
        found = self._list(request, resource, query)
        return found[0] if found else None

    def _list(self, request: ShopRequest, resource: str, query: Query) -> list[Fields]:
        fixed = fixed_rows(request.shop)
        if resource in fixed:
            return apply(query, fixed[resource])
        if resource == "orders":
            return self._orders(request, query)
        by_order = query.filters.get("id_order") or query.filters.get("id", "")
        orders = self._orders_of(request, by_order)
        if resource == "order_carriers":
            if "id_order" not in query.filters and by_order:
                number = by_order.strip("[]")
                found = self.rows.carrier_row(request.shop.name, int(number)) if number.isdigit() else None
                orders = [found[1]] if found else []
            rows = [
                self.rows.carrier(request.shop, order, row)
                for order in orders
                for row in self.rows.carrier_rows(request.shop.name, order)
            ]
        elif resource == "order_histories":
            rows = [row for order in orders for row in _history(request, order)]
        else:
            make = address if resource == "addresses" else customer
            rows = [make(order.id) for order in orders]
        return apply(query, rows)

    def _orders(self, request: ShopRequest, query: Query) -> list[Fields]:
        shop, zone = request.shop, ZoneInfo(request.shop.time_zone)
        where, values = ["1"], []
        bounds = query.bounds("date_upd")
        if bounds:
            try:
                where.append("modified BETWEEN ? AND ?")
                values += [moments(bounds[0], zone)[0], moments(bounds[1], zone)[1]]
            except ValueError:
                return []
        above = query.filters.get("id", "")
        if above[:1] == ">" and above[1:].strip("[]").isdigit():
            where.append("id > ?")
            values.append(int(above[1:].strip("[]")))
        orders = self.store.select(shop.name, " AND ".join(where), values, "id", -1)
        used = {*query.filters, *(name for name, _descending in query.sort)}
        light = used <= _LIGHT

        def row(order: Order) -> Fields:
            return {
                "id": str(order.id),
                "current_state": str(STATE_OF_STATUS.get(order.status, 8)),
                "reference": order.number,
                "date_add": local(order.created, zone),
                "date_upd": local(order.modified, zone),
            } if light else self.rows.order(shop, order)  # fmt: skip

        by_id = {str(order.id): order for order in orders}
        chosen = apply(query, [row(order) for order in orders])
        if query.display is None:
            return chosen
        whole = []
        for found in chosen:
            fields = self.rows.order(shop, by_id[found["id"]])
            fields["associations"] = _lines(by_id[found["id"]])
            whole.append(fields)
        return whole

    def _orders_of(self, request: ShopRequest, wanted: str) -> list[Order]:
        """The orders of an id filter; all without one."""
        if not wanted:
            return self.store.select(request.shop.name, "1", (), "id", -1)
        numbers = [int(part) for part in wanted.strip("[]").split("|") if part.isdigit()]
        found = (self.store.get(request.shop.name, number) for number in numbers)
        return [order for order in found if order is not None]


def major(version: str) -> int:
    """8 of 8.2.1; 1 of 1.7.8."""
    return int(version.partition(".")[0])


def _history(request: ShopRequest, order: Order) -> list[Fields]:
    steps = [(2, order.paid), (6, order.cancelled), (4, order.completed)]
    zone = ZoneInfo(request.shop.time_zone)
    return [
        {
            "id": str(order.id * 10 + number),
            "id_employee": "0",
            "id_order_state": str(state),
            "id_order": str(order.id),
            "date_add": local(at, zone),
        }
        for number, (state, at) in enumerate(steps)
        if at is not None
    ]


def _lines(order: Order) -> dict[str, list[Fields]]:
    price = f"{max(order.total / 100 - 7, 0):.6f}"
    return {
        "order_rows": [
            {
                "id": str(order.id),
                "product_id": "15",
                "product_attribute_id": "0",
                "product_quantity": "1",
                "product_name": "Mug",
                "product_reference": "MUG",
                "product_ean13": "",
                "product_isbn": "",
                "product_upc": "",
                "product_price": price,
                "id_customization": "0",
                "unit_price_tax_incl": price,
                "unit_price_tax_excl": price,
            }
        ]
    }


def _no_key(request: ShopRequest, version: str) -> Page:
    if request.method == "OPTIONS" and major(version) >= 9:
        headers = {"Server": "Apache", "Access-Control-Allow-Headers": "Authorization", "Content-Type": _HTML}
        return Page(200, b"200 OK", headers)
    headers = {"Server": "Apache", "WWW-Authenticate": documents.REALM, "Content-Type": _HTML}
    return Page(401, b"401 Unauthorized", headers)


def _front(request: ShopRequest) -> Page:
    title = request.shop.title
    body = f'<!doctype html><html lang="en-US"><head><title>{title}</title></head><body>{title}</body></html>'
    return Page(200, body.encode(), {"Server": "Apache", "Content-Type": _HTML})


def _not_found() -> Page:
    body = (
        '<!doctype html>\n<html lang="en-US">\n  <head>\n  <meta charset="utf-8">\n'
        "  <title>404 error</title>\n</head><body>This page cannot be found</body></html>"
    )
    headers = {
        "Server": "Apache",
        "Cache-Control": "no-store, no-cache, must-revalidate",
        "Content-Type": _HTML,
    }
    return Page(404, body.encode(), headers)


def maintenance(request: ShopRequest) -> Page | None:
    """Closes the shop's pages and leaves the webservice as it is."""
    if request.path.startswith(("/api", "/webservice/")):
        return None
    body = (
        '<!doctype html>\n<html lang="">\n  <head>\n    <meta charset="utf-8">\n      <title></title>\n'
        '  </head>\n  <body>\n    <div id="layout-error">\n<h1>We\'ll be back soon.</h1>\n'
        '      <section id="content" class="page-content page-maintenance">\n'
        "          We are currently updating our shop and will be back really soon.\n"
        "      </section>\n    </div>\n  </body>\n</html>"
    )
    return Page(503, body.encode(), {"Server": "Apache", "Retry-After": "3600", "Content-Type": _HTML})


def database_down(_request: ShopRequest) -> Page:
    body = (
        '<!DOCTYPE html>\n<html lang="en">\n    <head>\n        <title>500 Server Error</title>\n'
        '        <meta name="description" content="This store is powered by PrestaShop" />\n'
        "    </head>\n<body><h1>500 Server Error</h1><p>Oops, something went wrong.</p></body></html>"
    )
    return Page(500, body.encode(), {"Server": "Apache", "Content-Type": _HTML})


def crashed(_request: ShopRequest) -> Page:
    return documents.crashed()
