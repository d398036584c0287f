"""The stand-in as an application: the API below ``/client/v4``, and its control. It takes writes of custom
rules and IP Access rules (see :mod:`~integrations.sandbox.cloudflare.writing`).

``GET /control/state``; ``PUT`` and ``DELETE /control/zones/{zone}/faults/{fault}``;
``PUT`` and ``DELETE /control/faults/{fault}`` for what is wrong with the API itself.
"""

import json
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.clock import Clock, iso
from integrations.sandbox.cloudflare.api import (
    DOCUMENTATION,
    LIMIT,
    WINDOW_S,
    Refusal,
    ZoneReader,
    access_rules,
    paged,
    success,
    zone_result,
)
from integrations.sandbox.cloudflare.writing import write
from integrations.sandbox.cloudflare.zones import (
    ACCOUNT,
    FAULTS,
    REFUSALS,
    Document,
    ident,
    token_of,
    with_faults,
    zones_of,
)
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.shops.store import ShopStore

VALID_FOR_S = 90 * 86_400
LOW = 150


class CloudflareApi:
    """Zones by name, what is wrong with them, and who may ask.

    ``keep`` is called with the faults whenever they change, so that they survive a restart.
    """

    def __init__(
        self,
        zones: list[Document],
        token: str,
        clock: Clock,
        *,
        account_token: bool = False,
        faults: Document | None = None,
        keep: Callable[[Document], None] | None = None,
    ) -> None:
        self.zones = {zone["name"]: zone for zone in zones}
        self.token = token
        self.account_token = account_token
        self.clock = clock
        self.faults: Document = faults or {"api": {}, "zones": {}}
        self.keep = keep or (lambda _faults: None)
        self.asked: list[str] = []
        """Paths below ``/client/v4/`` with their queries, newest last."""
        self._window = (0.0, 0)

    def routes(self) -> list[Route]:
        return [
            Route("/control/state", self.state),
            Route("/control/faults/{fault}", self.set_refusal, methods=["PUT", "POST", "DELETE"]),
            Route("/control/zones/{zone}/faults/{fault}", self.set_fault, methods=["PUT", "POST", "DELETE"]),
            Route("/client/v4/{path:path}", self.serve, methods=["GET", "POST"]),
        ]

    async def serve(self, request: Request) -> Response:
        path = request.path_params["path"].rstrip("/")
        self.asked = [*self.asked[-999:], f"{path}?{request.url.query}"]
        left = self._left()
        headers = {
            "X-RateLimit-Limit": str(LIMIT),
            "X-RateLimit-Remaining": str(left),
            "Ratelimit": f'"default";r={left};t={WINDOW_S}',
        }
        if left <= 0:
            headers["Retry-After"] = str(WINDOW_S)
        try:
            if left <= 0:
                raise Refusal(429, 971, "Please wait and consider throttling your request speed")
            body = await request.body() if request.method == "POST" else None
            document, status = self._answer(path, request, body), 200
        except Refusal as refusal:
            document = {"success": False, "errors": [refusal.error], "messages": [], "result": None}
            status = refusal.status
        return Response(json.dumps(document), status, headers, "application/json")

    def _left(self) -> int:
        if "rate_limited" in self.faults["api"]:
            return 0
        start, used = self._window
        now = self.clock.now()
        if now - start >= WINDOW_S:
            start, used = now, 0
        self._window = (start, used + 1)
        ceiling = LIMIT
        if "budget_low" in self.faults["api"]:
            ceiling = int(self.faults["api"]["budget_low"].get("left", LOW))
        return min(LIMIT - used - 1, ceiling)

    def _answer(self, path: str, request: Request, body: bytes | None = None) -> Document:
        if "server_error" in self.faults["api"]:
            raise Refusal(500, 10001, "Internal server error")
        authorization = request.headers.get("authorization", "")
        if not authorization.startswith("Bearer "):
            raise Refusal(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
        known = authorization == f"Bearer {self.token}"
        if path.endswith("tokens/verify"):
            return self._verify(path, known)
        if not known or {"token_expired", "token_disabled"} & self.faults["api"].keys():
            raise Refusal(403, 9109, "Invalid access token")
        missing = self.faults["api"].get("permission_missing", {}).get("names", [])
        if any(path == name or (name != "zones" and name in path) for name in missing):
            raise Refusal(403, 10000, "Forbidden", DOCUMENTATION + path.rsplit("/", 1)[-1])
        return self._read(path, request) if body is None else self._write(path, body)

    def _verify(self, path: str, known: bool) -> Document:
        if not known or path.startswith("accounts/") != self.account_token:
            raise Refusal(401, 1000, "Invalid API Token")
        status, expires_at = "active", self.clock.now() + VALID_FOR_S
        if "token_expired" in self.faults["api"]:
            status, expires_at = "expired", self.clock.now() - 60
        elif "token_disabled" in self.faults["api"]:
            status = "disabled"
        moment = iso(expires_at)
        return success({"id": ident("token"), "status": status, "not_before": None, "expires_on": moment})

    def _read(self, path: str, request: Request) -> Document:
        zones = [with_faults(zone, self.faults["zones"].get(name, {})) for name, zone in self.zones.items()]
        if path == "zones":
            name = request.query_params.get("name")
            rows = [zone_result(zone) for zone in zones if name in (None, zone["name"])]
            return paged(rows, request, most=50)
        if path == f"accounts/{ACCOUNT}/firewall/access_rules/rules":
            shared = [row for zone in zones for row in access_rules(zone, zone["account_access_rules"])]
            return paged(shared, request)
        kind, _, rest = path.partition("/")
        zone_id, _, below = rest.partition("/")
        for zone in zones:
            if kind == "zones" and zone["id"] == zone_id:
                return ZoneReader(zone, self.clock).answer(below, request)
        raise Refusal(404, 7003, f"Could not route to /{path}, perhaps your object identifier is invalid?")

    def _write(self, path: str, body: bytes) -> Document:
        kind, _, rest = path.partition("/")
        zone_id, _, below = rest.partition("/")
        for name, zone in self.zones.items():
            if kind == "zones" and zone["id"] == zone_id:
                faults = self.faults["zones"].get(name, {})
                try:
                    document = json.loads(body)
                except ValueError:
                    raise Refusal(400, 9207, "Request body is invalid.") from None
                return write(zone, faults, below, document, self.clock)
        raise Refusal(404, 7003, f"Could not route to /{path}, perhaps your object identifier is invalid?")

    async def state(self, _request: Request) -> Response:
        return _json({"zones": sorted(self.zones), "faults": self.faults, "asked": len(self.asked)})

    async def set_refusal(self, request: Request) -> Response:
        return await self._switch(request, REFUSALS, self.faults["api"])

    async def set_fault(self, request: Request) -> Response:
        name = request.path_params["zone"]
        if name not in self.zones:
            return _json({"error": f"No such zone. There are {', '.join(sorted(self.zones))}."}, 404)
        return await self._switch(request, tuple(FAULTS), self.faults["zones"].setdefault(name, {}))

    async def _switch(self, request: Request, known: tuple[str, ...], active: Document) -> Response:
        """The body holds the parameters; DELETE ends the fault."""
        fault = request.path_params["fault"]
        if fault not in known:
            return _json({"error": f"No such fault. There are {', '.join(known)}."}, 404)
        if request.method == "DELETE":
            active.pop(fault, None)
        else:
            body = await request.body()
            active[fault] = dict(json.loads(body)) if body else {}
        self.keep(self.faults)
        return _json({"active": sorted(active)})


def _json(document: Document, status: int = 200) -> Response:
    return Response(json.dumps(document), status, media_type="application/json")


def cloudflare_of(fleet: FleetSpec, store: ShopStore, clock: Clock) -> CloudflareApi:
    """One zone for each shop of the fleet; what is wrong with them is kept beside the shops, and is at
    first what the fleet says."""
    faults = store.meta("cloudflare") or {
        "api": {},
        "zones": {f"{zone.shop}.example": {fault: {} for fault in zone.faults} for zone in fleet.zones},
    }
    return CloudflareApi(
        zones_of(fleet),
        token_of(fleet),
        clock,
        faults=faults,
        keep=lambda changed: store.set_meta("cloudflare", changed),
    )
