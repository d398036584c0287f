"""How Magento signs a request in (behaviour observed on 2.4.7)."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import unquote

from oauthlib.common import Request as OAuthRequest
from oauthlib.oauth1.rfc5849 import signature

from integrations.sandbox.fleet import FleetSpec, Who
from integrations.sandbox.shops.request import ShopRequest

VIEW, CREATE = "Magento_Sales::actions_view", "Magento_Sales::create"
SHIP, SHIPMENT = "Magento_Sales::ship", "Magento_Sales::shipment"
COMMENT, STORE = "Magento_Sales::comment", "Magento_Backend::store"
PRODUCTS = "Magento_Catalog::products"
ANY = "self"
"""Every known integration may."""
_SALES = frozenset({VIEW, SHIP, SHIPMENT, COMMENT})
RIGHTS: Mapping[Who, frozenset[str]] = {
    "monitor": _SALES | {STORE},
    "hub": _SALES,
    "read": frozenset({VIEW}),
    "write": _SALES | {STORE, CREATE, PRODUCTS},
    "customer": frozenset({PRODUCTS}),
}
_KEY_LENGTH = 32
_MOST_NONCES = 20_000


@dataclass(frozen=True)
class Refused(Exception):
    """A refusal as Magento writes it."""

    status: int
    message: str
    parameters: Mapping[str, str] | tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Integration:
    """The four values of an integration, and its rights."""

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str
    rights: frozenset[str]


class SignIn:
    """Knows the integrations of all Magento shops of a fleet."""

    def __init__(self, fleet: FleetSpec) -> None:
        self._known = {
            shop.name: [
                Integration(*fleet.magento_key(shop.name, who), rights) for who, rights in RIGHTS.items()
            ]
            for shop in fleet.shops
            if shop.platform == "magento"
        }
        self._nonces: OrderedDict[tuple[str, str], None] = OrderedDict()

    def rights(self, request: ShopRequest, *, is_revoked: bool, bearer: bool) -> frozenset[str]:
        """What the sender may do; nothing for who is not known. Only a signature is told why it is
        refused: raises Refused."""
        known = [] if is_revoked else self._known[request.shop.name]
        header = request.headers.get("authorization", "")
        kind, _, rest = header.partition(" ")
        if kind.lower() == "oauth":
            return self._signed(request, rest, known)
        if kind.lower() == "bearer" and bearer:
            return next((each.rights for each in known if each.token == rest.strip()), frozenset())
        return frozenset()

    def _signed(self, request: ShopRequest, header: str, known: list[Integration]) -> frozenset[str]:
        fields = {
            name: unquote(value.strip('"'))
            for name, _, value in (part.strip().partition("=") for part in header.split(","))
        }
        key, token = fields.get("oauth_consumer_key", ""), fields.get("oauth_token", "")
        if len(key) != _KEY_LENGTH:
            raise Refused(401, "Consumer key is not the correct length")
        found = next((each for each in known if each.consumer_key == key), None)
        if found is None:
            raise Refused(401, "A consumer having the specified key does not exist")
        method = fields.get("oauth_signature_method", "")
        if method != "HMAC-SHA256":
            raise Refused(400, "Signature method %1 is not supported", (method,))
        if not secrets.compare_digest(found.token, token):
            raise Refused(401, "Specified token does not exist")
        nonce = (key, fields.get("oauth_nonce", ""))
        if nonce in self._nonces:
            raise Refused(401, "The nonce is already being used by the consumer with ID %1", ("1",))
        self._nonces[nonce] = None
        if len(self._nonces) > _MOST_NONCES:
            self._nonces.popitem(last=False)
        if not _matches(request, found, fields.get("oauth_signature", "")):
            raise Refused(401, "The signature is invalid. Verify and try again.")
        return found.rights


def _matches(request: ShopRequest, integration: Integration, given: str) -> bool:
    """Brackets may be signed raw or encoded: both stand for the same parameters."""
    query = request.query_string.replace("[", "%5B").replace("]", "%5D")
    signed: Any = OAuthRequest(request.url.partition("?")[0], http_method=cast("Any", request.method))
    signed.params = signature.collect_parameters(
        uri_query=query,
        headers={"Authorization": request.headers["authorization"]},
        exclude_oauth_signature=True,
        with_realm=False,
    )
    signed.signature = given
    return bool(signature.verify_hmac_sha256(signed, integration.consumer_secret, integration.token_secret))
