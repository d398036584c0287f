"""One request to a shop, read as far as every shop needs it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from integrations.sandbox.fleet import ShopSpec


@dataclass(frozen=True)
class ShopRequest:
    shop: ShopSpec
    method: str
    path: str
    """Below the shop's address, with a leading slash."""
    base_url: str
    """The shop's own address as the client wrote it, without a trailing slash."""
    query_string: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    now: float
    """The time."""
    at: float
    """The shop's own clock, which may be wrong."""

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @property
    def url(self) -> str:
        """The whole URL, as a signature covers it."""
        return f"{self.base_url}{self.path}" + (f"?{self.query_string}" if self.query_string else "")

    @property
    def accept(self) -> str:
        return self.headers.get("accept", "*/*")

    @property
    def user_agent(self) -> str:
        return self.headers.get("user-agent", "")

    def json(self) -> Any:
        """Raises orjson.JSONDecodeError."""
        return orjson.loads(self.body) if self.body.strip() else {}


async def read_request(request: Request, shop: ShopSpec, *, now: float, at: float) -> ShopRequest:
    scope = request.scope
    path = scope.get("raw_path", scope["path"].encode()).decode("latin-1")
    prefix = f"/{shop.name}"
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return ShopRequest(
        shop=shop,
        method=scope["method"],
        path=path[len(prefix) :] or "/",
        base_url=f"{scope['scheme']}://{headers.get('host', 'localhost')}{prefix}",
        query_string=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=await request.body(),
        now=now,
        at=at,
    )
