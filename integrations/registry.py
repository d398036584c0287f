"""Which adapter serves which kind. A new platform is one folder and one line here."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

STORES: dict[str, str] = {
    "magento": "integrations.magento.adapter.MagentoStore",
    "prestashop": "integrations.prestashop.adapter.PrestaShopStore",
    "shopify": "integrations.shopify.adapter.ShopifyStore",
    "woocommerce": "integrations.woocommerce.adapter.WooCommerceStore",
}

HUBS: dict[str, str] = {
    "sendcloud": "integrations.sendcloud.adapter.SendcloudHub",
    "braze": "integrations.braze.adapter.BrazeHub",
    "generic": "integrations.generic.adapter.GenericHub",
}

EDGES: dict[str, str] = {
    "cloudflare": "integrations.cloudflare.adapter.CloudflareEdge",
}


def adapter_class(kind: str) -> Any:
    """The adapter class of a store, hub or edge kind.

    Every adapter class has ``Credentials`` and ``Settings`` (pydantic models), ``label`` and the
    constructor ``(target: Target, http: RemoteClient)``.

    Raises KeyError for an unknown kind.
    """
    path = {**STORES, **HUBS, **EDGES}[kind]
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)


def offers(kind: str, protocol: type) -> bool:
    """Whether the adapter of that kind fulfils an optional protocol of :mod:`integrations.contracts`."""
    adapter = adapter_class(kind)
    asked = {**vars(protocol), **vars(protocol).get("__annotations__", {})}
    return all(hasattr(adapter, name) for name in asked if not name.startswith("_"))


def user_agents(kind: str, settings: Mapping[str, Any], platform: str) -> tuple[str, ...]:
    """The User-Agents that a hub of that kind, with those settings, sends to a store of that platform."""
    document = adapter_class(kind).Settings.model_validate(settings)
    return tuple(agent.replace("{system}", platform) for agent in document.user_agents)


def addresses(kind: str, settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The networks that a hub of that kind, with those settings, calls from; empty: not known."""
    document = adapter_class(kind).Settings.model_validate(settings)
    return tuple(getattr(document, "addresses", ()))
