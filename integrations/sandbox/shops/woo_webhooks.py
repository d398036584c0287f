"""The webhooks of a WooCommerce shop, and their deliveries over real HTTP."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import orjson

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import DAY_S, FleetSpec
from integrations.sandbox.shops import woo_answers as answers
from integrations.sandbox.shops.life import ShopLife
from integrations.sandbox.shops.pages import Page
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.store import ShopStore
from integrations.sandbox.shops.woo_auth import SignedIn
from integrations.sandbox.shops.woo_orders import View, gmt, order_json
from integrations.sandbox.shops.woo_query import InvalidParam
from integrations.sandbox.shops.woo_store import PING, Webhook, WooData

TOPICS = tuple(f"order.{event}" for event in ("created", "updated", "deleted", "restored"))
STATUSES = ("active", "paused", "disabled")
USER_AGENT = "WooCommerce/11.0.1 Hookshot (WordPress/7.1)"
_HOOKS = {
    "order.created": ["woocommerce_new_order"],
    "order.updated": ["woocommerce_update_order", "woocommerce_order_refunded"],
}
_LOOK_S = 0.05
_AT_ONCE = 20
_INVALID_ID = "woocommerce_rest_shop_webhook_invalid_id"


def connect_hub(fleet: FleetSpec, data: WooData) -> None:
    """The webhooks that a connected Sendcloud has registered. Their receiver is only pretended."""
    connected = {spec.shop for spec in fleet.integrations}
    for shop in fleet.shops:
        if shop.platform != "woocommerce" or shop.name not in connected or data.webhooks(shop.name):
            continue
        for topic in ("order.created", "order.updated"):
            url = f"https://receiver.example/shops/woocommerce_v2/{shop.name}"
            data.add_webhook(
                shop.name,
                {
                    "name": f"Sendcloud {topic}",
                    "status": "active",
                    "topic": topic,
                    "delivery_url": url,
                    "secret": "",
                    "base_url": "",
                    "created": int(fleet.started_at - 200 * DAY_S),
                    "pretended": 1,
                },
            )


class WooWebhooks:
    """Answers below ``/webhooks``."""

    def __init__(self, store: ShopStore, data: WooData) -> None:
        self.store = store
        self.data = data

    def answer(self, request: ShopRequest, signed_in: SignedIn, rest: list[str], view: View) -> Page:
        if not rest:
            if request.method == "POST":
                return self._create(request, signed_in, view)
            if request.method not in ("GET", "HEAD"):
                return answers.no_route(request)
            refusal = answers.refused(request, signed_in, "list", managing=True)
            return refusal or answers.json_page(request, self._listed(request, view))
        deed = {"GET": "view", "HEAD": "view", "DELETE": "delete"}.get(request.method, "edit")
        refusal = answers.refused(request, signed_in, deed, managing=True)
        if refusal:
            return refusal
        hook = self.data.webhook(request.shop.name, int(rest[0])) if rest[0].isdigit() else None
        if hook is None:
            # Id 0 fails another check of the real one than an id that was deleted.
            message = "Invalid ID." if rest[0] == "0" else "ID is invalid."
            return answers.error(request, 404, _INVALID_ID, message)
        if request.method == "DELETE":
            self.data.delete_webhook(hook.shop, hook.id)
        elif deed == "edit":
            body = answers.body_of(request)
            if body is None:
                return answers.invalid_json(request)
            hook = self._edit(request, hook, body)
        return answers.json_page(request, self._document(request, hook, view))

    def _listed(self, request: ShopRequest, view: View) -> list[dict[str, Any]]:
        per_page, page = int(request.query.get("per_page", 10)), int(request.query.get("page", 1))
        documents = [self._document(request, hook, view) for hook in self.data.webhooks(request.shop.name)]
        wanted = request.query.get("status", "all")
        chosen = [document for document in documents if wanted in ("all", document["status"])]
        return chosen[(page - 1) * per_page : page * per_page]

    def _create(self, request: ShopRequest, signed_in: SignedIn, view: View) -> Page:
        body = answers.body_of(request)
        if body is None:
            return answers.invalid_json(request)
        for name in ("topic", "delivery_url"):
            if not body.get(name):
                message = f"Missing parameter(s): {name}"
                return answers.error(request, 400, "rest_missing_callback_param", message)
        refusal = answers.refused(request, signed_in, "create", managing=True)
        if refusal:
            return refusal
        if body["topic"] not in TOPICS:
            message = "Webhook topic must be valid."
            return answers.error(request, 400, "woocommerce_rest_shop_webhook_invalid_topic", message)
        values = {
            "name": str(body.get("name") or f"Webhook created on {request.at}"),
            "status": _status(body.get("status", "active")),
            "topic": body["topic"],
            "delivery_url": str(body["delivery_url"]),
            "secret": str(body.get("secret") or secrets.token_hex(20)),
            "base_url": request.base_url,
            "created": int(request.at),
        }
        hook = self.data.add_webhook(request.shop.name, values)
        self.data.add_ping(hook.shop, hook.id)
        return answers.json_page(request, self._document(request, hook, view), status=201)

    def _edit(self, request: ShopRequest, hook: Webhook, body: Mapping[str, Any]) -> Webhook:
        values = {name: str(body[name]) for name in ("name", "delivery_url", "secret") if body.get(name)}
        if "status" in body:
            values["status"] = _status(body["status"])
            if values["status"] == "active":
                self.store.end_fault(hook.shop, "webhooks_disabled", request.now)
        changes: dict[str, Any] = {**values, "modified": int(request.at)}
        if values.get("status") == "active":
            changes["failures"] = 0
        self.data.change_webhook(hook.shop, hook.id, changes)
        return self.data.webhook(hook.shop, hook.id) or hook

    def _document(self, request: ShopRequest, hook: Webhook, view: View) -> dict[str, Any]:
        used_at = self._pretended_use(hook, request.now) if hook.pretended else hook.modified
        disabled = self.store.fault(hook.shop, "webhooks_disabled", request.now) is not None
        resource, _, event = hook.topic.partition(".")
        collection = f"{request.base_url}{answers.API}/webhooks"
        allow = {"allow": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
        return {
            "id": hook.id,
            "name": hook.name,
            "status": "disabled" if disabled else hook.status,
            "topic": hook.topic,
            "resource": resource,
            "event": event,
            "hooks": _HOOKS.get(hook.topic, []),
            "delivery_url": hook.delivery_url,
            "date_created": view.local(hook.created),
            "date_created_gmt": gmt(hook.created),
            "date_modified": view.local(used_at),
            "date_modified_gmt": gmt(used_at),
            "_links": {
                "self": [{"href": f"{collection}/{hook.id}", "targetHints": allow}],
                "collection": [{"href": collection}],
            },
        }

    def _pretended_use(self, hook: Webhook, now: float) -> int | None:
        """It was told of the newest event, unless the shop's queue stands."""
        column = "created" if hook.topic == "order.created" else "modified"
        newest = self.store.select(hook.shop, "1", (), f"{column} DESC, id DESC", 1)
        if not newest:
            return hook.modified
        event_at = newest[0].created if column == "created" else newest[0].modified
        stopped = self.store.fault(hook.shop, "cron_stopped", now)
        return min(event_at, int(stopped.since)) if stopped else event_at


def _status(value: Any) -> str:
    if value not in STATUSES:
        raise InvalidParam("status", f"status is not one of {', '.join(STATUSES)}.", "rest_not_in_enum")
    return str(value)


class Deliveries:
    """The shops' queue of tasks as far as it sends webhooks."""

    def __init__(
        self,
        store: ShopStore,
        data: WooData,
        life: ShopLife,
        clock: Clock,
        view: Callable[[str, str], View],
    ) -> None:
        self.store = store
        self.data = data
        self.life = life
        self.clock = clock
        self.view = view

    async def run(self) -> None:
        """For ever: send what is pending. A shop whose cron stands keeps everything for later."""
        async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
            while True:
                for shop in self.data.shops_with_events():
                    stopped = self.store.fault(shop, "cron_stopped", self.clock.now()) is not None
                    for number, order_id in self.data.take_events(shop, _AT_ONCE, pings_only=stopped):
                        await self._deliver(client, shop, number, order_id)
                await asyncio.sleep(_LOOK_S)

    async def _deliver(self, client: httpx.AsyncClient, shop: str, number: int, order_id: int) -> None:
        hook, now = self.data.webhook(shop, number), self.clock.now()
        off = self.store.fault(shop, "webhooks_disabled", now) is not None
        if hook is None or off or hook.status != "active":
            return
        content, headers = self._ping(hook) if order_id == PING else self._delivery(hook, order_id)
        try:
            answer = await client.post(hook.delivery_url, content=content, headers=headers)
            good = 200 <= answer.status_code <= 302
        except (httpx.HTTPError, httpx.InvalidURL):
            good = False
        if order_id != PING:
            # Read again: others may have changed it while the receiver took its time.
            hook = self.data.webhook(shop, number)
            if hook is not None:
                at = int(now + self.life.skew_s(shop, now))
                self.data.record_delivery(hook, at, good=good)

    def _ping(self, hook: Webhook) -> tuple[bytes, dict[str, str]]:
        headers = {"User-Agent": USER_AGENT, "Content-Type": "application/x-www-form-urlencoded"}
        return f"webhook_id={hook.id}".encode(), headers

    def _delivery(self, hook: Webhook, order_id: int) -> tuple[bytes, dict[str, str]]:
        order = self.store.get(hook.shop, order_id)
        document = {} if order is None else order_json(order, self.view(hook.shop, hook.base_url))
        body = orjson.dumps(document)
        resource, _, event = hook.topic.partition(".")
        signature = hmac.new(hook.secret.encode(), body, hashlib.sha256).digest()
        return body, {
            "User-Agent": USER_AGENT,
            "Content-Type": "application/json",
            "X-WC-Webhook-Source": f"{hook.base_url}/",
            "X-WC-Webhook-Topic": hook.topic,
            "X-WC-Webhook-Resource": resource,
            "X-WC-Webhook-Event": event,
            "X-WC-Webhook-Signature": base64.b64encode(signature).decode(),
            "X-WC-Webhook-ID": str(hook.id),
            "X-WC-Webhook-Delivery-ID": secrets.token_hex(16),
        }
