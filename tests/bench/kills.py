"""kill -9 of the worker, the scheduler, the web server and PostgreSQL during traffic: what is lost?

Orders come in and change, shops and hub connections fail and recover, mails go out to a slow mail server.
Then everything falls quiet, and the sandbox's own books are compared with the product's database.
"""

import random
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import psutil

from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec, ShopSpec
from tests.bench.world import World, options, running, table, wait_for, wait_until

ACCOUNTS = ("hub-a", "hub-b")
SHOPS = 12
EARLIER_ORDERS = 300
"""Per shop, before the product starts: the first kills fall into the reading of this history."""
TOLERANCE_S = 30
GAP_S = (1.0, 6.0)
FAULT_S, HEALTHY_S = (30.0, 80.0), (20.0, 60.0)
SETTINGS = {
    "SYNCWATCH_COLLECT_INTERVAL_S": "10",
    "SYNCWATCH_PROBE_INTERVAL_S": "30",
    "SYNCWATCH_TICK_S": "2",
}
"""Short intervals, so that kills fall into work and not into pauses."""
COMMANDS = {"worker": ("celery", "worker"), "scheduler": ("celery", "beat"), "web": ("granian",)}


def fleet() -> FleetSpec:
    names = [f"shop-{number:02d}" for number in range(1, SHOPS + 1)]
    return FleetSpec(
        shops=tuple(
            ShopSpec(name, name, "woocommerce" if number % 2 else "shopify")
            for number, name in enumerate(names)
        ),
        accounts=tuple(AccountSpec(name, name) for name in ACCOUNTS),
        integrations=tuple(
            IntegrationSpec(number, ACCOUNTS[number % len(ACCOUNTS)], name, every_s=8.0)
            for number, name in enumerate(names, start=1)
        ),
        started_at=time.time(),
        history_days=0,
        throttle_after=1_000_000,  # a throttled connection would wait for a person
        back_off_cap_s=15.0,
    )


class Weather(threading.Thread):
    """What happens to the shops until it is told to stop: orders, changes, and faults that come and go."""

    def __init__(self, world: World, seed: int) -> None:
        super().__init__(daemon=True)
        self.sandbox = Sandbox(world.fleet, world.sandbox.shops_url, world.sandbox.hub_url)
        self.draw = random.Random(f"{seed}/weather")
        self.orders: list[tuple[str, int]] = []
        self.integrations = {spec.shop: spec.id for spec in world.fleet.integrations}
        self.mending: dict[str, tuple[float, Callable[[], None]]] = {}
        self.healthy_until = {shop: self._after(0, HEALTHY_S) for shop in self.integrations}
        self.faults = 0
        self.changes = 0
        self.over = threading.Event()

    def _after(self, at: float, bounds: tuple[float, float]) -> float:
        return at + self.draw.uniform(*bounds)

    def run(self) -> None:
        began = time.monotonic()
        while not self.over.wait(0.3):
            self._trade()
            self._break_and_mend(time.monotonic() - began)
        for _until, mend in self.mending.values():
            mend()

    def _trade(self) -> None:
        shop = self.draw.choice(list(self.integrations))
        self.orders += [(shop, order) for order in self.sandbox.add_orders(shop, self.draw.randint(1, 3))]
        if self.draw.random() < 0.4:
            shop, order = self.draw.choice(self.orders)
            self.sandbox.change_order(shop, order, self.draw.choice(("completed", "completed", "cancelled")))
            self.changes += 1

    def _break_and_mend(self, at: float) -> None:
        for shop, integration in self.integrations.items():
            if shop in self.mending:
                until, mend = self.mending[shop]
                if at >= until:
                    mend()
                    del self.mending[shop]
                    self.healthy_until[shop] = self._after(at, HEALTHY_S)
            elif at >= self.healthy_until[shop]:
                self.mending[shop] = (self._after(at, FAULT_S), self._break(shop, integration))
                self.faults += 1

    def _break(self, shop: str, integration: int) -> Callable[[], None]:
        fault = self.draw.choice(("stopped", "firewall", "credentials_revoked", "server_error"))
        if fault == "stopped":
            self.sandbox.break_hub(integration, fault)
            return lambda: self.sandbox.mend_hub(integration, fault)
        self.sandbox.break_shop(shop, fault)
        return lambda: self.sandbox.mend_shop(shop, fault)


class Killer:
    """Finds a living process of a kind and kills it."""

    def __init__(self, world: World, draw: random.Random) -> None:
        self.world = world
        self.up = psutil.Process(world.programs["up"].pid)
        self.draw = draw

    def kill(self, kind: str) -> bool:
        """False while there is none."""
        found = self._postmaster() if kind == "PostgreSQL" else self._children(COMMANDS[kind])
        try:
            for process in found:
                process.kill()
                return True
        except psutil.NoSuchProcess:
            pass
        return False

    def _postmaster(self) -> list[psutil.Process]:
        from monitor import embedded  # noqa: PLC0415  # settings come with the world

        try:
            words = (embedded.data_folder(self.world.var) / "postmaster.pid").read_text().split("\n")
            process = psutil.Process(int(words[0]))
            ready = len(words) > 7 and words[7].strip() == "ready"
            return [process] if ready and process.name() == "postgres" else []
        except (OSError, ValueError, psutil.NoSuchProcess):
            return []

    def _children(self, words: tuple[str, ...]) -> list[psutil.Process]:
        """The program's leader, or one of its own children."""
        for child in self.up.children():
            try:
                line = " ".join(child.cmdline())
                if all(word in line for word in words) and child.status() != psutil.STATUS_ZOMBIE:
                    return [self.draw.choice([child, *child.children()])]
            except psutil.NoSuchProcess:
                continue
        return []


def kill_all(world: World, kinds: list[str], kills: int, seed: int) -> Counter[str]:
    """Each kind so many times, in random order at random moments."""
    draw = random.Random(f"{seed}/kills")
    killer = Killer(world, draw)
    order = kinds * kills
    draw.shuffle(order)
    done: Counter[str] = Counter()
    for number, kind in enumerate(order, start=1):
        time.sleep(draw.uniform(*GAP_S))
        while not killer.kill(kind):
            time.sleep(0.1)
        done[kind] += 1
        if number % 10 == 0:
            print(f"{number} of {len(order)} kills", file=sys.stderr, flush=True)
    return done


def is_quiet(since_s: float) -> bool:
    """Everything was read since, everything is healthy, every mail is out."""
    from django.utils import timezone  # noqa: PLC0415  # settings come with the world

    from monitor.models import Incident, Job, Notice, Verdict  # noqa: PLC0415

    began = timezone.now() - timedelta(seconds=time.monotonic() - since_s)
    reading = Job.objects.filter(kind__in=("store_orders", "hub_arrivals", "hub_state"))
    return not (
        reading.exclude(last_started_at__gt=began, last_ok_at__gt=began, last_error="").exists()
        or Verdict.objects.exclude(state="ok").exists()
        or Incident.objects.filter(closed_at__isnull=True).exists()
        or Notice.objects.filter(sent_at__isnull=True, failed_at__isnull=True).exists()
    )


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--kills", type=int, default=25, help="of each kind")
    parser.add_argument("--kinds", nargs="+", default=[*COMMANDS, "PostgreSQL"], metavar="KIND")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--mail-seconds", type=float, default=0.5, help="how slowly the mail server accepts")
    given = parser.parse_args()
    print(f"Seed {given.seed}", flush=True)

    def change(document: dict) -> None:
        for entry in document["integrations"]:
            entry["tolerance_s"] = TOLERANCE_S

    with running(fleet(), given.port, keep=given.keep, settings=SETTINGS, change=change) as world:
        from django.db import connection  # noqa: PLC0415

        from tests.bench.truth import compare  # noqa: PLC0415

        for shop in world.fleet.shops:
            world.sandbox.add_orders(shop.name, EARLIER_ORDERS)
        world.mailbox.behave(seconds=given.mail_seconds)
        connection.close()
        connection.close_pool()  # its connections would not outlive the first kill of PostgreSQL
        weather = Weather(world, given.seed)
        world.start_product()
        weather.start()
        began = time.monotonic()
        kills = kill_all(world, given.kinds, given.kills, given.seed)
        took_s = time.monotonic() - began
        weather.over.set()
        weather.join()
        # Two rounds of the hub's imports, then whatever was read must have been read after them.
        time.sleep(40)
        quiet_from = time.monotonic()
        wait_for(f"http://127.0.0.1:{world.port}/healthz")
        waited_s = wait_until(lambda: is_quiet(quiet_from), 900, "everything read, healthy and told", 2.0)
        books = compare(world)
    parts = ", ".join(f"{count} {kind}" for kind, count in kills.items())
    print(f"\n{kills.total()} kills in {took_s:.0f} s: {parts}")
    print(
        f"{weather.faults} faults, {weather.changes} changed orders; all was quiet after {waited_s:.0f} s\n"
    )
    print(table(("compared", "there are", "lost", "too many"), books.lines))
    print("\n" + ("\n".join(books.findings) or "Nothing differs."))


if __name__ == "__main__":
    main()
