"""Which adapter serves which kind. A new platform is one folder and one line here."""

from importlib import import_module
from typing import Any

STORES: dict[str, str] = {
    "shopify": "integrations.shopify.adapter.ShopifyStore",
    "woocommerce": "integrations.woocommerce.adapter.WooCommerceStore",
}

HUBS: dict[str, str] = {
    "sendcloud": "integrations.sendcloud.adapter.SendcloudHub",
    "generic": "integrations.generic.adapter.GenericHub",
}


def adapter_class(kind: str) -> Any:
    """The adapter class of a store or hub kind.

    Every adapter class has ``Credentials`` and ``Settings`` (pydantic models), ``label`` and the
    constructor ``(target: Target, http: RemoteClient)``.

    Raises KeyError for an unknown kind.
    """
    path = {**STORES, **HUBS}[kind]
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
