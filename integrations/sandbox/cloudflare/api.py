"""Serves the zones as ``/client/v4`` does: the envelope, pages, refusals, and the limit of requests."""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request

from integrations.sandbox.clock import Clock, iso
from integrations.sandbox.cloudflare.zones import ACCOUNT, Document, ident

LIMIT, WINDOW_S = 1200, 300
DOCUMENTATION = "https://developers.cloudflare.com/api/resources/"


class Refusal(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: int, message: str, documentation_url: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error: Document = {"code": code, "message": message}
        if documentation_url:
            self.error["documentation_url"] = documentation_url


def success(result: Any, info: Document | None = None) -> Document:
    document = {"success": True, "errors": [], "messages": [], "result": result}
    return {**document, "result_info": info} if info else document


def paged(rows: list[Any], request: Request, *, most: int = 100) -> Document:
    """A page by ``page`` and ``per_page``."""
    size = min(int(request.query_params.get("per_page", 20)), most)
    page = int(request.query_params.get("page", 1))
    shown = rows[(page - 1) * size : page * size]
    info = {"page": page, "per_page": size, "count": len(shown), "total_count": len(rows)}
    return success(shown, info)


def numbered(kind: str, zone: Document, rows: Iterable[Document]) -> list[Document]:
    return [{"id": ident(kind, zone["name"], str(place)), **row} for place, row in enumerate(rows)]


def zone_result(zone: Document) -> Document:
    return {
        "id": zone["id"],
        "name": zone["name"],
        "status": zone["status"],
        "paused": zone["paused"],
        "type": "full",
        "development_mode": 0,
        "account": {"id": ACCOUNT, "name": "Sandbox"},
        "plan": {"name": f"{zone['plan'].title()} Website", "legacy_id": zone["plan"]},
    }


class ZoneReader:
    """Answers for one zone, by the path below ``/zones/{id}/``."""

    def __init__(self, zone: Document, clock: Clock) -> None:
        self.zone = zone
        self.clock = clock

    def answer(self, path: str, request: Request) -> Document:
        """Raises Refusal."""
        zone = self.zone
        first, _, rest = path.partition("/")
        match first:
            case "":
                return success(zone_result(zone))
            case "dns_records":
                return paged(self._records(request), request)
            case "settings" if rest in zone["settings"]:
                return success(self._setting(rest, zone["settings"][rest]))
            case "rulesets":
                return self._rulesets(rest)
            case "firewall":
                return self._firewall(rest, request)
        if path == "argo/smart_routing":
            return success(self._setting("smart_routing", zone["argo"]))
        if path == "bot_management":
            return success(zone["bot_management"])
        if path == "load_balancers":
            return success(numbered("balancer", zone, zone["load_balancers"]))
        if path == "workers/routes":
            return success(numbered("route", zone, zone["routes"]))
        if path == "pagerules":
            return success(self._page_rules(request))
        raise Refusal(404, 7003, f"Could not route to /zones/{zone['id']}/{path}")

    def _setting(self, name: str, value: str) -> Document:
        return {"id": name, "value": value, "editable": name != "ipv6", "modified_on": None}

    def _records(self, request: Request) -> list[Document]:
        name, kind = request.query_params.get("name.exact"), request.query_params.get("type")
        return [
            {"ttl": 1, "proxied": False, **row}
            for row in numbered("record", self.zone, self.zone["dns_records"])
            if name in (None, row["name"]) and kind in (None, row["type"])
        ]

    def _rulesets(self, rest: str) -> Document:
        changed = iso(self.clock.now())
        if not rest:
            heads = [
                {
                    "id": ident("ruleset", self.zone["name"], phase),
                    "name": "default",
                    "kind": "zone",
                    "phase": phase,
                    "version": "1",
                    "last_updated": changed,
                }
                for phase in self.zone["phases"]
            ]
            managed = {"id": ident("managed"), "kind": "managed", "phase": "http_request_firewall_managed"}
            return success([*heads, managed])
        return self.ruleset(rest.removeprefix("phases/").removesuffix("/entrypoint"))

    def ruleset(self, phase: str) -> Document:
        """The rules of a phase. Raises Refusal where it has none."""
        changed = iso(self.clock.now())
        rules = self.zone["phases"].get(phase)
        if rules is None:
            raise Refusal(404, 10003, f"could not find entrypoint ruleset in the {phase} phase")
        name = f"{self.zone['name']}/{phase}"
        numbered_rules = [
            {"id": ident("rule", name, str(place)), "version": "1", "last_updated": changed, **rule}
            for place, rule in enumerate(rules)
        ]
        head = {"id": ident("ruleset", self.zone["name"], phase), "kind": "zone", "phase": phase}
        return success({**head, "version": "1", "last_updated": changed, "rules": numbered_rules})

    def _firewall(self, rest: str, request: Request) -> Document:
        zone = self.zone
        if rest == "access_rules/rules":
            return paged(access_rules(zone, zone["access_rules"]), request)
        if rest == "ua_rules":
            rows = [
                {"mode": row["mode"], "paused": row["paused"], "description": "",
                 "configuration": {"target": "ua", "value": row["value"]}}
                for row in zone["ua_rules"]
            ]  # fmt: skip
            return paged(numbered("ua", zone, rows), request)
        if rest == "lockdowns":
            rows = [
                {"urls": row["urls"], "paused": row["paused"], "description": "",
                 "configurations": [{"target": "ip", "value": value} for value in row["addresses"]]}
                for row in zone["lockdowns"]
            ]  # fmt: skip
            return paged(numbered("lockdown", zone, rows), request)
        # Firewall Rules and Filters are gone since June 2025.
        raise Refusal(410, 10032, "This API has been removed")

    def _page_rules(self, request: Request) -> list[Document]:
        wanted = request.query_params.get("status", "disabled")
        return [
            {
                "id": row["id"],
                "status": row["status"],
                "priority": 1,
                "targets": [
                    {"target": "url", "constraint": {"operator": "matches", "value": pattern}}
                    for pattern in row["targets"]
                ],
                "actions": row["actions"],
            }
            for row in numbered("page", self.zone, self.zone["pagerules"])
            if row["status"] == wanted
        ]


def access_rules(zone: Document, rows: Iterable[Document]) -> list[Document]:
    return [
        {
            "id": row["id"],
            "mode": row["mode"],
            "notes": "",
            "configuration": {"target": row["target"], "value": row["value"]},
            "scope": {"type": "zone"},
        }
        for row in numbered("access", zone, rows)
    ]
