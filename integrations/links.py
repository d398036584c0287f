"""Where people open what a system holds, in its own administration. Nothing is asked of it."""

from collections.abc import Mapping
from typing import Any

from integrations.refreshing import filled, filled_url
from integrations.registry import adapter_class


def order_page(platform: str, url: str, settings: Mapping[str, Any], order_id: str) -> str:
    """The page of an order in a store's administration; empty where it is not known.

    ``url`` is the store's address; a platform whose administration has no fixed place says in its settings
    (``order_page``) where it is.
    """
    template = str(settings.get("order_page") or getattr(adapter_class(platform), "order_page", ""))
    page = filled_url(filled(template, {"url": url.rstrip("/")}), {"order_id": order_id})
    return page if page.startswith(("https://", "http://")) else ""
