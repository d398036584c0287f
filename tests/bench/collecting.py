"""What collecting costs: CPU seconds per 1,000 store rounds, and orders per second of a first reading.

Both against the least that could do the same: a bare httpx loop that fetches the same bytes, and a
bare upsert of the same rows. Only ratios within one run mean something.
"""

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec, Platform, ShopSpec
from tests.bench.world import World, options, running, table

ACCOUNT = "hub"
PARTS = ("rounds", "first-reading")
UPSERT_BATCHES = (100, 1000)


@dataclass(frozen=True)
class Cost:
    """CPU seconds of this process, and seconds on the clock."""

    cpu_s: float
    wall_s: float


def measured(work: Callable[[], object]) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    work()
    after, ended = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu_s, ended - began)


def fleet(shops: int, orders_per_day: float, days: int) -> FleetSpec:
    """Half WooCommerce, half Shopify, all in one account."""
    platforms: tuple[Platform, ...] = ("woocommerce", "shopify")
    names = [(f"shop-{number:03d}", platforms[number % 2]) for number in range(shops)]
    return FleetSpec(
        shops=tuple(
            ShopSpec(name, name, platform, orders_per_day=orders_per_day, plan="plus")
            for name, platform in names
        ),
        accounts=(AccountSpec(ACCOUNT, "Hub", gets_per_minute=1_000_000),),
        integrations=tuple(
            IntegrationSpec(number, ACCOUNT, name) for number, (name, _) in enumerate(names, start=1)
        ),
        started_at=time.time(),
        history_days=days,
    )


def unlimited(document: dict) -> None:
    """The measurement asks in seconds what is asked in minutes otherwise."""
    for account in document["accounts"]:
        account["requests_per_minute"] = 1_000_000


def collect(kinds: Sequence[str]) -> None:
    """One round of these jobs, as a worker does it."""
    from django.utils import timezone  # noqa: PLC0415  # settings come with the world

    from monitor.collect import run  # noqa: PLC0415
    from monitor.collect.claim import claim_these  # noqa: PLC0415
    from monitor.models import Job  # noqa: PLC0415

    ids = list(Job.objects.filter(kind__in=kinds).values_list("id", flat=True))
    now = timezone.now()
    run.run(claim_these(ids, now), now)


def key_finder(world: World) -> Callable[[str], tuple[str, str] | None]:
    """Which key pair signs requests to an address; None: the recorded headers serve again."""
    shops = {
        f"{world.sandbox.store_url(shop.name)}/wp-json/": world.fleet.woocommerce_key(shop.name, "monitor")
        for shop in world.fleet.shops
        if shop.platform == "woocommerce"
    }

    def find(url: str) -> tuple[str, str] | None:
        return shops.get(url[: url.find("/wp-json/") + 9])

    return find


def rounds(port: int, *, shops: int, repetitions: int, each: int, keep: bool) -> None:
    """Steady state: stores that were read a moment ago are read again."""
    kinds = ("store_orders", "hub_state", "hub_arrivals")
    with running(fleet(shops, 100, 1), port, keep=keep, change=unlimited) as world:
        from tests.bench.replay import recorded, replay  # noqa: PLC0415

        keys = key_finder(world)
        for _ in range(3):
            collect(kinds)
        ours: list[float] = []
        bare: list[float] = []
        for _ in range(repetitions):
            with recorded() as requests:
                collect(kinds)
            for _ in range(each):
                ours.append(measured(lambda: collect(kinds)).cpu_s)
                bare.append(measured(lambda: replay(requests, keys)).cpu_s)
        count, size = sum(map(len, requests)), replay(requests, keys)
        per_1000 = 1000 / shops
        ratios = [a / b for a, b in zip(ours, bare, strict=True)]
        print(f"\n{len(ours)} rounds of {shops} stores and an account: {count} requests, {size} bytes each\n")
        print(
            table(
                ("CPU s per 1,000 store rounds", "median", "least", "most"),
                [
                    (name, *(f"{pick(values) * per_1000:.2f}" for pick in (statistics.median, min, max)))
                    for name, values in (("collector", ours), ("bare httpx loop", bare))
                ],
            )
        )
        print(f"\nRatio: {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")


def first_reading(port: int, *, shops: int, orders_per_day: float, keep: bool) -> None:
    """A history of two weeks, from the first page to the last committed row and roll-up."""
    kinds = ("store_orders", "hub_arrivals")
    with running(fleet(shops, orders_per_day, 14), port, keep=keep, change=unlimited) as world:
        from monitor.models import Arrival, LatencyHour, Order  # noqa: PLC0415
        from tests.bench.replay import recorded, replay  # noqa: PLC0415
        from tests.bench.upsert import Upsert  # noqa: PLC0415

        with recorded() as requests:
            whole = measured(lambda: collect(kinds))
        orders, arrivals = Order.objects.count(), Arrival.objects.filter(arrived_at__isnull=False).count()
        counted = sum(LatencyHour.objects.values_list("n", flat=True))
        fetching = measured(lambda: replay(requests, key_finder(world)))
        upsert = Upsert()
        lines = [("whole path: orders, arrivals, roll-ups", whole), ("bare httpx loop, same pages", fetching)]
        lines += [
            (f"bare upsert of the order rows, {size} at a time", measured(partial(upsert.run, size)))
            for size in UPSERT_BATCHES
        ]
        pages = sum(map(len, requests))
        print(f"\n{orders} orders and {arrivals} arrivals, {counted} latencies counted, {pages} pages\n")
        print(
            table(
                ("", "orders/s", "CPU us per order", "s"),
                [
                    (
                        name,
                        round(orders / took.wall_s),
                        round(took.cpu_s / orders * 1e6),
                        round(took.wall_s, 2),
                    )
                    for name, took in lines
                ],
            )
        )


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--shops", type=int, default=40)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--each", type=int, default=5, help="rounds per repetition")
    parser.add_argument("--only", choices=PARTS)
    given = parser.parse_args()
    if given.only is None:
        # Settings are read once in a process, so each part needs its own.
        for part in PARTS:
            command = (sys.executable, "-m", "tests.bench.collecting", *sys.argv[1:], "--only", part)
            subprocess.run(command, check=True)
    elif given.only == "rounds":
        rounds(given.port, shops=given.shops, repetitions=given.repetitions, each=given.each, keep=given.keep)
    else:
        first_reading(given.port, shops=4, orders_per_day=360, keep=given.keep)


if __name__ == "__main__":
    main()
