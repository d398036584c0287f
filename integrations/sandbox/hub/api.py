"""Sendcloud's API v3 (and v2's list of integrations), reading side."""

import base64
import binascii
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.clock import Clock, parse_iso
from integrations.sandbox.fleet import AccountSpec, FleetSpec
from integrations.sandbox.hub import documents
from integrations.sandbox.hub.paging import Asked, ask_orders, decode_cursor, encode_cursor
from integrations.sandbox.hub.store import HubStore

Endpoint = Callable[[Request], Awaitable[Response]]
_WINDOW_S = 60.0


class Refused(Exception):
    """An answer in the v3 error shape."""

    def __init__(self, status: int, code: str, detail: str, **source: str) -> None:
        super().__init__(detail)
        self.status = status
        error: dict[str, Any] = {"status": str(status), "code": code, "detail": detail}
        if source:
            error["source"] = source
        self.document = {"errors": [error]}


class HubApi:
    def __init__(self, fleet: FleetSpec, store: HubStore, clock: Clock, shops_url: str) -> None:
        self.fleet = fleet
        self.store = store
        self.clock = clock
        self.shops_url = shops_url
        self.specs = {spec.id: spec for spec in fleet.integrations}
        self._accounts = {fleet.sendcloud_key(a.name): a for a in fleet.accounts}
        self._windows: dict[tuple[str, bool], tuple[float, int]] = {}

    def routes(self) -> list[Route]:
        listed: list[tuple[str, Endpoint]] = [
            ("/api/v3/user/auth/metadata", self.metadata),
            ("/api/v3/integrations", self.integrations),
            ("/api/v3/integrations/logs", self.logs),
            ("/api/v3/integrations/{integration:int}", self.integration),
            ("/api/v3/integrations/{integration:int}/logs", self.logs),
            ("/api/v3/orders", self.orders),
            ("/api/v3/orders/{order}", self.order),
            ("/api/v3/shipments", self.shipments),
            ("/api/v2/integrations", self.integrations_v2),
            ("/api/v2/integrations/{integration:int}", self.integration_v2),
        ]
        return [Route(path, self._guarded(endpoint), methods=["GET"]) for path, endpoint in listed]

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            if request.headers.get("content-length", "0") != "0":
                return Response(status_code=403)  # its front refuses a GET with a body
            try:
                account = self._sign_in(request)
                if self._too_many(account, writes=request.method != "GET"):
                    return Response(status_code=429)
                if "server_error" in self.store.faults().get(account.name, {}):
                    return Response(
                        "<html><body><h1>502 Bad Gateway</h1></body></html>", 502, media_type="text/html"
                    )
                request.state.account = account
                return await endpoint(request)
            except Refused as refused:
                return _json(refused.document, refused.status)

        return answer

    def _sign_in(self, request: Request) -> AccountSpec:
        header = request.headers.get("authorization", "")
        try:
            user, _, password = (
                base64.b64decode(header.partition(" ")[2], validate=True).decode().partition(":")
            )
        except (binascii.Error, UnicodeDecodeError):
            user = password = ""
        for (public, secret), account in self._accounts.items():
            same = secrets.compare_digest((public + secret).encode(), (user + password).encode())
            if same and "credentials_revoked" not in self.store.faults().get(account.name, {}):
                return account
        raise Refused(401, "authentication_failed", "Invalid username/password.")

    def _too_many(self, account: AccountSpec, *, writes: bool) -> bool:
        """Count the request; True when the account's minute is used up."""
        limit = account.writes_per_minute if writes else account.gets_per_minute
        lowered = self.store.faults().get(account.name, {}).get("rate_limited")
        if lowered is not None:
            limit = int(lowered.get("per_minute", 0))
        now, key = self.clock.now(), (account.name, writes)
        began_at, count = self._windows.get(key, (now, 0))
        if now - began_at >= _WINDOW_S:
            began_at, count = now, 0
        self._windows[key] = (began_at, count + 1)
        return count + 1 > limit

    # Integrations

    async def metadata(self, request: Request) -> Response:
        account: AccountSpec = request.state.account
        number = 1 + [a.name for a in self.fleet.accounts].index(account.name)
        return _json({"data": {"user_id": number * 1000, "integration_id": number}})

    def _integrations(self, request: Request) -> list[documents.Integration]:
        states = self.store.integrations(request.state.account.name)
        return [self._document(state.id) for state in states]

    def _document(self, integration_id: int) -> documents.Integration:
        state, spec = self.store.integration(integration_id), self.specs[integration_id]
        if state is None:
            raise Refused(
                404, "not_found", "The Integration could not be found with the search criteria given"
            )
        return documents.integration(state, self.fleet.shop(spec.shop), self.shops_url)

    def _asked_integration(self, request: Request) -> int:
        integration_id = int(request.path_params["integration"])
        spec = self.specs.get(integration_id)
        if spec is None or spec.account != request.state.account.name:
            raise Refused(
                404, "not_found", "The Integration could not be found with the search criteria given"
            )
        return integration_id

    async def integrations(self, request: Request) -> Response:
        found = self._integrations(request)
        sort = request.query_params.get("sort", "last_fetch")
        names = {
            "integration_type": "type",
            "last_fetch": "last_fetched_at",
            "failing_since": "started_failing_at",
        }
        field = names.get(sort.lstrip("-"), sort.lstrip("-"))
        if field not in documents.SORTABLE:
            raise Refused(400, "invalid_choice", f"{sort} is not a valid choice.", parameter="sort")
        found.sort(key=lambda entry: str(entry[field] or ""), reverse=sort.startswith("-"))
        return _json({"data": found})

    async def integration(self, request: Request) -> Response:
        return _json({"data": self._document(self._asked_integration(request))})

    async def integrations_v2(self, request: Request) -> Response:
        return _json([documents.integration_v2(entry) for entry in self._integrations(request)])

    async def integration_v2(self, request: Request) -> Response:
        return _json(documents.integration_v2(self._document(self._asked_integration(request))))

    # Exception log

    async def logs(self, request: Request) -> Response:
        size = _page_size(request, 25, 100)
        if "integration" in request.path_params:
            where, values = "integration = ?", [float(self._asked_integration(request))]
        else:
            ids = [s.id for s in self.specs.values() if s.account == request.state.account.name]
            where, values = f"integration IN ({', '.join('?' * len(ids))})", [float(number) for number in ids]
        cursor = request.query_params.get("cursor")
        if cursor:
            at, number = _decoded(cursor)
            where += " AND (at, id) < (?, ?)"
            values += [float(at), number]
        rows = self.store.log(where, values, size + 1)
        headers = {}
        if len(rows) > size:
            last = rows[size - 1]
            headers["Link"] = _link(request, encode_cursor(last["at"], last["id"]), "next")
        return _json({"data": [documents.log_row(row) for row in rows[:size]]}, headers=headers)

    # Orders

    async def orders(self, request: Request) -> Response:
        account: AccountSpec = request.state.account
        own = {s.id for s in self.specs.values() if s.account == account.name}
        try:
            asked = ask_orders(dict(request.query_params), account.name, own)
        except ValueError as error:
            parameter, message, code = error.args
            raise Refused(404 if parameter == "cursor" else 400, code, message, parameter=parameter) from None
        size = _page_size(request, 100, 200)
        rows = self.store.select_orders(asked.where, asked.values, asked.order_by, size + 1)
        more, rows = len(rows) > size, rows[:size]
        if asked.backwards:
            rows.reverse()
        links = [_link(request, cursor, rel) for rel, cursor in _neighbours(asked, rows, more=more)]
        headers = {"Link": ", ".join(links)} if links else {}
        return _json({"data": [documents.order(row) for row in rows]}, headers=headers)

    async def order(self, request: Request) -> Response:
        number = request.path_params["order"]
        values = (request.state.account.name, int(number) if number.isdigit() else -1)
        rows = self.store.select_orders("account = ? AND pk = ?", values, "pk", 1)
        if not rows:
            raise Refused(404, "not_found", "The Order could not be found with the search criteria given")
        return _json({"data": documents.order(rows[0])})

    # Shipments

    async def shipments(self, request: Request) -> Response:
        size = _page_size(request, 40, 100)
        query = request.query_params
        own = [s.id for s in self.specs.values() if s.account == request.state.account.name]
        where, values = [f"integration IN ({', '.join('?' * len(own))})"], list[Any](own)
        for name, column in (
            ("integration_id", "integration"),
            ("order_number", "number"),
            ("tracking_number", "tracking"),
        ):
            if query.get(name):
                where.append(f"{column} = ?")
                values.append(query[name])
        for name, (column, operator) in documents.SHIPMENT_TIMES.items():
            if query.get(name):
                where.append(f"{column} {operator} ?")
                values.append(_moment(query[name], name))
        if query.get("cursor"):
            where.append("id < ?")
            values.append(_decoded(query["cursor"])[1])
        rows = self.store.shipments(" AND ".join(where), values, size + 1)
        headers = {}
        if len(rows) > size:
            headers["Link"] = _link(request, encode_cursor(0, rows[size - 1][0]), "next")
        return _json({"data": [documents.shipment(row) for row in rows[:size]]}, headers=headers)


def _neighbours(asked: Asked, rows: list[Any], *, more: bool) -> list[tuple[str, str]]:
    """(rel, cursor) of the pages before and after."""
    if not rows:
        return []
    found = []
    if asked.continued if not asked.backwards else more:
        found.append(("prev", encode_cursor(getattr(rows[0], asked.column), rows[0].pk, backwards=True)))
    if more if not asked.backwards else True:
        found.append(("next", encode_cursor(getattr(rows[-1], asked.column), rows[-1].pk)))
    return found


def _page_size(request: Request, default: int, highest: int) -> int:
    text = request.query_params.get("page_size", str(default))
    if not text.isdigit() or not 1 <= int(text) <= highest:
        message = f"Ensure this value is between 1 and {highest}."
        raise Refused(400, "invalid", message, parameter="page_size")
    return int(text)


def _decoded(cursor: str) -> tuple[Any, int]:
    try:
        value, number, _ = decode_cursor(cursor)
    except ValueError:
        raise Refused(404, "not_found", "Invalid cursor", pointer="/data") from None
    return value, number


def _moment(text: str, name: str) -> float:
    try:
        return parse_iso(text.replace(" ", "+"))
    except ValueError:
        message = f"Validation failed, {name} is not a datetime"
        raise Refused(400, "validation_error", message, pointer="/list_shipments/filters") from None


def _link(request: Request, cursor: str, rel: str) -> str:
    return f'<{request.url.include_query_params(cursor=cursor)}>; rel="{rel}"'


def _json(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, headers=headers, media_type="application/json")
