"""Steering a running sandbox from a test."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from integrations.sandbox.clock import parse_iso
from integrations.sandbox.cloudflare.zones import token_of
from integrations.sandbox.fleet import FleetSpec


class Sandbox:
    """Shops and hub of one fleet, through their control APIs. Every call raises httpx.HTTPStatusError
    when it is refused."""

    def __init__(self, fleet: FleetSpec, shops_url: str, hub_url: str) -> None:
        self.fleet = fleet
        self.shops_url = shops_url
        self.hub_url = hub_url
        self.http = httpx.Client(trust_env=False, timeout=30)

    def close(self) -> None:
        self.http.close()

    def _call(self, method: str, url: str, document: Any = None) -> Any:
        answer = self.http.request(method, url, json=document)
        return answer.raise_for_status().json()

    # Addresses and credentials, as the product wants them

    def store_url(self, shop: str) -> str:
        return f"{self.shops_url}/{shop}"

    def store_credentials(self, shop: str) -> dict[str, str]:
        spec = self.fleet.shop(shop)
        if spec.platform == "woocommerce":
            key, secret = self.fleet.woocommerce_key(shop, "monitor")
            return {"consumer_key": key, "consumer_secret": secret}
        if spec.platform == "magento":
            names = ("consumer_key", "consumer_secret", "access_token", "access_token_secret")
            return dict(zip(names, self.fleet.magento_key(shop, "monitor"), strict=True))
        if spec.platform == "prestashop":
            return {"key": self.fleet.prestashop_key(shop, "monitor")}
        if spec.grant == "client_credentials":
            client_id, client_secret = self.fleet.shopify_client(shop)
            return {"client_id": client_id, "client_secret": client_secret}
        token, secret = self.fleet.shopify_token(shop, "monitor"), self.fleet.shopify_client(shop)[1]
        return {"access_token": token, "client_secret": secret}

    @property
    def account_url(self) -> str:
        return f"{self.hub_url}/api"

    def account_credentials(self, account: str) -> dict[str, str]:
        public, secret = self.fleet.sendcloud_key(account)
        refresh_secret = self.fleet.refresh_secret(account)
        return {"public_key": public, "secret_key": secret, "refresh_secret": refresh_secret}

    def workspace_url(self, workspace: str) -> str:
        """The REST endpoint of a Braze workspace; its settings need ``any_host``."""
        return f"{self.shops_url}/braze/{workspace}"

    def workspace_credentials(self, workspace: str) -> dict[str, str]:
        return {"api_key": self.fleet.braze_key(workspace)}

    def break_workspace(self, workspace: str, fault: str, **params: Any) -> None:
        self._call("PUT", f"{self.shops_url}/braze/control/{workspace}/faults/{fault}", params)

    def mend_workspace(self, workspace: str, fault: str) -> None:
        self._call("DELETE", f"{self.shops_url}/braze/control/{workspace}/faults/{fault}")

    # Cloudflare: one zone for each shop, ``<shop>.example``, whose customers come to ``www.<shop>.example``

    @property
    def edge_url(self) -> str:
        return f"{self.shops_url}/cloudflare/client/v4"

    def edge_credentials(self) -> dict[str, str]:
        return {"token": token_of(self.fleet)}

    def break_zone(self, shop: str, fault: str, **params: Any) -> None:
        """One of ``cloudflare.zones.FAULTS``."""
        url = f"{self.shops_url}/cloudflare/control/zones/{shop}.example/faults/{fault}"
        self._call("PUT", url, params)

    def mend_zone(self, shop: str, fault: str) -> None:
        self._call("DELETE", f"{self.shops_url}/cloudflare/control/zones/{shop}.example/faults/{fault}")

    def refresh_settings(self) -> dict[str, Any]:
        """The operator's refresh request, for accounts that have one."""
        return {
            "method": "POST",
            "url": f"{self.hub_url}/operator/refresh/{{integration_id}}",
            "headers": {"Authorization": "Bearer {refresh_secret}"},
        }

    # Time

    def now(self) -> datetime:
        state = self._call("GET", f"{self.shops_url}/control/state")
        return datetime.fromtimestamp(parse_iso(state["now"]), UTC)

    def set_now(self, moment: datetime) -> None:
        """Both clocks stand at ``moment``, which may not be past."""
        self._move({"now": moment.isoformat()})

    def advance(self, duration: timedelta) -> None:
        self._move({"advance_s": duration.total_seconds()})

    def _move(self, document: dict[str, Any]) -> None:
        for url in (self.shops_url, self.hub_url):
            self._call("POST", f"{url}/control/clock", document)

    # Shops

    def add_orders(
        self, shop: str, count: int = 1, *, at: datetime | None = None, status: str = "processing"
    ) -> list[int]:
        """The new orders' ids."""
        document = {"at": at.isoformat() if at else None, "status": status, "count": count}
        ids: list[int] = self._call("POST", f"{self.shops_url}/control/shops/{shop}/orders", document)["ids"]
        return ids

    def change_order(self, shop: str, order_id: int, status: str) -> None:
        url = f"{self.shops_url}/control/shops/{shop}/orders/{order_id}"
        self._call("PUT", url, {"status": status})

    def order_ids(self, shop: str) -> list[str]:
        document = self._call("GET", f"{self.shops_url}/control/shops/{shop}/orders")
        return [str(row[0]) for row in document["orders"]]

    def statuses(self, shop: str) -> dict[str, int]:
        """How many orders stand in each status."""
        document = self._call("GET", f"{self.shops_url}/control/shops/{shop}/orders")
        return dict(Counter(row[4] for row in document["orders"]))

    def break_shop(self, shop: str, fault: str, **params: Any) -> None:
        self._call("PUT", f"{self.shops_url}/control/shops/{shop}/faults/{fault}", params)

    def mend_shop(self, shop: str, fault: str) -> None:
        self._call("DELETE", f"{self.shops_url}/control/shops/{shop}/faults/{fault}")

    # Hub

    def import_now(self, integration_id: int) -> dict[str, Any]:
        """One import run; ``{"new", "lost", "failed"}``."""
        url = f"{self.hub_url}/control/integrations/{integration_id}/import"
        result: dict[str, Any] = self._call("POST", url)
        return result

    def ship_now(self, integration_id: int) -> dict[str, int]:
        """Labels for everything that arrived, and word to the shop: how many were ``labelled``, ``told``,
        ``failed``, ``webhooks`` and so on."""
        url = f"{self.hub_url}/control/integrations/{integration_id}/ship"
        done: dict[str, int] = self._call("POST", url)
        return done

    def set_webhook(self, integration_id: int, address: str) -> None:
        """Where the hub tells of changed parcels; empty: nowhere."""
        url = f"{self.hub_url}/control/integrations/{integration_id}/webhook"
        self._call("PUT", url, {"url": address})

    def arrived(self, integration_id: int) -> list[str]:
        """The shop's ids of the orders in the hub, in the order of arrival."""
        document = self._call("GET", f"{self.hub_url}/control/integrations/{integration_id}/orders")
        ids: list[str] = document["arrived"]
        return ids

    def integration(self, integration_id: int) -> dict[str, Any]:
        """How the hub sees it: counts, last fetch, throttled or not."""
        document = self._call("GET", f"{self.hub_url}/control/state")
        state: dict[str, Any] = document["integrations"][str(integration_id)]
        return state

    def break_hub(self, scope: str | int, fault: str, **params: Any) -> None:
        """Scope is an account's name or an integration's id."""
        self._call("PUT", f"{self.hub_url}/control/faults/{scope}/{fault}", params)

    def mend_hub(self, scope: str | int, fault: str) -> None:
        self._call("DELETE", f"{self.hub_url}/control/faults/{scope}/{fault}")

    def press_refresh(self, integration_id: int) -> None:
        """As a person does on the panel."""
        spec = next(spec for spec in self.fleet.integrations if spec.id == integration_id)
        url = f"{self.hub_url}/panel/{spec.account}/integrations/{integration_id}/refresh"
        self.http.post(url, follow_redirects=True).raise_for_status()


class Mailbox:
    """The mail sink, through its control API."""

    def __init__(self, smtp_port: int, url: str) -> None:
        self.smtp_port = smtp_port
        self.url = url
        self.http = httpx.Client(trust_env=False, timeout=30)

    def close(self) -> None:
        self.http.close()

    def mails(self) -> list[dict[str, Any]]:
        """Newest first: ``id, at, from, to, subject, message_id, headers, text, html``."""
        found: list[dict[str, Any]] = self.http.get(f"{self.url}/mails.json").raise_for_status().json()
        return found

    def clear(self) -> None:
        self.http.delete(f"{self.url}/mails.json").raise_for_status()

    def behave(self, **behaviour: Any) -> None:
        """Fields of ``mail.smtp.Behaviour``; none: be a good server again."""
        method = "PUT" if behaviour else "DELETE"
        self.http.request(method, f"{self.url}/control/behaviour", json=behaviour).raise_for_status()
