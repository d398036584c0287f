"""How the hub calls a shop: really over HTTP, with its own User-Agent and its own key."""

import base64
import secrets
from dataclasses import dataclass
from typing import Any, Literal

import httpx
import orjson
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from integrations.sandbox.fleet import FleetSpec, ShopSpec, Who

Method = Literal["GET", "POST", "PUT", "PATCH"]
USER_AGENT = "Sendcloud/1.0.0"
_NO_TOKEN = "shpat_00000000000000000000000000000000"  # noqa: S105


@dataclass(frozen=True)
class CallFailed(Exception):
    """A call to a shop that did not do what it should, as the hub's exception log wants it."""

    method: str
    url: str
    status: int | None
    exception_type: str
    exception: str
    request_headers: dict[str, str]
    response_headers: dict[str, str]
    response_body: str
    query: str = ""
    """The text of a GraphQL call."""

    @property
    def maintenance(self) -> bool:
        return self.status == 503


class ShopCaller:
    """Signs and sends requests to the shops of a fleet."""

    def __init__(self, fleet: FleetSpec, shops_url: str) -> None:
        self.fleet = fleet
        self.shops_url = shops_url
        limits = httpx.Limits(max_connections=10, max_keepalive_connections=10, keepalive_expiry=20)
        self.client = httpx.AsyncClient(
            timeout=15,
            limits=limits,
            trust_env=False,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
        )

    async def close(self) -> None:
        await self.client.aclose()

    async def tell_arrived(self, shop: str, order_ids: list[str]) -> None:
        """The hub has sent these: the shop need not wait for their labels. Raises httpx.HTTPError."""
        url = f"{self.shops_url}/control/shops/{shop}/labels"
        (await self.client.post(url, json={"ids": order_ids})).raise_for_status()

    async def call(
        self,
        shop: ShopSpec,
        method: Method,
        path: str,
        *,
        at: float,
        document: Any = None,
        xml: str = "",
        may_write: bool = True,
    ) -> Any:
        """The JSON of a 200 or 201 (None of XML); everything else raises CallFailed.

        ``path`` is below the shop's address, its query encoded. Without ``may_write`` the key has lost its
        right to change anything.
        """
        url = f"{self.shops_url}/{shop.name}{path}"
        headers = self._signed(shop, method, url, at, "hub" if may_write else "read")
        content = None
        if document is not None:
            headers["Content-Type"], content = "application/json", orjson.dumps(document)
        elif xml:
            headers["Content-Type"], content = "text/xml", xml.encode()
        query = str(document.get("query", "")) if isinstance(document, dict) else ""
        return await self._sent(method, url, headers, content, query)

    def _signed(self, shop: ShopSpec, method: Method, url: str, at: float, who: Who) -> dict[str, str]:
        match shop.platform:
            case "shopify":
                token = self.fleet.shopify_token(shop.name, "hub") if who == "hub" else _NO_TOKEN
                return {"X-Shopify-Access-Token": token}
            case "prestashop":
                key = base64.b64encode(f"{self.fleet.prestashop_key(shop.name, who)}:".encode()).decode()
                return {"Authorization": f"Basic {key}"}
            case "magento":
                keys: tuple[str | None, ...] = self.fleet.magento_key(shop.name, who)
            case _:
                keys = self.fleet.woocommerce_key(shop.name, who)
        padded: tuple[str | None, ...] = (*keys, None, None)
        public, secret, shop_token, token_secret = padded[:4]
        signer = Client(
            client_key=public or "",
            client_secret=secret,
            resource_owner_key=shop_token,
            resource_owner_secret=token_secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            timestamp=str(int(at)),
            nonce=secrets.token_hex(12),
        )
        return dict(signer.sign(url, method)[1])

    async def _sent(
        self, method: str, url: str, headers: dict[str, str], content: bytes | None, query: str
    ) -> Any:
        sent = {"User-Agent": USER_AGENT, **headers}
        try:
            answer = await self.client.request(method, url, headers=headers, content=content)
        except httpx.TimeoutException as error:
            text = "Read timed out. (read timeout=15)"
            kind = "requests.exceptions.ReadTimeout"
            raise CallFailed(method, url, None, kind, text, sent, {}, "", query) from error
        except httpx.TransportError as error:
            text = (
                "('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"
            )
            kind = "requests.exceptions.ConnectionError"
            raise CallFailed(method, url, None, kind, text, sent, {}, "", query) from error
        response_headers, body = dict(answer.headers), answer.text
        if answer.status_code not in (200, 201):
            reason = "Server Error" if answer.status_code >= 500 else "Client Error"
            text = f"{answer.status_code} {reason}: {answer.reason_phrase} for url: {url}"
            kind = "requests.exceptions.HTTPError"
            raise CallFailed(method, url, answer.status_code, kind, text, sent, response_headers, body, query)
        if "xml" in response_headers.get("content-type", ""):
            return None
        try:
            return answer.json()
        except ValueError as error:
            kind = "requests.exceptions.JSONDecodeError"
            text = "Expecting value: line 1 column 1 (char 0)"
            raise CallFailed(method, url, 200, kind, text, sent, response_headers, body, query) from error

    async def graphql(
        self, shop: ShopSpec, query: str, variables: dict[str, Any], *, at: float, may_write: bool = True
    ) -> Any:
        """The ``data`` of a GraphQL answer. Raises CallFailed, also for errors told with status 200."""
        path = "/admin/api/2026-10/graphql.json"
        document = {"query": query, "variables": variables}
        answer = await self.call(shop, "POST", path, at=at, document=document, may_write=may_write)
        data = answer.get("data")
        told = answer.get("errors") or [
            error
            for part in (data or {}).values()
            if isinstance(part, dict)
            for error in part.get("userErrors") or ()
        ]
        if told:
            url = f"{self.shops_url}/{shop.name}{path}"
            message = str(told)
            raise CallFailed("POST", url, 200, "ShopifyGraphQLError", message, {}, {}, message, query)
        return data
