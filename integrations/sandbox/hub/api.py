"""Sendcloud's API about integrations (v3 and v2), their log, and the orders that arrived."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from integrations.sandbox.fleet import AccountSpec
from integrations.sandbox.hub import documents
from integrations.sandbox.hub.answers import Refused, decoded, json_answer, link, page_size
from integrations.sandbox.hub.gate import Listed
from integrations.sandbox.hub.order_api import OrderApi
from integrations.sandbox.hub.paging import Asked, ask_orders, encode_cursor
from integrations.sandbox.hub.shipping import Shipping


class HubApi:
    def __init__(self, shipping: Shipping, pushed: OrderApi, shops_url: str) -> None:
        self.fleet = shipping.fleet
        self.store = shipping.store
        self.shops_url = shops_url
        self.shipping = shipping
        self.pushed = pushed
        self.specs = {spec.id: spec for spec in self.fleet.integrations}

    def listed(self) -> Listed:
        return [
            ("GET", "/api/v3/user/auth/metadata", self.metadata),
            ("GET", "/api/v3/integrations", self.integrations),
            ("GET", "/api/v3/integrations/logs", self.logs),
            ("GET", "/api/v3/integrations/{integration:int}", self.integration),
            ("GET", "/api/v3/integrations/{integration:int}/logs", self.logs),
            ("GET", "/api/v3/orders", self.orders),
            ("GET", "/api/v3/orders/{order}", self.order),
            ("GET", "/api/v2/integrations", self.integrations_v2),
            ("GET", "/api/v2/integrations/{integration:int}", self.integration_v2),
        ]

    # Integrations

    async def metadata(self, request: Request) -> Response:
        account: AccountSpec = request.state.account
        number = 1 + [a.name for a in self.fleet.accounts].index(account.name)
        return json_answer({"data": {"user_id": number * 1000, "integration_id": number}})

    def _integrations(self, request: Request) -> list[documents.Integration]:
        states = self.store.integrations(request.state.account.name)
        return [self._document(state.id) for state in states]

    def _document(self, integration_id: int) -> documents.Integration:
        state, spec = self.store.integration(integration_id), self.specs[integration_id]
        if state is None:
            raise Refused(
                404, "not_found", "The Integration could not be found with the search criteria given"
            )
        return documents.integration(
            state,
            spec,
            self.fleet.shop(spec.shop),
            self.shops_url,
            silent_since=self.shipping.parcels.failing_since(integration_id),
            webhook_url=self.shipping.hooks.address(integration_id),
        )

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
        return json_answer({"data": found})

    async def integration(self, request: Request) -> Response:
        return json_answer({"data": self._document(self._asked_integration(request))})

    async def integrations_v2(self, request: Request) -> Response:
        return json_answer([documents.integration_v2(entry) for entry in self._integrations(request)])

    async def integration_v2(self, request: Request) -> Response:
        return json_answer(documents.integration_v2(self._document(self._asked_integration(request))))

    # Exception log

    async def logs(self, request: Request) -> Response:
        size = page_size(request, 25, 100)
        if "integration" in request.path_params:
            where, values = "integration = ?", [float(self._asked_integration(request))]
        else:
            ids = [s.id for s in self.specs.values() if s.account == request.state.account.name]
            where, values = f"integration IN ({', '.join('?' * len(ids))})", [float(number) for number in ids]
        cursor = request.query_params.get("cursor")
        if cursor:
            at, number = decoded(cursor)
            where += " AND (at, id) < (?, ?)"
            values += [float(at), number]
        rows = self.store.log(where, values, size + 1)
        headers = {}
        if len(rows) > size:
            last = rows[size - 1]
            headers["Link"] = link(request, encode_cursor(last["at"], last["id"]), "next")
        return json_answer({"data": [documents.log_row(row) for row in rows[:size]]}, headers=headers)

    # Orders

    async def orders(self, request: Request) -> Response:
        self.pushed.save_due()
        account: AccountSpec = request.state.account
        own = {s.id for s in self.specs.values() if s.account == account.name}
        try:
            asked = ask_orders(dict(request.query_params), account.name, own)
        except ValueError as error:
            parameter, message, code = error.args
            raise Refused(404 if parameter == "cursor" else 400, code, message, parameter=parameter) from None
        size = page_size(request, 100, 200)
        rows = self.store.select_orders(asked.where, asked.values, asked.order_by, size + 1)
        more, rows = len(rows) > size, rows[:size]
        if asked.backwards:
            rows.reverse()
        links = [link(request, cursor, rel) for rel, cursor in _neighbours(asked, rows, more=more)]
        headers = {"Link": ", ".join(links)} if links else {}
        return json_answer({"data": [documents.order(row) for row in rows]}, headers=headers)

    async def order(self, request: Request) -> Response:
        number = request.path_params["order"]
        values = (request.state.account.name, int(number) if number.isdigit() else -1)
        rows = self.store.select_orders("account = ? AND pk = ?", values, "pk", 1)
        if not rows:
            raise Refused(404, "not_found", "The Order could not be found with the search criteria given")
        return json_answer({"data": documents.order(rows[0])})


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
