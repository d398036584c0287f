"""What an examination costs: CPU seconds per 1,000 stores, every User-Agent by every method, by TLS.

Against prometheus-blackbox-exporter with one module per cell, which asks and checks the same at the same
shops. Both are asked in turns; only the ratio means something.
"""

import argparse
import asyncio
import http.client
import ipaddress
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import orjson
import psutil
import uvloop

from tests.bench.collecting import measured
from tests.bench.vhosts import Shops, running_shops
from tests.bench.webhooks import cpu_s
from tests.bench.world import _configure, table, wait_for

AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 (WooCommerce; https://www.sendcloud.sc)")
IN_FLIGHT = 20
Module = dict[str, object]


@dataclass(frozen=True)
class Round:
    """What one round over all shops cost, and what nginx saw of it."""

    cpu_s: float
    requests: int
    cells: int
    """Different ones: shop, method and User-Agent."""
    connections: int


# --- ours


def examine_all(shops: Shops, tls: ssl.SSLContext, *, wrong_key: bool) -> None:
    """As a worker does it: many shops at once in one loop, a client each. Raises RuntimeError when a cell
    did not pass."""
    uvloop.run(_examine_all(shops, tls, wrong_key=wrong_key))


async def _examine_all(shops: Shops, tls: ssl.SSLContext, *, wrong_key: bool) -> None:
    from integrations.access.examine import examine  # noqa: PLC0415  # settings come first
    from integrations.guard import GuardPolicy  # noqa: PLC0415
    from integrations.http import RemoteClient  # noqa: PLC0415
    from integrations.woocommerce.probing import PLAN  # noqa: PLC0415

    here = ipaddress.ip_address("127.0.0.1")

    async def resolve(host: str, port: int) -> Sequence[ipaddress.IPv4Address]:
        return [here]

    policy = GuardPolicy([ipaddress.ip_network("127.0.0.0/8")], resolve)
    slots = asyncio.Semaphore(IN_FLIGHT)
    now = datetime.now(UTC)

    async def one(host: str) -> None:
        url = f"https://{host}:{shops.port}"
        async with slots, RemoteClient(url, policy=policy, tls=tls) as http:
            found = await examine(
                http,
                PLAN,
                f"{url}/{PLAN.default_root}",
                platform="woocommerce",
                agents=AGENTS,
                now=now,
                wrong_key=wrong_key,
            )
        if not all(cell.passed for cell in found.cells):
            raise RuntimeError(f"not every cell of {host} passed")

    await asyncio.gather(*map(one, shops.hosts))


# --- the exporter


def modules(authority: Path) -> dict[str, Module]:
    """A module per cell of the matrix, by the name that it is asked by. Each demands what proves to us too
    that the shop itself answered."""
    from integrations.http import USER_AGENT  # noqa: PLC0415
    from integrations.woocommerce.probing import PLAN  # noqa: PLC0415

    made: dict[str, Module] = {}
    for method in PLAN.methods:
        for number, agent in enumerate((USER_AGENT, *AGENTS)):
            headers = {"User-Agent": agent, "Accept": "application/json"}
            probe: Module = {
                "method": method,
                "headers": headers,
                "valid_status_codes": [200 if method == "OPTIONS" else 401],
                "fail_if_not_ssl": True,
                "preferred_ip_protocol": "ip4",
                "follow_redirects": False,
                "enable_http2": False,
                "tls_config": {"ca_file": str(authority)},
            }
            if method in PLAN.content:
                headers["Content-Type"] = "application/json"
                probe["body"] = PLAN.content[method].decode()
            if method == "HEAD":
                name = "Access-Control-Expose-Headers"
                probe["fail_if_header_not_matches"] = [{"header": name, "regexp": "X-WP-Total"}]
            else:
                sign = '"endpoints":' if method == "OPTIONS" else '"code":"woocommerce_rest_cannot'
                probe["fail_if_body_not_matches_regexp"] = [sign]
            made[f"{method.lower()}_{number}"] = {"prober": "http", "timeout": "10s", "http": probe}
    return made


@contextmanager
def running_exporter(folder: Path, port: int, asked: dict[str, Module]) -> Iterator[psutil.Process]:
    configuration = folder / "exporter.yml"
    configuration.write_bytes(orjson.dumps({"modules": asked}))  # JSON is YAML too
    command = (
        "prometheus-blackbox-exporter",
        f"--config.file={configuration}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    with (folder / "exporter.log").open("wb") as log:
        program = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/-/healthy")
        yield psutil.Process(program.pid)
    finally:
        program.terminate()
        program.wait(10)


def scrape_all(shops: Shops, port: int, names: Sequence[str]) -> None:
    """Asks the exporter for every cell of every shop, as Prometheus does. Raises RuntimeError when one did
    not succeed."""

    def part(hosts: Sequence[str]) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        target = f"https://127.0.0.1:{shops.port}/wp-json/wc/v3/orders/0"
        for host in hosts:
            for name in names:
                query = urlencode({"module": name, "target": target, "hostname": host})
                link.request("GET", f"/probe?{query}")
                said = link.getresponse().read()
                if b"\nprobe_success 1" not in said:
                    raise RuntimeError(f"{name} of {host} did not succeed")
        link.close()

    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        list(pool.map(part, [shops.hosts[start::IN_FLIGHT] for start in range(IN_FLIGHT)]))


# --- the measurement


def seen(shops: Shops, cpu: float) -> Round:
    cells, connections = shops.seen()
    return Round(cpu, sum(cells.values()), len(cells), connections)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--port", type=int, default=8450, help="the first of two ports")
    parser.add_argument("--shops", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--profile", help="write where our CPU went to this file, and do nothing else")
    options = parser.parse_args()
    if missing := [name for name in ("nginx", "prometheus-blackbox-exporter") if not shutil.which(name)]:
        print(f"Not installed: {', '.join(missing)}. On Debian: apt-get install {' '.join(missing)}")
        return 2
    var = Path(tempfile.mkdtemp(prefix="syncwatch-bench-"))
    var.chmod(0o755)  # nginx' worker is another user
    _configure(var, options.port, {})
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, var, ignore_errors=True)
        shops = stack.enter_context(running_shops(var, options.port, options.shops))
        tls = ssl.create_default_context(cafile=str(shops.authority))
        examine_all(shops, tls, wrong_key=False)
        if options.profile:
            profile(shops, tls, options.profile)
            return 0
        asked = modules(shops.authority)
        exporter = stack.enter_context(running_exporter(var, options.port + 1, asked))
        scrape_all(shops, options.port + 1, list(asked))
        shops.seen()
        ours: list[Round] = []
        whole: list[Round] = []
        theirs: list[Round] = []
        for _ in range(options.rounds):
            for rounds, wrong_key in ((ours, False), (whole, True)):
                cost = measured(lambda: examine_all(shops, tls, wrong_key=wrong_key))  # noqa: B023
                rounds.append(seen(shops, cost.cpu_s))
            before = cpu_s(exporter)
            scrape_all(shops, options.port + 1, list(asked))
            theirs.append(seen(shops, cpu_s(exporter) - before))
    report(options.shops, ours, whole, theirs)
    return 0


def profile(shops: Shops, tls: ssl.SSLContext, path: str) -> None:
    import cProfile  # noqa: PLC0415

    with cProfile.Profile() as watched:
        examine_all(shops, tls, wrong_key=False)
    watched.dump_stats(path)


def report(shops: int, ours: Sequence[Round], whole: Sequence[Round], theirs: Sequence[Round]) -> None:
    def line(name: str, rounds: Sequence[Round]) -> list[str]:
        each = [one.cpu_s * 1000 / shops for one in rounds]
        last = rounds[-1]
        return [
            name,
            *(f"{pick(each):.1f}" for pick in (statistics.median, min, max)),
            f"{last.requests / shops:g}",
            f"{last.cells / shops:g}",
            f"{last.connections / shops:g}",
        ]

    head = ["CPU s per 1,000 stores", "median", "least", "most"]
    head += ["requests per store", "different cells", "connections"]
    lines = [
        line("examination", ours),
        line("examination, and whether credentials arrive", whole),
        line("blackbox exporter", theirs),
    ]
    print(table(head, lines))
    for name, rounds in (("Ratio", ours), ("with the question about credentials", whole)):
        ratios = [one.cpu_s / other.cpu_s for one, other in zip(rounds, theirs, strict=True)]
        print(f"\n{name}: {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    sys.exit(main())
