"""A sandbox with a shop of each platform, watched as an operator would."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from ipaddress import ip_network

import pytest

from integrations.models import Account, Integration, Store
from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import ACCOUNT, running_sandbox, shop, small_fleet
from monitor.collect.claim import claim_these
from monitor.collect.judging import judge
from monitor.collect.plan import ensure_jobs
from monitor.collect.run import run
from monitor.collect.sweep import ROUNDS
from monitor.models import Condition, Job

PLATFORMS = ("shopify", "woocommerce", "magento", "prestashop")


@dataclass
class World:
    """The sandbox and what the product knows of it. Time stands still until it is moved."""

    sandbox: Sandbox

    def number_of(self, name: str) -> int:
        return int(Integration.objects.get(store__name=name).external_id)

    def ship(self, name: str, count: int = 1) -> dict[str, int]:
        """Orders are placed, fetched by the hub, labelled, and the shop is told of it; how many were
        ``labelled``, ``told``, ``failed``."""
        number = self.number_of(name)
        self.sandbox.add_orders(name, count)
        self.sandbox.advance(timedelta(minutes=5))
        self.sandbox.import_now(number)
        return self.sandbox.ship_now(number)

    def look(self, *, after: timedelta = timedelta(minutes=2)) -> None:
        """One full round of collecting, ``after`` later."""
        self.sandbox.advance(after)
        now = self.sandbox.now()
        ensure_jobs(now)
        for kinds in ROUNDS:
            ids = list(Job.objects.filter(kind__in=kinds).values_list("id", flat=True))
            run(claim_these(ids, now), now)
            # Time goes on while work is done, and an older observation never replaces a newer one.
            now += timedelta(seconds=10)
        judge(list(Integration.objects.values_list("pk", flat=True)), now)

    def condition(self, name: str, kind: str) -> Condition:
        return Condition.objects.get(integration__store__name=name, kind=kind)


@pytest.fixture
def local_network(settings) -> None:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]


@pytest.fixture(autouse=True)
def nudges(monkeypatch) -> list[str]:
    """No broker runs here; the names of the tasks that were asked for."""
    asked: list[str] = []
    monkeypatch.setattr("monitor.nudge.app.send_task", lambda name, **_: asked.append(name))
    return asked


@pytest.fixture
def make_world(tmp_path, transactional_db, local_network) -> Iterator[Callable[..., World]]:
    with ExitStack() as stack:

        def make(*platforms: str, system: str = "") -> World:
            fleet = small_fleet([shop(name, name, time_zone="Europe/Paris") for name in platforms])
            integrations = tuple(replace(spec, system=system) for spec in fleet.integrations)
            fleet = replace(fleet, integrations=integrations)
            sandbox = stack.enter_context(running_sandbox(fleet, tmp_path))
            account = Account.objects.create(
                name=ACCOUNT,
                kind="sendcloud",
                url=sandbox.account_url,
                credentials=sandbox.account_credentials(ACCOUNT),
                requests_per_minute=60_000,
            )
            for number, platform in enumerate(platforms, start=1):
                store = Store.objects.create(
                    name=platform,
                    platform=platform,
                    url=sandbox.store_url(platform),
                    credentials=sandbox.store_credentials(platform),
                    time_zone="Europe/Paris",
                )
                Integration.objects.create(
                    name=platform, account=account, store=store, external_id=str(number)
                )
            return World(sandbox)

        yield make
