"""Asking a WooCommerce shop of the sandbox."""

import secrets
from typing import Any
from urllib.parse import urlencode

import httpx
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from integrations.sandbox.client import Sandbox

API = "/wp-json/wc/v3"


def basic(sandbox: Sandbox, credential: str, name: str = "woo") -> tuple[str, str] | None:
    """User and password for a credential as the recorded answers label them."""
    if credential == "none":
        return None
    if credential == "unknown_key":
        return "ck_" + "0" * 40, "cs_" + "0" * 40
    who: Any = {"read_write": "monitor", "wrong_secret": "monitor"}.get(credential, credential)
    key, secret = sandbox.fleet.woocommerce_key(name, who)
    return key, "cs_wrong" if credential == "wrong_secret" else secret


def ask(sandbox: Sandbox, path: str, *, name: str = "woo", **query: str) -> httpx.Response:
    """A signed-in GET below the API."""
    auth = basic(sandbox, "read", name)
    return sandbox.http.get(f"{sandbox.store_url(name)}{API}{path}", params=query, auth=auth)


def signed(
    sandbox: Sandbox, name: str, *, at: float, secret: str = "", nonce: str = "", **query: str
) -> httpx.Response:
    """GET /orders with an OAuth 1.0a header."""
    key, right_secret = sandbox.fleet.woocommerce_key(name, "monitor")
    url = f"{sandbox.store_url(name)}{API}/orders?{urlencode({'per_page': '1', **query})}"
    signer = Client(
        key,
        secret or right_secret,
        signature_method=SIGNATURE_HMAC_SHA256,
        timestamp=str(int(at)),
        nonce=nonce or secrets.token_hex(8),
    )
    _, headers, _ = signer.sign(url)
    return sandbox.http.get(url, headers=headers)
