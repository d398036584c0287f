"""What a delivery costs: requests per CPU second of the receiver, against the least that could do it.

The least is a WSGI function under the same server that checks one signature and inserts one raw row.
Both are asked in turns with the same signed bodies of 1.5 KB. Only the ratio means something.
"""

import argparse
import base64
import hashlib
import hmac
import http.client
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import psutil
import psycopg

from tests.bench.world import ROOT, _configure, table, wait_for

SECRET = "a-secret-of-usual-length-0123456789"
BODY_BYTES = 1500
CLIENTS = 8
_local = threading.local()


# --- the least that could do it


@cache
def _key() -> bytes:
    return SECRET.encode()


def least(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    """Verifies, inserts, answers."""
    if environ["REQUEST_METHOD"] != "POST":
        start_response("200 OK", [("Content-Length", "0")])
        return [b""]
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    signature = base64.b64encode(hmac.digest(_key(), body, "sha256"))
    if not hmac.compare_digest(signature, environ["HTTP_X_SHOPIFY_HMAC_SHA256"].encode()):
        start_response("401 Unauthorized", [("Content-Length", "0")])
        return [b""]
    cursor = getattr(_local, "cursor", None)
    if cursor is None:
        cursor = _local.cursor = psycopg.connect(os.environ["BENCH_DATABASE"], autocommit=True).cursor()
    row = (environ["HTTP_X_SHOPIFY_WEBHOOK_ID"], environ["HTTP_X_SHOPIFY_TOPIC"], datetime.now(UTC))
    cursor.execute("INSERT INTO bench_delivery (key, topic, received_at) VALUES (%s, %s, %s)", row)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"OK\n"]


# --- asking


@dataclass(frozen=True)
class Round:
    """What one round of deliveries cost."""

    server_s: float
    """CPU seconds of the web server's processes."""
    database_s: float
    """CPU seconds of PostgreSQL's."""
    took: Sequence[float]
    """Seconds until each answer."""
    wall_s: float


def deliveries(number: int) -> list[tuple[bytes, dict[str, str]]]:
    """Signed bodies, each of another order."""
    made = []
    for _ in range(number):
        body = orjson.dumps({"id": uuid.uuid4().int % 10**15, "note": ""})
        body = body.replace(b'"note":""', b'"note":"' + b"x" * (BODY_BYTES - len(body)) + b'"')
        signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Shopify-Captain-Hook",
            "X-Shopify-Topic": "orders/updated",
            "X-Shopify-Shop-Domain": "bench-1.myshopify.com",
            "X-Shopify-Hmac-Sha256": signature,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()),
            "X-Shopify-Api-Version": "2026-10",
            "X-Shopify-Triggered-At": datetime.now(UTC).isoformat(),
        }
        made.append((body, headers))
    return made


def round_of(port: int, path: str, server: psutil.Process, database: psutil.Process, number: int) -> Round:
    took: list[float] = []
    parts = [deliveries(number // CLIENTS) for _ in range(CLIENTS)]

    def ask(part: list[tuple[bytes, dict[str, str]]]) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        for body, headers in part:
            began = time.perf_counter()
            link.request("POST", path, body, headers)
            answer = link.getresponse()
            answer.read()
            took.append(time.perf_counter() - began)
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")
        link.close()

    threads = [threading.Thread(target=ask, args=(part,)) for part in parts]
    before, began = (cpu_s(server), cpu_s(database)), time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.monotonic() - began
    if len(took) != CLIENTS * (number // CLIENTS):
        raise RuntimeError("not every delivery was answered")
    return Round(cpu_s(server) - before[0], cpu_s(database) - before[1], took, wall)


def cpu_s(process: psutil.Process) -> float:
    """CPU seconds of a process and all below it that live."""
    family = (process, *process.children(recursive=True))
    return sum(times.user + times.system for times in (one.cpu_times() for one in family))


# --- what is asked


def prepare() -> str:
    """Stores with the jobs that deliveries bring forward, and the raw table; gives the database's address."""
    from django.conf import settings  # noqa: PLC0415  # they come with the place
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415

    from integrations.models import Store  # noqa: PLC0415
    from monitor.models import Job  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    now = datetime.now(UTC)
    for number in range(1, 101):
        store = Store.objects.create(
            name=f"bench-{number}",
            platform="shopify",
            url=f"https://bench-{number}.myshopify.com",
            credentials={"client_id": "bench", "client_secret": SECRET},
        )
        Job.objects.create(
            kind="store_orders",
            target_id=store.pk,
            due_at=now + timedelta(hours=1),
            interval_s=60,
            last_started_at=now,
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE bench_delivery"
            " (id bigserial PRIMARY KEY, key text, topic text, received_at timestamptz)"
        )
    return str(settings.DATABASE_URL)


@contextmanager
def served(target: str, port: int, var: Path) -> Iterator[psutil.Process]:
    """The application under the product's own web server, with the same options."""
    from monitor.processes.programs import Ports, product  # noqa: PLC0415

    command = [
        target if part == "monitor.wsgi:application" else part
        for part in product(Ports(port), "127.0.0.1")[0].command
    ]
    with (var / f"{port}.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/healthz")
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8450, help="the first of two ports")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--requests", type=int, default=1600, help="per round and server")
    options = parser.parse_args()
    var = Path(tempfile.mkdtemp(prefix="syncwatch-bench-"))
    var.chmod(0o755)  # PostgreSQL may run as another user
    _configure(var, options.port, {})
    from django.db import connection  # noqa: PLC0415

    from monitor import embedded  # noqa: PLC0415

    with ExitStack() as stack:
        stack.callback(shutil.rmtree, var, ignore_errors=True)
        stack.callback(embedded.delete, var)
        stack.callback(connection.close_pool)
        stack.callback(connection.close)
        os.environ["BENCH_DATABASE"] = prepare()
        database = psutil.Process(embedded.postmaster_pid(embedded.data_folder(var)))
        path = "/hooks/shopify/bench-1"
        ours = stack.enter_context(served("monitor.wsgi:application", options.port, var))
        bare = stack.enter_context(served("tests.bench.webhooks:least", options.port + 1, var))
        for process, port in ((ours, options.port), (bare, options.port + 1)):
            round_of(port, path, process, database, 400)
        rounds = [
            (
                round_of(options.port, path, ours, database, options.requests),
                round_of(options.port + 1, path, bare, database, options.requests),
            )
            for _ in range(options.rounds)
        ]
    report([first for first, _ in rounds], [second for _, second in rounds])


def report(ours: Sequence[Round], bare: Sequence[Round]) -> None:
    def line(name: str, rounds: Sequence[Round]) -> list[str]:
        per_cpu_s = [len(one.took) / one.server_s for one in rounds]
        whole = [len(one.took) / (one.server_s + one.database_s) for one in rounds]
        took = sorted(second for one in rounds for second in one.took)
        return [
            name,
            f"{statistics.median(per_cpu_s):.0f}",
            f"{min(per_cpu_s):.0f} to {max(per_cpu_s):.0f}",
            f"{statistics.median(whole):.0f}",
            f"{statistics.median(len(one.took) / one.wall_s for one in rounds):.0f}",
            f"{took[len(took) // 2] * 1000:.1f}",
            f"{took[len(took) * 99 // 100] * 1000:.1f}",
        ]

    head = ["", "requests per CPU s", "least to most", "with PostgreSQL's", "per s", "p50 ms", "p99 ms"]
    print(table(head, [line("receiver", ours), line("verify and insert", bare)]))
    ratios = [second.server_s / first.server_s for first, second in zip(ours, bare, strict=True)]
    print(f"\nRatio: {statistics.median(ratios):.2f} (median over the rounds).")


if __name__ == "__main__":
    sys.exit(main())
