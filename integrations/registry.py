"""Which adapter serves which kind. A new platform is one folder and one line here."""

from collections.abc import Mapping
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


def user_agents(kind: str, settings: Mapping[str, Any], platform: str) -> tuple[str, ...]:
    """The User-Agents that a hub of that kind, with those settings, sends to a store of that platform."""
    document = adapter_class(kind).Settings.model_validate(settings)
    return tuple(agent.replace("{system}", platform) for agent in document.user_agents)
