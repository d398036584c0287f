"""How WooCommerce signs a request in (behaviour observed on 7.9.0 to 11.0.1)."""

import base64
import binascii
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from oauthlib.common import Request as OAuthRequest
from oauthlib.oauth1.rfc5849 import signature

from integrations.sandbox.shops.request import ShopRequest

_WINDOW_S = 15 * 60
_READING = ("GET", "HEAD")
_WRITING = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Key:
    """A REST key: its own permission, whether its user has rights on orders, and whether he may manage
    the shop."""

    secret: str
    permission: str = "read_write"
    has_rights: bool = True
    manages: bool = True


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who asks: nobody (``key`` is None) or the owner of a key; and the refusal, if any. A key may be known
    and yet refused, for what it may not do."""

    key: Key | None = None
    refusal: str | None = None


NOBODY = SignedIn()


class Nonces:
    """Remembers used nonces as long as their timestamps would be accepted."""

    def __init__(self) -> None:
        self._used: OrderedDict[tuple[str, str], float] = OrderedDict()

    def use(self, key: str, nonce: str, at: float) -> bool:
        """False when it was used before."""
        while self._used and next(iter(self._used.values())) < at - 2 * _WINDOW_S:
            self._used.popitem(last=False)
        if (key, nonce) in self._used:
            return False
        self._used[key, nonce] = at
        return True


def sign_in(
    request: ShopRequest, keys: dict[str, Key], nonces: Nonces, *, header_stripped: bool = False
) -> SignedIn:
    """Who sent this. An unknown key reads as if none had been sent, as the real one does."""
    header = "" if header_stripped else request.headers.get("authorization", "")
    if header.lower().startswith("oauth ") or "oauth_consumer_key" in request.query:
        found = _by_oauth(request, header, keys, nonces)
    elif request.shop.behind_tls_proxy:
        found = _by_password(request, header, keys)
    else:
        found = NOBODY  # WordPress sees plain HTTP and does not even look at a password
    if found.key is None:
        return found
    if request.method in _READING and "read" not in found.key.permission:
        return SignedIn(found.key, "The API key provided does not have read permissions.")
    if request.method in _WRITING and "write" not in found.key.permission:
        return SignedIn(found.key, "The API key provided does not have write permissions.")
    if request.method not in (*_READING, *_WRITING, "OPTIONS"):
        return SignedIn(found.key, "Unknown request method.")
    return found


def _by_password(request: ShopRequest, header: str, keys: dict[str, Key]) -> SignedIn:
    name, password = request.query.get("consumer_key", ""), request.query.get("consumer_secret", "")
    if not name and header.lower().startswith("basic "):
        try:
            name, _, password = base64.b64decode(header[6:]).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return NOBODY
    key = keys.get(name)
    if key is None:
        return NOBODY
    if not secrets.compare_digest(key.secret, password):
        return SignedIn(refusal="Consumer secret is invalid.")
    return SignedIn(key=key)


def _by_oauth(request: ShopRequest, header: str, keys: dict[str, Key], nonces: Nonces) -> SignedIn:
    params = _oauth_params(request, header)
    name = params.get("oauth_consumer_key", "")
    key = keys.get(name)
    if key is None:
        return SignedIn(refusal="Consumer key is invalid.")
    method = params.get("oauth_signature_method", "")
    if method not in ("HMAC-SHA1", "HMAC-SHA256"):
        return SignedIn(refusal="Invalid signature - signature method is invalid.")
    signed: Any = OAuthRequest(request.url, http_method=cast("Any", request.method))
    signed.params = signature.collect_parameters(
        uri_query=request.query_string,
        headers={"Authorization": header} if header.lower().startswith("oauth ") else {},
        exclude_oauth_signature=True,
        with_realm=False,
    )
    signed.signature = params.get("oauth_signature", "")
    verify = signature.verify_hmac_sha256 if method == "HMAC-SHA256" else signature.verify_hmac_sha1
    if not verify(signed, key.secret, ""):
        return SignedIn(refusal="Invalid signature - provided signature does not match.")
    if not _timely(params.get("oauth_timestamp", ""), request.at):
        return SignedIn(refusal="Invalid timestamp.")
    if not nonces.use(name, params.get("oauth_nonce", ""), request.at):
        return SignedIn(refusal="Invalid nonce - nonce has already been used.")
    return SignedIn(key=key)


def _timely(timestamp: str, at: float) -> bool:
    return timestamp.isdigit() and abs(int(timestamp) - at) <= _WINDOW_S


def _oauth_params(request: ShopRequest, header: str) -> dict[str, str]:
    params = {name: value for name, value in request.query.items() if name.startswith("oauth_")}
    if header.lower().startswith("oauth "):
        for part in header[6:].split(","):
            name, _, value = part.strip().partition("=")
            params[name] = unquote(value.strip('"'))
    return params
