"""Shopify's Admin API over HTTP: sign-in, versions, throttling, and GraphQL by graphql-core."""

from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import orjson
from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.shops import shopify_data as data
from integrations.sandbox.shops.pages import HTML, Page, home
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.shopify_cost import (
    MAX_COST,
    RATES,
    Bucket,
    actual_cost,
    is_mutation,
    requested_cost,
)
from integrations.sandbox.shops.shopify_fulfilments import Fulfilments
from integrations.sandbox.shops.shopify_root import Desk, Mutations, Root
from integrations.sandbox.shops.shopify_webhooks import Webhooks
from integrations.sandbox.shops.store import ShopStore

_TOKEN_LIFE_S = 86_399
_DOCUMENTATION = "https://shopify.dev/api/usage/rate-limits"
_STOPPED = {
    "shop_frozen": (402, "Payment Required"),
    "shop_locked": (423, "Locked"),
    "security_rejection": (430, "Shopify Security Rejection"),
    "scope_lost": (403, "[API] This action requires merchant approval for read_orders scope."),
}


class Shopify:
    """Answers for every Shopify shop of the fleet."""

    def __init__(self, fleet: FleetSpec, store: ShopStore, clock: Clock) -> None:
        self.fleet = fleet
        self.store = store
        self.fulfilments = Fulfilments(store)
        self.webhooks = Webhooks(store, clock, lambda shop: fleet.shopify_client(shop)[1], self._payload)
        self.schema = _schema()
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def answer(self, request: ShopRequest) -> Page:
        parts = request.path.strip("/").split("/")
        if parts == ["admin", "oauth", "access_token"]:
            return self._grant(request)
        if len(parts) == 4 and parts[:2] == ["admin", "api"] and parts[3] == "graphql.json":
            return self._graphql(request, parts[2])
        if request.path == "/" and request.method in ("GET", "HEAD"):
            page = home(request.shop.title, "cloudflare")
            return Page(200, page.body, {**page.headers, "powered-by": "Shopify"})
        return Page(404, b"<html><head><title>404 Not Found</title></head></html>", {"Content-Type": HTML})

    async def run(self) -> None:
        """For ever: deliver webhooks."""
        await self.webhooks.run()

    def _payload(self, shop: str, order_id: int) -> bytes:
        order = self.store.get(shop, order_id)
        return orjson.dumps(data.webhook_json(order)) if order else b"{}"

    # Signing in

    def _grant(self, request: ShopRequest) -> Page:
        """The client-credentials grant: a token for 24 hours."""
        if "json" in request.headers.get("content-type", ""):
            form = {str(k): str(v) for k, v in request.json().items()}
        else:
            form = dict(parse_qsl(request.body.decode()))
        client_id, client_secret = self.fleet.shopify_client(request.shop.name)
        if request.method != "POST" or form.get("grant_type") != "client_credentials":
            return _json(
                400, {"error": "invalid_request", "error_description": "The grant type is not supported."}
            )
        if self.store.fault(request.shop.name, "credentials_revoked", request.now):
            message = "The app is not installed on this shop."
            return _json(400, {"error": "app_not_installed", "error_description": message})
        if self.store.fault(request.shop.name, "grant_not_permitted", request.now):
            message = "Client credentials cannot be performed on this shop."
            return _json(400, {"error": "shop_not_permitted", "error_description": message})
        if (form.get("client_id"), form.get("client_secret")) != (client_id, client_secret):
            message = "Client authentication failed."
            return _json(400, {"error": "invalid_client", "error_description": message})
        token = f"shpca_{self.fleet.shopify_token(request.shop.name, 'monitor')[6:]}"
        self.store.set_meta(f"token/{request.shop.name}", request.at + _TOKEN_LIFE_S)
        scopes = ",".join(self._scopes(request))
        return _json(200, {"access_token": token, "scope": scopes, "expires_in": _TOKEN_LIFE_S})

    def _known_token(self, request: ShopRequest) -> bool:
        shop, token = request.shop, request.headers.get("x-shopify-access-token", "")
        if self.store.fault(shop.name, "credentials_revoked", request.now):
            return False
        if token == self.fleet.shopify_token(shop.name, "hub"):
            return True
        own = self.fleet.shopify_token(shop.name, "monitor")
        if shop.grant == "token":
            return token == own
        expires_at = self.store.meta(f"token/{shop.name}") or 0
        return token == f"shpca_{own[6:]}" and request.at < expires_at

    def _scopes(self, request: ShopRequest) -> tuple[str, ...]:
        """What the asking app may do; a hub's app has its own scopes, all of them."""
        missing = self.store.fault(request.shop.name, "scope_missing", request.now)
        token = request.headers.get("x-shopify-access-token", "")
        if missing is None or token == self.fleet.shopify_token(request.shop.name, "hub"):
            return data.SCOPES
        gone = str(missing.params.get("scopes", "read_orders")).split(",")
        return tuple(scope for scope in data.SCOPES if scope not in gone)

    # GraphQL

    def _graphql(self, request: ShopRequest, asked_version: str) -> Page:
        served = asked_version if asked_version in data.VERSIONS else next(iter(data.VERSIONS))
        if self.store.fault(request.shop.name, "version_retired", request.now):
            served = "2027-01"
        headers = {"X-Shopify-API-Version": served}
        if not self._known_token(request):
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return _json(401, {"errors": message}, headers)
        for name, (status, message) in _STOPPED.items():
            if self.store.fault(request.shop.name, name, request.now):
                return _json(status, {"errors": message}, headers)
        if request.method != "POST":
            return Page(405 if request.method != "GET" else 404, b"", headers)
        try:
            body = request.json()
            text, variables = str(body["query"]), body.get("variables") or {}
        except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
            return _json(400, {"errors": {"query": "Required parameter missing or invalid"}}, headers)
        return _json(200, self._run(request, text, variables), headers)

    def _run(self, request: ShopRequest, text: str, variables: dict[str, Any]) -> dict[str, Any]:
        document, errors = _prepared(text)
        if document is None:
            return {"errors": list(errors)}
        cost = requested_cost(document, variables)
        if cost > MAX_COST:
            return {"errors": [_max_cost(cost)]}
        bucket = self._bucket(request)
        if cost > bucket.available:
            extensions = {"code": "THROTTLED", "documentation": _DOCUMENTATION}
            return {
                "errors": [{"message": "Throttled", "extensions": extensions}],
                "extensions": {"cost": _cost(cost, None, bucket)},
            }
        if self.store.fault(request.shop.name, "webhooks_deleted", request.now):
            self.webhooks.delete(request.shop.name)
        desk = Desk(request, self.fulfilments, self.webhooks, self._scopes(request))
        root = Mutations(desk) if is_mutation(document) else Root(desk)
        result = execute_sync(self.schema, document, root, variable_values=variables)
        actual = cost if is_mutation(document) else actual_cost(result.data)
        bucket.available -= min(actual, cost)
        answer: dict[str, Any] = {"data": result.data}
        if result.errors:
            answer["errors"] = [error.formatted for error in result.errors]
        if self.store.fault(request.shop.name, "protected_data", request.now):
            message = "This app is not approved to access the Order object."
            answer = {"data": None, "errors": [{"message": message, "path": ["orders"]}]}
        answer["extensions"] = {"cost": _cost(cost, actual, bucket)}
        if desk.warnings:
            answer["extensions"]["search"] = desk.warnings
        return answer

    def _bucket(self, request: ShopRequest) -> Bucket:
        key = (request.shop.name, request.headers.get("x-shopify-access-token", ""))
        if key not in self._buckets:
            maximum, rate = RATES[request.shop.plan]
            self._buckets[key] = Bucket(maximum, rate, maximum, request.at)
        bucket = self._buckets[key]
        bucket.refill(request.at)
        if self.store.fault(request.shop.name, "throttled", request.now):
            bucket.available = 0.0
        return bucket


@lru_cache(maxsize=1)
def _schema() -> GraphQLSchema:
    return build_schema(Path(__file__).with_name("shopify.graphql").read_text(), assume_valid=True)


@lru_cache(maxsize=256)
def _prepared(text: str) -> tuple[DocumentNode | None, tuple[dict[str, Any], ...]]:
    """The parsed and validated document, or the errors of it."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (dict(error.formatted),)
    errors = validate(_schema(), document)
    return (None, tuple(dict(error.formatted) for error in errors)) if errors else (document, ())


def _cost(requested: int, actual: int | None, bucket: Bucket) -> dict[str, Any]:
    return {"requestedQueryCost": requested, "actualQueryCost": actual, "throttleStatus": bucket.status()}


def _max_cost(cost: int) -> dict[str, Any]:
    return {
        "message": f"Query cost is {cost}, which exceeds the single query max cost limit ({MAX_COST}).",
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": MAX_COST,
            "documentation": _DOCUMENTATION,
        },
    }


def _json(status: int, document: Any, headers: dict[str, str] | None = None) -> Page:
    base = {
        "Content-Type": "application/json; charset=utf-8",
        "powered-by": "Shopify",
        "Server": "cloudflare",
    }
    return Page(status, orjson.dumps(document), {**base, **(headers or {})})
