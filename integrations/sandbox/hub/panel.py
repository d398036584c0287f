"""The hub's own web pages, where people press Refresh, and the operator's refresh request."""

import secrets
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.clock import Clock, iso
from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec
from integrations.sandbox.hub.documents import SYSTEMS
from integrations.sandbox.hub.importer import Importer
from integrations.sandbox.hub.store import HubStore
from integrations.sandbox.server import page_style


class Panel:
    def __init__(self, fleet: FleetSpec, store: HubStore, clock: Clock, importer: Importer) -> None:
        self.fleet = fleet
        self.store = store
        self.clock = clock
        self.importer = importer
        self.accounts = {account.name: account for account in fleet.accounts}
        self.specs = {spec.id: spec for spec in fleet.integrations}

    def routes(self) -> list[Route]:
        return [
            Route("/", self.home),
            Route("/panel/{account}/integrations", self.integrations),
            Route("/panel/{account}/integrations/{integration:int}", self.integration),
            Route("/panel/{account}/integrations/{integration:int}/refresh", self.refresh, methods=["POST"]),
            Route("/operator/refresh/{integration:int}", self.operator_refresh, methods=["POST"]),
        ]

    async def home(self, _request: Request) -> Response:
        links = "".join(
            f'<li><a href="/panel/{a.name}/integrations">{escape(a.title)}</a>' for a in self.fleet.accounts
        )
        return HTMLResponse(
            f"<!doctype html><title>Sandbox hub</title>{page_style()}<h1>Sandbox hub</h1><ul>{links}</ul>"
        )

    def _found(self, request: Request) -> IntegrationSpec | None:
        spec = self.specs.get(request.path_params["integration"])
        account = request.path_params.get("account")
        return spec if spec is not None and account in (None, spec.account) else None

    async def integrations(self, request: Request) -> Response:
        """The list of an account's shops, as the merchant sees it."""
        account = self.accounts.get(request.path_params["account"])
        if account is None:
            return Response("No such account.", 404)
        rows = "".join(self._row(spec) for spec in self.fleet.integrations if spec.account == account.name)
        return HTMLResponse(self._page(account, f"<table>{_HEAD}{rows}</table>"))

    async def integration(self, request: Request) -> Response:
        spec = self._found(request)
        if spec is None:
            return Response("No such integration.", 404)
        log = self.store.log("integration = ?", (spec.id,), 10)
        failures = "".join(
            f"<tr><td>{iso(row['at'])}<td>{row['method']}<td>{row['response_code'] or ''}"
            f"<td>{escape(str(row['exception_type']))}</tr>"
            for row in log
        )
        body = f"<table>{_HEAD}{self._row(spec)}</table><h2>Connection issues</h2><table>{failures}</table>"
        return HTMLResponse(self._page(self.accounts[spec.account], body))

    def _page(self, account: AccountSpec, body: str) -> str:
        return (
            f"<!doctype html><title>{escape(account.title)}: integrations</title>{page_style()}"
            f"<h1>{escape(account.title)}: integrations</h1><p>{iso(self.clock.now())}</p>{body}"
        )

    def _row(self, spec: IntegrationSpec) -> str:
        state, shop = self.store.integration(spec.id), self.fleet.shop(spec.shop)
        if state is None:
            return ""
        pulse = state.pulse
        failing = f"failing since {iso(pulse.failing_since)}" if pulse.failing_since is not None else ""
        last = iso(pulse.last_fetched_at) if pulse.last_fetched_at is not None else "never"
        system = spec.system or SYSTEMS[shop.platform]
        path = f"/panel/{spec.account}/integrations/{spec.id}"
        return (
            f'<tr><td><a href="{path}">{escape(shop.title)}</a><td>{system}<td>{last}'
            f'<td class="n">{self.store.count_orders(spec.id)[0]}<td class="bad">{failing}'
            f'<td><form method="post" action="{path}/refresh"><button>Refresh</button></form></tr>'
        )

    async def refresh(self, request: Request) -> Response:
        """The button: fetch now, and no longer slowed."""
        spec = self._found(request)
        if spec is None:
            return Response("No such integration.", 404)
        await self.importer.refresh(spec.id, wait=True)
        return RedirectResponse(f"/panel/{spec.account}/integrations", 303)

    async def operator_refresh(self, request: Request) -> Response:
        """What an operator has set up to press the button for him. Says only that it was heard."""
        spec = self._found(request)
        if spec is None:
            return JSONResponse({"error": "unknown integration"}, 404)
        account = self.accounts[spec.account]
        expected = f"Bearer {self.fleet.refresh_secret(account.name)}"
        given = request.headers.get("authorization", "")
        if not account.operator_refresh or not secrets.compare_digest(expected.encode(), given.encode()):
            return JSONResponse({"error": "not allowed"}, 401)
        await self.importer.refresh(spec.id, wait=False)
        return JSONResponse({"accepted": True, "integration_id": spec.id}, 202)


_HEAD = "<tr><th>Shop<th>System<th>Last fetched<th>Orders<th>Trouble<th></tr>"
