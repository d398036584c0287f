"""The web server as it is started: pages go through Django, deliveries past it."""

import base64
import hashlib
import hmac
import os
import subprocess
from collections.abc import Iterator

import httpx
import orjson
import pytest
from django.conf import settings
from django.db import connection

from integrations.models import Store
from integrations.sandbox.threads import free_port
from monitor.models import Delivery
from monitor.processes.programs import Ports, product
from tests.bench.world import wait_for
from tests.webhooks.conftest import SECRET

pytestmark = pytest.mark.acceptance


@pytest.fixture
def server(transactional_db: None, tmp_path) -> Iterator[str]:
    port = free_port()
    name = connection.settings_dict["NAME"]
    environment = os.environ | {"DATABASE_URL": settings.DATABASE_URL.replace("/postgres?", f"/{name}?")}
    web = product(Ports(port), "127.0.0.1")[0]
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(web.command, stdout=log, stderr=log, env=environment)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def test_pages_and_deliveries_are_answered_by_one_server(server, woocommerce: Store):
    body = orjson.dumps({"id": 7, "note": "é" * 900})
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {"X-WC-Webhook-Signature": signature, "X-WC-Webhook-Topic": "order.created"}
    url = f"{server}/hooks/woocommerce/lyon"
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{server}/healthz").json() == {"status": "ok"}
        assert client.post(url, content=body, headers=headers).status_code == 200
        # In pieces, so that no length is known beforehand.
        pieces = client.post(url, content=iter([body[:100], body[100:]]), headers=headers)
        assert pieces.status_code == 200
        endless = client.post(url, content=(b"x" * 65_536 for _ in range(40)), headers=headers)
        assert endless.status_code == 413
        assert client.get(url).status_code == 405
    assert Delivery.objects.get().order_key == "7"
