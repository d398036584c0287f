"""How the hub reads a shop: really over HTTP, with its own User-Agent and its own key."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import orjson
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from integrations.sandbox.clock import iso, parse_iso
from integrations.sandbox.fleet import FleetSpec, ShopSpec
from integrations.sandbox.hub.store import ShopOrder

USER_AGENT = "Sendcloud/1.0.0"
_ORDERS_PER_PAGE = 100
_SHOPIFY_QUERY = """
query HubOrders($query: String!, $after: String) {
  orders(first: 100, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { id legacyResourceId name createdAt updatedAt cancelledAt closedAt test
            displayFinancialStatus displayFulfillmentStatus }
    pageInfo { hasNextPage endCursor }
  }
}"""


@dataclass(frozen=True)
class FetchFailed(Exception):
    """A call to the shop that did not give orders, as the hub's exception log wants it."""

    method: str
    url: str
    status: int | None
    exception_type: str
    exception: str
    request_headers: dict[str, str]
    response_headers: dict[str, str]
    response_body: str

    @property
    def maintenance(self) -> bool:
        return self.status == 503


class ShopReader:
    """Reads the orders of shops that changed since a moment."""

    def __init__(self, fleet: FleetSpec, shops_url: str) -> None:
        self.fleet = fleet
        self.shops_url = shops_url
        limits = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=20)
        self.client = httpx.AsyncClient(
            timeout=httpx.Timeout(15, connect=5),
            limits=limits,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )

    async def close(self) -> None:
        await self.client.aclose()

    async def tell_arrived(self, shop: str, order_ids: Sequence[str]) -> None:
        """The hub can make labels for these. Raises httpx.HTTPError."""
        url = f"{self.shops_url}/control/shops/{shop}/labels"
        (await self.client.post(url, json={"ids": list(order_ids)})).raise_for_status()

    def read(self, shop: ShopSpec, since: float, at: float) -> AsyncIterator[list[ShopOrder]]:
        """Pages of orders changed after ``since``, oldest change first. Raises FetchFailed."""
        return (
            self._woocommerce(shop, since, at)
            if shop.platform == "woocommerce"
            else self._shopify(shop, since)
        )

    async def _woocommerce(self, shop: ShopSpec, since: float, at: float) -> AsyncIterator[list[ShopOrder]]:
        key, secret = self.fleet.woocommerce_key(shop.name, "hub")
        after = datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        page = 1
        while True:
            query = (
                f"modified_after={after}&dates_are_gmt=true&orderby=modified&order=asc"
                f"&per_page={_ORDERS_PER_PAGE}&page={page}"
            )
            url = f"{self.shops_url}/{shop.name}/wp-json/wc/v3/orders?{query}"
            signer = Client(
                key,
                secret,
                signature_method=SIGNATURE_HMAC_SHA256,
                timestamp=str(int(at)),
                nonce=secrets.token_hex(12),
            )
            _, headers, _ = signer.sign(url)
            entries = await self._call("GET", url, headers, None)
            yield [_from_woocommerce(entry) for entry in entries]
            if len(entries) < _ORDERS_PER_PAGE:
                return
            page += 1

    async def _shopify(self, shop: ShopSpec, since: float) -> AsyncIterator[list[ShopOrder]]:
        headers = {
            "X-Shopify-Access-Token": self.fleet.shopify_token(shop.name, "hub"),
            "Content-Type": "application/json",
        }
        url = f"{self.shops_url}/{shop.name}/admin/api/2026-10/graphql.json"
        after = None
        while True:
            variables = {"query": f"updated_at:>'{iso(since)}'", "after": after}
            body = orjson.dumps({"query": _SHOPIFY_QUERY, "variables": variables})
            answer = await self._call("POST", url, headers, body)
            if answer.get("errors"):
                message = str(answer["errors"])
                raise FetchFailed("POST", url, 200, "ShopifyGraphQLError", message, headers, {}, message)
            orders = answer["data"]["orders"]
            yield [_from_shopify(node) for node in orders["nodes"] if not node["test"]]
            if not orders["pageInfo"]["hasNextPage"]:
                return
            after = orders["pageInfo"]["endCursor"]

    async def _call(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Any:
        """The JSON of a 200; everything else raises FetchFailed."""
        sent = {"User-Agent": USER_AGENT, **headers}
        try:
            answer = await self.client.request(method, url, headers=headers, content=body)
        except httpx.TimeoutException as error:
            text = "Read timed out. (read timeout=15)"
            raise FetchFailed(
                method, url, None, "requests.exceptions.ReadTimeout", text, sent, {}, ""
            ) from error
        except httpx.TransportError as error:
            text = (
                "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"
            )
            kind = "requests.exceptions.ConnectionError"
            raise FetchFailed(method, url, None, kind, text, sent, {}, "") from error
        response_headers = dict(answer.headers)
        if answer.status_code != 200:
            reason = "Server Error" if answer.status_code >= 500 else "Client Error"
            text = f"{answer.status_code} {reason}: {answer.reason_phrase} for url: {url}"
            kind = "requests.exceptions.HTTPError"
            raise FetchFailed(
                method, url, answer.status_code, kind, text, sent, response_headers, answer.text
            )
        try:
            return answer.json()
        except ValueError as error:
            kind = "requests.exceptions.JSONDecodeError"
            text = "Expecting value: line 1 column 1 (char 0)"
            raise FetchFailed(method, url, 200, kind, text, sent, response_headers, answer.text) from error


def _from_woocommerce(entry: dict[str, Any]) -> ShopOrder:
    completed = entry["date_completed_gmt"]
    return ShopOrder(
        id=str(entry["id"]),
        number=entry["number"],
        created=int(parse_iso(entry["date_created_gmt"])),
        modified=int(parse_iso(entry["date_modified_gmt"])),
        status=entry["status"],
        completed=int(parse_iso(completed)) if completed else None,
    )


def _from_shopify(node: dict[str, Any]) -> ShopOrder:
    if node["cancelledAt"]:
        status = "cancelled"
    elif node["displayFulfillmentStatus"] == "FULFILLED":
        status = "fulfilled"
    else:
        status = node["displayFinancialStatus"].lower()
    closed = node["closedAt"]
    return ShopOrder(
        id=node["legacyResourceId"],
        number=node["name"],
        created=int(parse_iso(node["createdAt"])),
        modified=int(parse_iso(node["updatedAt"])),
        status=status,
        completed=int(parse_iso(closed)) if closed else None,
    )
