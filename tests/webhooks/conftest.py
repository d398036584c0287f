"""A receiver over real HTTP, stores that send to it, and senders that sign."""

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import orjson
import pytest

from integrations.models import Account, Integration, Store
from monitor.webhooks.receiver import Webhooks

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "the-secret"


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Silent(WSGIRequestHandler):
    def log_message(self, *args: Any) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def webhooks(transactional_db: None) -> Iterator[Webhooks]:
    receiver = Webhooks(clock=lambda: NOW)
    yield receiver
    receiver.close()


@pytest.fixture
def client(webhooks: Webhooks) -> Iterator[httpx.Client]:
    """Asks a real server that has nothing but the receiver."""
    server = make_server("127.0.0.1", 0, webhooks, _Server, _Silent)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", trust_env=False) as client:
            yield client
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def shopify(transactional_db: None) -> Store:
    return Store.objects.create(
        name="paris", platform="shopify", url="https://paris.myshopify.com",
        credentials={"client_id": "id", "client_secret": SECRET},
    )  # fmt: skip


@pytest.fixture
def woocommerce(transactional_db: None) -> Store:
    return Store.objects.create(
        name="lyon", platform="woocommerce", url="https://lyon.example",
        credentials={"consumer_key": "ck_1", "consumer_secret": "cs_1", "webhook_secret": SECRET},
    )  # fmt: skip


@pytest.fixture
def sendcloud(transactional_db: None) -> Account:
    return Account.objects.create(
        name="parcels", kind="sendcloud", url="https://panel.sendcloud.sc/api/v3",
        credentials={"public_key": "pk_1", "secret_key": SECRET},
    )  # fmt: skip


@pytest.fixture
def integration(woocommerce: Store, sendcloud: Account) -> Integration:
    return Integration.objects.create(
        name="lyon-parcels", store=woocommerce, account=sendcloud, external_id="7"
    )


Send = Callable[..., httpx.Response]


@pytest.fixture
def send(client: httpx.Client) -> Send:
    """Delivers a document as that kind of sender does."""

    def deliver(
        kind: str, name: str, document: Any, *, secret: str = SECRET, **headers: str
    ) -> httpx.Response:
        body = document if isinstance(document, bytes) else orjson.dumps(document)
        digest = hmac.new(secret.encode(), body, hashlib.sha256)
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        return client.post(f"/hooks/{kind}/{name}", content=body, headers=_signed(kind, name, digest) | named)

    return deliver


def _signed(kind: str, name: str, digest: "hmac.HMAC") -> dict[str, str]:
    text = base64.b64encode(digest.digest()).decode()
    match kind:
        case "shopify":
            return {
                "x-shopify-hmac-sha256": text,
                "x-shopify-shop-domain": f"{name}.myshopify.com",
                "x-shopify-topic": "orders/create",
                "x-shopify-webhook-id": "delivery-1",
                "x-shopify-triggered-at": "2026-11-22T11:59:59Z",
            }
        case "woocommerce":
            return {"x-wc-webhook-signature": text, "x-wc-webhook-topic": "order.created"}
        case _:
            return {"sendcloud-signature": digest.hexdigest()}
