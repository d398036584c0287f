"""From the moment an order passes its tolerance to the mail: twenty stalls, in real time, with the whole
product running as processes and its intervals as they are by default.

A shop takes an order every few seconds and its hub imports it within ten; then the hub stops. The oldest
order that did not arrive and the integration's tolerance say when the mail is due.
"""

import itertools
import statistics
import time
from datetime import UTC, datetime
from typing import Any

from integrations.sandbox.clock import parse_iso
from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec, ShopSpec
from tests.bench.world import World, options, running, table, wait_until

ACCOUNTS = ("hub-a", "hub-b")
IMPORT_EVERY_S = 10.0
ORDER_EVERY_S = 12.0
COLLECT_S = 60
"""The default of SYNCWATCH_COLLECT_INTERVAL_S."""
GRACE_S = 15


def fleet(stalls: int) -> FleetSpec:
    names = [f"stall-{number:02d}" for number in range(1, stalls + 1)]
    return FleetSpec(
        shops=tuple(
            ShopSpec(name, name, "woocommerce" if number % 2 else "shopify")
            for number, name in enumerate(names)
        ),
        accounts=tuple(AccountSpec(name, name) for name in ACCOUNTS),
        integrations=tuple(
            IntegrationSpec(number, ACCOUNTS[number % len(ACCOUNTS)], name, every_s=IMPORT_EVERY_S)
            for number, name in enumerate(names, start=1)
        ),
        started_at=time.time(),
        history_days=0,
    )


def tolerances(stalls: int, least_s: int, most_s: int) -> dict[str, int]:
    """By shop, evenly spread."""
    step = (most_s - least_s) / max(stalls - 1, 1)
    return {f"stall-{n + 1:02d}": round(least_s + n * step) for n in range(stalls)}


class Measurement:
    """Keeps the traffic going, stops one hub connection after the other, and waits for the mails."""

    def __init__(self, world: World, tolerance_s: dict[str, int]) -> None:
        self.world = world
        self.tolerance_s = tolerance_s
        self.integrations = {spec.shop: spec.id for spec in world.fleet.integrations}
        self.turn = itertools.cycle(self.integrations)
        self.mailed_at: dict[str, datetime] = {}

    def traffic(self, seconds: float) -> None:
        """Orders at every shop in turn."""
        pause_s = ORDER_EVERY_S / len(self.integrations)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.world.sandbox.add_orders(next(self.turn))
            time.sleep(pause_s)

    def is_healthy(self) -> bool:
        from monitor.models import Verdict  # noqa: PLC0415  # settings come with the world

        self.traffic(1.0)
        return not Verdict.objects.exclude(state="ok").exists()

    def stop_hubs(self, every_s: float) -> None:
        for integration in self.integrations.values():
            self.world.sandbox.break_hub(integration, "stopped")
            self.traffic(every_s)

    def all_mailed(self) -> bool:
        self.traffic(1.0)
        for mail in self.world.mailbox.mails():
            for shop in self.integrations:
                if shop in mail["subject"] and mail["subject"].startswith("["):
                    at = datetime.fromisoformat(mail["at"])
                    self.mailed_at[shop] = min(at, self.mailed_at.get(shop, at))
        return len(self.mailed_at) == len(self.integrations)

    def delay_s(self, shop: str) -> float:
        """From the passing of the tolerance to the arrival of the mail."""
        return (self.mailed_at[shop] - self.passed_at(shop)).total_seconds()

    def passed_at(self, shop: str) -> datetime:
        """When the oldest order that did not arrive passed the tolerance."""
        sandbox = self.world.sandbox
        arrived = set(sandbox.arrived(self.integrations[shop]))
        document: dict[str, Any] = sandbox.http.get(f"{sandbox.shops_url}/control/shops/{shop}/orders").json()
        oldest = min(row[2] for row in document["orders"] if str(row[0]) not in arrived)
        moment = parse_iso(oldest) if isinstance(oldest, str) else float(oldest)
        return datetime.fromtimestamp(moment + self.tolerance_s[shop], UTC)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--stalls", type=int, default=20)
    parser.add_argument("--tolerance", type=int, nargs=2, default=(60, 90), metavar=("LEAST", "MOST"))
    given = parser.parse_args()
    tolerance_s = tolerances(given.stalls, *given.tolerance)

    def change(document: dict[str, Any]) -> None:
        for entry in document["integrations"]:
            entry["tolerance_s"] = tolerance_s[entry["store"]]

    with running(fleet(given.stalls), given.port, keep=given.keep, change=change) as world:
        world.start_product()
        measurement = Measurement(world, tolerance_s)
        # Every job has found its own moment within the interval after the second round.
        measurement.traffic(2 * COLLECT_S)
        wait_until(measurement.is_healthy, 180, "all integrations healthy", every_s=0)
        early = len(world.mailbox.mails())
        measurement.stop_hubs(every_s=COLLECT_S / given.stalls)
        wait_until(measurement.all_mailed, 300, "a mail for every stall", every_s=0)
        delays = {shop: measurement.delay_s(shop) for shop in measurement.integrations}
    _report(delays, tolerance_s, early)


def _report(delays: dict[str, float], tolerance_s: dict[str, int], early: int) -> None:
    print(
        table(
            ("stall", "tolerance, s", "mail after, s"),
            [(shop, tolerance_s[shop], f"{delay:.1f}") for shop, delay in delays.items()],
        )
    )
    values = sorted(delays.values())
    print(
        f"\n{len(values)} stalls: median {statistics.median(values):.1f} s, worst {values[-1]:.1f} s, "
        f"least {values[0]:.1f} s; mails before any stall: {early}. Aim: at most {COLLECT_S + GRACE_S} s."
    )


if __name__ == "__main__":
    main()
