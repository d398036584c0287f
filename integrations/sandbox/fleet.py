"""What a sandbox consists of: shops, hub accounts, integrations, and the story they start with.

The whole description is one JSON file in the state directory, so that both processes and a
later start agree. Every secret is derived from the fleet's own, so that none is stored twice.
"""

import contextlib
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

DAY_S = 86_400

Platform = Literal["woocommerce", "shopify", "magento", "prestashop"]
Who = Literal["monitor", "hub", "read", "write", "customer", "clerk"]
"""Whose credentials: of the product, of the hub, or a key with fewer rights for tests."""
Plan = Literal["standard", "advanced", "plus"]
Grant = Literal["token", "client_credentials"]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with a shop (or with the hub) for a while. Times in seconds since the epoch."""

    name: str
    params: dict[str, Any] = field(default_factory=dict)
    since: float = 0.0
    until: float | None = None

    def active(self, at: float) -> bool:
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class ShopSpec:
    name: str
    title: str
    platform: Platform
    time_zone: str = "UTC"
    orders_per_day: float = 0.0
    worldwide: bool = False
    """Customers of all time zones: as many orders by night as by day."""
    behind_tls_proxy: bool = False
    """WordPress believes the request came by HTTPS: Basic sign-in works."""
    plan: Plan = "standard"
    grant: Grant = "token"
    posts_storage: bool = False
    statuses: tuple[str, ...] = ()
    """Order statuses that a plug-in of a WooCommerce shop has added."""
    plugins: tuple[str, ...] = ()
    """Of a WooCommerce shop: ``shipment-tracking``, ``ast``, and the feature ``fulfillments``."""
    version: str = ""
    """Of a PrestaShop shop: for example 1.7.8.11, 8.2.1 or 9.0.3."""
    tags: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Present at the first start."""

    @property
    def customers_zone(self) -> str | None:
        """The time zone whose day and night the orders follow; None: that of no place."""
        return None if self.worldwide else self.time_zone


@dataclass(frozen=True, slots=True)
class AccountSpec:
    name: str
    title: str
    operator_refresh: bool = False
    gets_per_minute: int = 1000
    writes_per_minute: int = 100
    only_v2: bool = False
    """The account has no access to version 3 of the hub's API."""
    only_tokens: bool = False
    """The account's keys are good for tokens only (OAuth 2), and not for signing requests."""


@dataclass(frozen=True, slots=True)
class IntegrationSpec:
    id: int
    account: str
    shop: str
    every_s: float = 90.0
    jitter: float = 0.1
    lost_at_start: int = 0
    """How many orders of the hours before the first start never arrive."""
    feedback: Literal["eager", "delayed", "none"] = "eager"
    """When the shop is told that an order was sent: with the label, at the carrier's scan, or never."""
    system: str = ""
    """The hub's word for the shop system; empty: that of the shop's platform. ``api`` fetches nothing."""


@dataclass(frozen=True, slots=True)
class WorkspaceSpec:
    """A Braze workspace, which Shopify tells of the orders of these shops."""

    name: str
    title: str
    shops: tuple[str, ...]
    ratio: float = 0.93
    """Share of the orders that send events: others have no customer."""
    faults: tuple[Fault, ...] = ()
    """Present at the first start."""


@dataclass(frozen=True, slots=True)
class ZoneSpec:
    """A shop whose Cloudflare zone the product is to look at."""

    shop: str
    faults: tuple[str, ...] = ()
    """Present at the first start; names of ``cloudflare.zones.FAULTS``."""


@dataclass(frozen=True, slots=True)
class FleetSpec:
    shops: tuple[ShopSpec, ...]
    accounts: tuple[AccountSpec, ...] = ()
    integrations: tuple[IntegrationSpec, ...] = ()
    started_at: float = 0.0
    history_days: int = 14
    secret: str = "sandbox"  # noqa: S105
    frozen: bool = False
    """The clocks stand at ``started_at`` until somebody moves them."""
    auto: bool = True
    """The hub imports by itself; else only when told to."""
    throttled_every_s: float = 7200.0
    throttle_after: int = 4
    back_off_cap_s: float = 240.0
    label_after_s: float = 300.0
    """About so long after its arrival an order gets its label."""
    workspaces: tuple[WorkspaceSpec, ...] = ()
    zones: tuple[ZoneSpec, ...] = ()

    def shop(self, name: str) -> ShopSpec:
        return next(shop for shop in self.shops if shop.name == name)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> "FleetSpec":
        def shop(entry: dict[str, Any]) -> ShopSpec:
            faults = tuple(Fault(**fault) for fault in entry.pop("faults"))
            for name in ("tags", "statuses", "plugins"):
                entry[name] = tuple(entry.get(name, ()))
            return ShopSpec(**entry, faults=faults)

        def workspace(entry: dict[str, Any]) -> WorkspaceSpec:
            faults = tuple(Fault(**fault) for fault in entry.pop("faults", ()))
            return WorkspaceSpec(**{**entry, "shops": tuple(entry["shops"])}, faults=faults)

        rest = dict(document)
        return cls(
            shops=tuple(shop(dict(entry)) for entry in rest.pop("shops")),
            accounts=tuple(AccountSpec(**entry) for entry in rest.pop("accounts")),
            integrations=tuple(IntegrationSpec(**entry) for entry in rest.pop("integrations")),
            workspaces=tuple(workspace(dict(entry)) for entry in rest.pop("workspaces", ())),
            zones=tuple(ZoneSpec(entry["shop"], tuple(entry["faults"])) for entry in rest.pop("zones", ())),
            **rest,
        )

    # Credentials

    def _derived(self, *parts: str, length: int = 40) -> str:
        return hashlib.sha256("/".join((self.secret, *parts)).encode()).hexdigest()[:length]

    def woocommerce_key(self, shop: str, who: Who) -> tuple[str, str]:
        """(consumer key, consumer secret)"""
        return f"ck_{self._derived(shop, who, 'ck')}", f"cs_{self._derived(shop, who, 'cs')}"

    def shopify_token(self, shop: str, who: Who) -> str:
        return f"shpat_{self._derived(shop, who, 'token', length=32)}"

    def shopify_client(self, shop: str) -> tuple[str, str]:
        """(client id, client secret)"""
        return self._derived(shop, "client", length=32), f"shpss_{self._derived(shop, 'shpss', length=32)}"

    def magento_key(self, shop: str, who: Who) -> tuple[str, str, str, str]:
        """(consumer key, consumer secret, access token, access token secret)"""
        key, secret, token, token_secret = (
            self._derived(shop, who, part, length=32)
            for part in ("consumer", "consumer secret", "token", "token secret")
        )
        return key, secret, token, token_secret

    def prestashop_key(self, shop: str, who: Who) -> str:
        return self._derived(shop, who, "prestashop", length=32).upper()

    def sendcloud_key(self, account: str) -> tuple[str, str]:
        """(public key, secret key)"""
        return self._derived(account, "public", length=32), self._derived(account, "secret", length=32)

    def braze_key(self, workspace: str) -> str:
        return self._derived(workspace, "braze", length=36)

    def refresh_secret(self, account: str) -> str:
        return self._derived(account, "refresh", length=32)


def fresh_secret() -> str:
    return secrets.token_hex(16)


def load_or_create(state: Path, make: Callable[[], FleetSpec]) -> FleetSpec:
    """The fleet of a state directory, made at the first start. Safe when several processes begin at once."""
    state.mkdir(parents=True, exist_ok=True)
    path = state / "fleet.json"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=state, suffix=".tmp", delete=False) as draft:
            json.dump(make().to_json(), draft)
        # A link, unlike a rename, fails when another process was first: then its fleet counts.
        with contextlib.suppress(FileExistsError):
            os.link(draft.name, path)
        Path(draft.name).unlink()
    return FleetSpec.from_json(json.loads(path.read_text()))
