"""The fleet as the product's own YAML, secrets in files beside it."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from integrations.sandbox.braze.workspace import shopify_app_id
from integrations.sandbox.cloudflare.zones import token_of
from integrations.sandbox.fleet import AccountSpec, FleetSpec, ShopSpec, WorkspaceSpec

EDGE = "cloudflare"


class SecretFiles:
    """Writes each secret into a file of its own and gives the reference to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)

    def keep(self, name: str, secret: str) -> str:
        path = (self.folder / name).resolve()
        path.write_text(secret)
        path.chmod(0o600)
        return f"file:{path}"


def manifest(fleet: FleetSpec, shops_url: str, hub_url: str, secrets: SecretFiles) -> dict[str, Any]:
    """What ``manage.py fleet apply`` takes."""
    return {
        "accounts": [
            *(_account(fleet, account, hub_url, secrets) for account in fleet.accounts),
            *(_workspace(fleet, workspace, shops_url, secrets) for workspace in fleet.workspaces),
            *([_edge(fleet, shops_url, secrets)] if fleet.zones else []),
        ],
        "stores": [{**_store(fleet, shop, shops_url, secrets), **_zone(fleet, shop)} for shop in fleet.shops],
        "integrations": [
            {
                "name": f"{spec.shop}-{spec.account}",
                "account": spec.account,
                "store": spec.shop,
                "external_id": str(spec.id),
                # The demo shows within minutes what takes an hour in earnest.
                "tracking_tolerance_s": 600,
            }
            for spec in fleet.integrations
        ]
        + [
            {
                "name": f"{shop}-{workspace.name}",
                "account": workspace.name,
                "store": shop,
                "external_id": f"{shop}.myshopify.com",
            }
            for workspace in fleet.workspaces
            for shop in workspace.shops
        ],
        "subscriptions": [
            {
                "email": "ops@demo.example",
                "language": "en",
                "time_zone": "Europe/Paris",
                "tags": [],
                "include_warnings": True,
            }
        ],
    }


def _account(fleet: FleetSpec, account: AccountSpec, hub_url: str, secrets: SecretFiles) -> dict[str, Any]:
    public, secret = fleet.sendcloud_key(account.name)
    credentials = {
        "public_key": secrets.keep(f"{account.name}.public_key", public),
        "secret_key": secrets.keep(f"{account.name}.secret_key", secret),
    }
    settings: dict[str, Any] = {
        "panel_url_template": f"{hub_url}/panel/{account.name}/integrations/{{integration_id}}"
    }
    if account.operator_refresh:
        credentials["refresh_secret"] = secrets.keep(
            f"{account.name}.refresh_secret", fleet.refresh_secret(account.name)
        )
        settings["refresh"] = {
            "method": "POST",
            "url": f"{hub_url}/operator/refresh/{{integration_id}}",
            "headers": {"Authorization": "Bearer {refresh_secret}"},
        }
    return {
        "name": account.name,
        "title": account.title,
        "kind": "sendcloud",
        "url": f"{hub_url}/api",
        "credentials": credentials,
        "settings": settings,
        "requests_per_minute": 900,
    }


def _workspace(
    fleet: FleetSpec, workspace: WorkspaceSpec, shops_url: str, secrets: SecretFiles
) -> dict[str, Any]:
    key = secrets.keep(f"{workspace.name}.api_key", fleet.braze_key(workspace.name))
    return {
        "name": workspace.name,
        "title": workspace.title,
        "kind": "braze",
        "url": f"{shops_url}/braze/{workspace.name}",
        "credentials": {"api_key": key},
        "settings": {"any_host": True, "shopify_app_id": shopify_app_id(workspace.name)},
        "requests_per_minute": 900,
    }


def _edge(fleet: FleetSpec, shops_url: str, secrets: SecretFiles) -> dict[str, Any]:
    return {
        "name": EDGE,
        "title": "Cloudflare",
        "kind": "cloudflare",
        "url": f"{shops_url}/cloudflare/client/v4",
        "credentials": {"token": secrets.keep(f"{EDGE}.token", token_of(fleet))},
        # Names that end in .example are in no DNS.
        "settings": {"check_dns": False},
    }


def _zone(fleet: FleetSpec, shop: ShopSpec) -> dict[str, Any]:
    if shop.name not in {zone.shop for zone in fleet.zones}:
        return {}
    return {"edge": EDGE, "edge_host": f"www.{shop.name}.example"}


def _store(fleet: FleetSpec, shop: ShopSpec, shops_url: str, secrets: SecretFiles) -> dict[str, Any]:
    if shop.platform == "woocommerce":
        names: tuple[str, ...] = ("consumer_key", "consumer_secret")
        values: tuple[str, ...] = fleet.woocommerce_key(shop.name, "monitor")
    elif shop.platform == "magento":
        names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
        values = fleet.magento_key(shop.name, "monitor")
    elif shop.platform == "prestashop":
        names, values = ("key",), (fleet.prestashop_key(shop.name, "monitor"),)
    elif shop.grant == "client_credentials":
        names, values = ("client_id", "client_secret"), fleet.shopify_client(shop.name)
    else:
        names = ("access_token", "client_secret")
        values = fleet.shopify_token(shop.name, "monitor"), fleet.shopify_client(shop.name)[1]
    return {
        "name": shop.name,
        "title": shop.title,
        "platform": shop.platform,
        "url": f"{shops_url}/{shop.name}",
        "time_zone": shop.time_zone,
        "credentials": {
            name: secrets.keep(f"{shop.name}.{name}", value)
            for name, value in zip(names, values, strict=True)
        },
        "settings": {},
        "tags": list(shop.tags),
    }


def write_manifest(path: Path, document: dict[str, Any]) -> None:
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 200
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(document, file)
