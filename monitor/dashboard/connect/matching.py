"""Which store an integration of a hub belongs to, told by the addresses both sides know."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from integrations.contracts import HubIntegration
from integrations.models import Store


@dataclass(frozen=True)
class Match:
    """An integration the hub lists, and the store it seems to belong to."""

    integration: HubIntegration
    store: Store | None
    is_watched: bool


def match(listed: Iterable[HubIntegration], stores: Sequence[Store], watched: set[str]) -> list[Match]:
    """Every listed integration with its store; ``watched`` are the ids that are connected already."""
    return [
        Match(integration, store_for(integration.shop_url, stores), integration.external_id in watched)
        for integration in listed
    ]


def every_store(stores: Sequence[Store], watched: set[int]) -> list[Match]:
    """For hubs that do not list their integrations: each store might be one, under its own name.

    ``watched`` are the stores that are connected already.
    """
    return [
        Match(
            HubIntegration(store.name, store.platform, str(store), store.url, None, None),
            None,
            store.pk in watched,
        )
        for store in stores
    ]


def store_for(shop_url: str, stores: Sequence[Store]) -> Store | None:
    """The one store at that address: same host, port and path, else the only one on that host."""
    host, path = _place(shop_url)
    if not host:
        return None
    on_host = [(store, _place(store.url)[1]) for store in stores if _place(store.url)[0] == host]
    exact = [store for store, its_path in on_host if its_path == path]
    if exact:
        return exact[0]
    return on_host[0][0] if len(on_host) == 1 and not path else None


def _place(url: str) -> tuple[str, str]:
    parts = urlsplit(url if "//" in url else f"//{url}")
    try:
        port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    except ValueError:
        return "", ""
    host = (parts.hostname or "").removeprefix("www.")
    return host + port if host else "", parts.path.rstrip("/")
