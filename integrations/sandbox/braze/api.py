"""Braze's REST API, the reading part that a monitor needs, and the switches for what can go wrong.

Shapes, limits and errors as Braze documents them; values come from the shops.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.braze.workspace import FAULTS, Workspace, scope, shopify_app_id
from integrations.sandbox.clock import Clock, iso, parse_iso
from integrations.sandbox.fleet import Fault, FleetSpec
from integrations.sandbox.shops.life import ShopLife
from integrations.sandbox.shops.store import ShopStore
from integrations.sandbox.traffic import HOUR_S

NAMES_PER_PAGE = 250
LONGEST_SERIES = 100
LIMITS = {"list": (1_000, 3_600), "series": (250_000, 3_600), "catalogs": (50, 60)}
"""Pool of requests -> (how many, in how many seconds)."""

Answer = Callable[[Request, Workspace], dict[str, Any]]


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BrazeApi:
    def __init__(self, fleet: FleetSpec, store: ShopStore, clock: Clock, life: ShopLife) -> None:
        self.store = store
        self.clock = clock
        self.life = life
        self._keys = {spec.name: fleet.braze_key(spec.name) for spec in fleet.workspaces}
        self._workspaces = {spec.name: Workspace(spec, store) for spec in fleet.workspaces}
        self._used: dict[tuple[str, str, int], int] = {}

    def routes(self) -> list[Route]:
        listed: list[tuple[str, str, str, Answer]] = [
            ("events/list", "list", "events.list", self._names),
            ("events/data_series", "series", "events.data_series", self._events),
            ("sessions/data_series", "series", "sessions.data_series", self._sessions),
            ("catalogs", "catalogs", "catalogs.get", self._catalogs),
        ]
        control = "/control/{workspace}/faults/{fault}"
        return [
            Route(control, self.set_fault, methods=["PUT"]),
            Route(control, self.end_fault, methods=["DELETE"]),
            *(
                Route(f"/{{workspace}}/{path}", self._guarded(pool, permission, answer), methods=["GET"])
                for path, pool, permission, answer in listed
            ),
        ]

    def _guarded(
        self, pool: str, permission: str, answer: Answer
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            name = request.path_params["workspace"]
            try:
                self._sign_in(request, name, permission)
            except Refused as refused:
                return _json({"message": str(refused)}, refused.status)
            headers, is_too_much = self._count(name, pool)
            if is_too_much:
                return _json({"message": "Rate limit exceeded"}, 429, headers)
            if self._has(name, "maintenance_202"):
                return _json({"message": "queued"}, 202, headers)
            self.life.catch_up()
            try:
                document = {"message": "success", **answer(request, self._workspaces[name])}
            except Refused as refused:
                return _json({"message": str(refused)}, refused.status, headers)
            return _json(document, 200, headers)

        return endpoint

    def _sign_in(self, request: Request, name: str, permission: str) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        known = secrets.compare_digest(given.encode(), self._keys.get(name, "").encode())
        if not known or name not in self._keys or self._has(name, "key_revoked"):
            raise Refused(401, "Invalid API key")
        missing = self.store.fault(scope(name), "permission_missing", self.clock.now())
        if missing is not None and missing.params.get("permission", "catalogs.get") == permission:
            raise Refused(401, "You do not have permission to access this resource")

    def _count(self, name: str, pool: str) -> tuple[dict[str, str], bool]:
        """The headers of the limit, and whether it is used up. Windows begin with the clock's hour."""
        limit, seconds = LIMITS[pool]
        window = int(self.clock.now() // seconds)
        used = self._used.get((name, pool, window), 0) + 1
        self._used[name, pool, window] = used
        headers = {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(max(0, limit - used)),
            "x-ratelimit-reset": str((window + 1) * seconds),
        }
        return headers, used > limit

    def _has(self, name: str, fault: str) -> bool:
        return self.store.fault(scope(name), fault, self.clock.now()) is not None

    # Answers

    def _names(self, request: Request, workspace: Workspace) -> dict[str, Any]:
        page = request.query_params.get("page", "0")
        if not page.isdigit():
            raise Refused(400, "Invalid 'page' parameter")
        start = int(page) * NAMES_PER_PAGE
        return {"events": workspace.names()[start : start + NAMES_PER_PAGE]}

    def _events(self, request: Request, workspace: Workspace) -> dict[str, Any]:
        event = request.query_params.get("event")
        if not event:
            raise Refused(400, "'event' is required")
        if event not in workspace.names():
            return {"data": []}
        hours = self._hours(request)
        counts = workspace.counts(event, hours[0] * HOUR_S, self.clock.now())
        return {"data": [{"time": _time(hour), "count": counts[hour]} for hour in hours]}

    def _sessions(self, request: Request, workspace: Workspace) -> dict[str, Any]:
        hours = self._hours(request)
        if request.query_params.get("app_id") != shopify_app_id(workspace.spec.name):
            return {"data": []}
        counts = workspace.sessions(hours[0] * HOUR_S, self.clock.now())
        return {"data": [{"time": _time(hour), "sessions": counts[hour]} for hour in hours]}

    def _catalogs(self, _request: Request, workspace: Workspace) -> dict[str, Any]:
        return {"catalogs": workspace.catalogs(self.clock.now())}

    def _hours(self, request: Request) -> list[int]:
        """The hours asked for, counted since the epoch, oldest first."""
        query = request.query_params
        if query.get("unit", "day") != "hour":
            raise Refused(400, "This stand-in counts by the hour only")
        length = query.get("length", "")
        if not length.isdigit() or not 1 <= int(length) <= LONGEST_SERIES:
            raise Refused(400, "'length' must be between 1 and 100")
        try:
            ending_at = parse_iso(query["ending_at"]) if "ending_at" in query else self.clock.now()
        except ValueError:
            raise Refused(400, "'ending_at' must be in ISO 8601 format") from None
        last = int(min(ending_at, self.clock.now()) // HOUR_S)
        return list(range(last - int(length) + 1, last + 1))

    # Switches

    async def set_fault(self, request: Request) -> Response:
        """The body holds the fault's parameters; ``since`` (ISO) lets it have begun earlier."""
        name, fault = request.path_params["workspace"], request.path_params["fault"]
        if name not in self._workspaces or fault not in FAULTS:
            return _json({"error": f"No such workspace or fault. There are {', '.join(FAULTS)}."}, 404)
        body = await request.body()
        params = dict(orjson.loads(body)) if body else {}
        since = parse_iso(params.pop("since")) if "since" in params else self.clock.now()
        self.store.start_fault(scope(name), Fault(fault, params, since))
        return _json({"fault": fault, "since": iso(since)})

    async def end_fault(self, request: Request) -> Response:
        name, fault = request.path_params["workspace"], request.path_params["fault"]
        self.store.end_fault(scope(name), fault, self.clock.now())
        return _json({})


def _time(hour: int) -> str:
    return iso(hour * HOUR_S).replace("Z", "+00:00")


def _json(document: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(document), status, headers, "application/json")
