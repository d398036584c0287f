"""Steering the hub: a JSON API for tests and one plain page for people."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.clock import Clock, iso
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.hub.importer import Importer
from integrations.sandbox.hub.store import HubStore
from integrations.sandbox.server import page_style
from integrations.sandbox.shops.control import json_response, move_clock, read_params

ACCOUNT_FAULTS = ("credentials_revoked", "server_error", "rate_limited")
INTEGRATION_FAULTS = (
    "loses_orders",
    "stopped",
    "feedback_broken",
    "number_lost",
    "carrier_refuses",
    "mapping_invalid",
)


class HubControl:
    def __init__(self, fleet: FleetSpec, store: HubStore, clock: Clock, importer: Importer) -> None:
        self.fleet = fleet
        self.store = store
        self.clock = clock
        self.importer = importer

    def routes(self) -> list[Route]:
        return [
            Route("/", self.page),
            Route("/state", self.state),
            Route("/clock", self.set_clock, methods=["POST"]),
            Route("/integrations/{integration:int}/import", self.import_now, methods=["POST"]),
            Route("/integrations/{integration:int}/ship", self.ship_now, methods=["POST"]),
            Route("/integrations/{integration:int}/webhook", self.set_webhook, methods=["PUT"]),
            Route("/integrations/{integration:int}/orders", self.orders),
            Route("/faults/{scope}/{fault}", self.set_fault, methods=["PUT", "POST"]),
            Route("/faults/{scope}/{fault}", self.end_fault, methods=["DELETE"]),
        ]

    async def state(self, _request: Request) -> Response:
        integrations = {}
        for state in self.store.integrations():
            rows, different = self.store.count_orders(state.id)
            pulse = state.pulse
            integrations[str(state.id)] = {
                "shop": self.importer.specs[state.id].shop,
                "orders": rows,
                "different_orders": different,
                "lost": len(self.store.lost(state.id)),
                "last_fetched_at": iso(pulse.last_fetched_at) if pulse.last_fetched_at is not None else None,
                "failing_since": iso(pulse.failing_since) if pulse.failing_since is not None else None,
                "next_fetch_at": iso(pulse.next_fetch_at),
                "failures": pulse.failures,
                "throttled": pulse.throttled,
            }
        now = self.clock.now()
        frozen = self.clock.frozen_at is not None
        document = {
            "now": iso(now),
            "frozen": frozen,
            "integrations": integrations,
            "faults": self.store.faults(),
        }
        return json_response(document)

    async def set_clock(self, request: Request) -> Response:
        """As at the shops. Both have to be moved."""
        try:
            move_clock(self.clock, await request.json())
        except ValueError as error:
            return json_response({"error": str(error)}, 400)
        self.store.set_meta("clock", self.clock.to_json())
        return json_response({"now": iso(self.clock.now())})

    async def import_now(self, request: Request) -> Response:
        """One import run, due or not; answers what it brought."""
        result = await self.importer.fetch(request.path_params["integration"])
        failed = result.failed
        refusal = {"status": failed.status, "exception_type": failed.exception_type} if failed else None
        return json_response({"new": result.new, "lost": result.lost, "failed": refusal})

    async def ship_now(self, request: Request) -> Response:
        """Labels for everything that waits for one, what else is due, and word to the shop; counts."""
        number, shipping = request.path_params["integration"], self.importer.shipping
        done = await shipping.work(self.clock.now(), integration=number, hurry=True)
        received = await shipping.hooks.deliver(self.clock.now())
        return json_response({**done, "webhooks": received})

    async def set_webhook(self, request: Request) -> Response:
        """``{"url": ...}``: as people enter it in the integration's settings; empty switches it off."""
        url = str((await request.json())["url"])
        self.importer.shipping.hooks.set_address(request.path_params["integration"], url)
        return json_response({"url": url})

    async def orders(self, request: Request) -> Response:
        """The shop's ids of everything that arrived, and of everything lost."""
        number = request.path_params["integration"]
        rows = self.store.select_orders("integration = ?", (number,), "pk", -1)
        return json_response({"arrived": [row.order_id for row in rows], "lost": self.store.lost(number)})

    async def set_fault(self, request: Request) -> Response:
        """Scope is an account's name or an integration's id."""
        scope, name = request.path_params["scope"], request.path_params["fault"]
        if name not in (INTEGRATION_FAULTS if scope.isdigit() else ACCOUNT_FAULTS):
            return json_response({"error": "No such fault."}, 404)
        params, from_page = await read_params(request)
        self.store.set_fault(scope, name, None if params.pop("off", None) else params)
        self.clock.wake()
        return RedirectResponse("/control/", 303) if from_page else json_response({"fault": name})

    async def end_fault(self, request: Request) -> Response:
        self.store.set_fault(request.path_params["scope"], request.path_params["fault"], None)
        self.clock.wake()
        return json_response({})

    async def page(self, _request: Request) -> Response:
        faults = self.store.faults()
        rows = []
        for account in self.fleet.accounts:
            buttons = _buttons(account.name, ACCOUNT_FAULTS, faults)
            rows.append(f"<tr><th>{escape(account.title)}<th><th>{buttons}</tr>")
            for spec in self.fleet.integrations:
                if spec.account != account.name:
                    continue
                state = self.store.integration(spec.id)
                slowed = "slowed" if state and state.pulse.throttled else ""
                title = escape(self.fleet.shop(spec.shop).title)
                buttons = _buttons(str(spec.id), INTEGRATION_FAULTS, faults)
                rows.append(f"<tr><td>{title}<td>{slowed}<td>{buttons}</tr>")
        return HTMLResponse(
            f"<!doctype html><title>Sandbox hub: faults</title>{page_style()}<h1>Sandbox hub: faults</h1>"
            f"<p>{iso(self.clock.now())}</p><table>{''.join(rows)}</table>"
        )


def _buttons(scope: str, names: tuple[str, ...], faults: dict[str, dict[str, dict[str, object]]]) -> str:
    active = faults.get(scope, {})
    return "".join(
        f'<form method="post" action="/control/faults/{scope}/{name}">'
        + ('<input type="hidden" name="off" value="1">' if name in active else "")
        + f"<button>{'end ' if name in active else ''}{name.replace('_', ' ')}</button></form> "
        for name in names
    )
