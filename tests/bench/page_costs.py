"""What pages cost: the measuring. Started by :mod:`tests.bench.pages`."""

import argparse
import os
import statistics
import time
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from monitor.dashboard import pages
from monitor.models import User
from tests.bench import page_fill, page_paint
from tests.bench.world import table

QUERIES = 12
MILLISECONDS = 100
PAGES = {
    "overview": "/",
    "overview, live part": "/?part=live",
    "overview, picture of 24 h": "/?part=picture",
    "overview, picture of 90 d": "/?part=picture&range=90d",
    "chart, fleet, 24 h": "/charts/latency.json?of=self-hosted",
    "chart, fleet, 90 d": "/charts/latency.json?of=self-hosted&range=90d",
    "chart, a tag, 24 h": "/charts/latency.json?tag=tag-1",
    "chart, a tag, 90 d": "/charts/latency.json?tag=tag-1&range=90d",
    "chart, an integration, 24 h": "/charts/i-1/latency.json",
    "chart, tracking, 30 d": "/charts/tracking.json?range=30d",
    "who was late in an hour": "/charts/slowest/?from={hour}&to={next_hour}",
    "wall": "/wall/",
    "integrations": "/integrations/",
    "integrations, a search": "/integrations/?q=shop+17",
    "integration": "/integrations/i-1/",
    "integration, history": "/integrations/i-1/?tab=history",
    "integration, checks": "/integrations/i-1/?tab=checks",
    "incidents": "/incidents/",
    "Syncwatch itself": "/status/",
}
"""What is measured; a page that does not exist fails."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Milliseconds of a page, half and 95 % within: on the clock, and of work (CPU of Python and of the
    database together), of which half had ``database`` or less; and its queries."""

    clock: tuple[float, float]
    work: tuple[float, float]
    database: float
    queries: int

    @property
    def row(self) -> tuple[str, ...]:
        over = " (over)" if self.work[1] > MILLISECONDS else ""
        queries = f"{self.queries} (over)" if self.queries > QUERIES else str(self.queries)
        clock, work = (f"{one[0]:.0f} / {one[1]:.0f}" for one in (self.clock, self.work))
        return clock, work + over, f"{self.database:.0f}", queries


class Database:
    """The one process of PostgreSQL that answers this connection."""

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            # Helpers would work elsewhere, where nobody counts.
            cursor.execute("SET max_parallel_workers_per_gather = 0")
            cursor.execute("SELECT pg_backend_pid()")
            self._told = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")

    def cpu_ms(self) -> float:
        """CPU milliseconds so far, as Linux tells them."""
        return int(self._told.read_text().split()[0]) / 1e6


def hang_up() -> None:
    """Gives the database's connections back, so that it can be removed."""
    connection.close()
    connection.close_pool()


def measure(client: Any, address: str, times: int) -> Cost:
    """What a page costs once everything is warm. Ends the program when it cannot be had."""
    for _warm in range(3):
        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")
    asked: list[str] = []

    def count(execute: Any, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return execute(sql, *more)

    with connection.execute_wrapper(count):
        client.get(address)
    database = Database()
    clock, work, of_database = [], [], []
    for _time in range(times):
        began, spent, there = time.perf_counter(), time.process_time(), database.cpu_ms()
        client.get(address)
        of_database.append(database.cpu_ms() - there)
        work.append((time.process_time() - spent) * 1000 + of_database[-1])
        clock.append((time.perf_counter() - began) * 1000)
    return Cost(_spread(clock), _spread(work), statistics.median(of_database), len(asked))


def _spread(values: list[float]) -> tuple[float, float]:
    return statistics.median(values), statistics.quantiles(values, n=20)[18]


def run(chosen: argparse.Namespace) -> None:
    """Fills and measures once for each number of orders; then what a browser loads, and when it shows it."""
    pages.SHARED_S = -1.0  # every request is to be made, as for the first of many readers
    settings.ALLOWED_HOSTS = ["testserver"]
    call_command("collectstatic", interactive=False, verbosity=0)
    import_module("monitor.wsgi")  # it sets up the process as the web server's is
    call_command("migrate", verbosity=0)
    page_fill.fill(chosen.integrations)
    client = Client()
    client.force_login(User.objects.create_superuser("bench", time_zone="Europe/Paris"))
    stored = 0
    for orders in chosen.orders:
        page_fill.add_orders(chosen.integrations, stored + 1, orders)
        stored = orders
        page_fill.analyze()
        loads = [os.getloadavg()[0]]
        hour = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=3)
        moments = {
            "hour": f"{hour:%Y-%m-%dT%H:%MZ}",
            "next_hour": f"{hour + timedelta(hours=1):%Y-%m-%dT%H:%MZ}",
        }
        rows = []
        for name, address in PAGES.items():
            rows.append((name, *measure(client, address.format(**moments), chosen.times).row))
        loads.append(os.getloadavg()[0])
        print(f"\n{chosen.integrations:,} integrations, {stored:,} orders; ms, half / 95 % within\n")
        print(table(("page", "on the clock", "work (CPU)", "of it database", "queries"), rows))
        print(f"\nLoad of the machine: {loads[0]:.1f} before, {loads[1]:.1f} after", flush=True)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    page_paint.run(session, chosen.port, {name: PAGES[name] for name in page_paint.SHOWN}, client)
