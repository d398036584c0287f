"""Webservice keys: how one arrives, and what each may do."""

import base64
import binascii

from integrations.sandbox.fleet import FleetSpec, Who
from integrations.sandbox.shops.request import ShopRequest

VERBS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD")
Rights = dict[str, frozenset[str]]
_READ = frozenset({"GET", "HEAD"})
_ALL = frozenset(VERBS)
_READABLE = (
    "addresses", "carriers", "configurations", "countries", "currencies", "customers", "order_carriers",
    "order_histories", "order_states", "orders", "states",
)  # fmt: skip
_OLD_MODULE = ("addresses", "customers", "order_states", "orders", "products")

KEYS: dict[Who, Rights] = {
    "monitor": {
        **dict.fromkeys(_READABLE, _READ),
        "order_carriers": _READ | {"PUT", "PATCH"},
        "orders": _READ,
    },
    "hub": dict.fromkeys((*_READABLE, "products"), _ALL),
    "read": dict.fromkeys(_READABLE, _READ),
    "write": dict.fromkeys((*_READABLE, "products"), _ALL),
    "customer": {"products": _READ},
    # As the older module of a hub makes its key: no order_carriers, no PATCH.
    "clerk": dict.fromkeys(_OLD_MODULE, _ALL - {"PATCH"}),
}


def rights_of_keys(fleet: FleetSpec, shop: str) -> dict[str, Rights]:
    return {fleet.prestashop_key(shop, who): rights for who, rights in KEYS.items()}


def key_of(request: ShopRequest, *, header_arrives: bool) -> str | None:
    """The key that was sent, however wrong; None: none arrived. Only the user's part of Basic counts."""
    header = request.headers.get("authorization", "") if header_arrives else ""
    if header.lower().startswith("basic "):
        try:
            return base64.b64decode(header[6:]).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return request.query.get("ws_key")
