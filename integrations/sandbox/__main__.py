"""``python -m integrations.sandbox``: run the sandbox, or write the demo's fleet file."""

# ruff: noqa: PLC0415 - each command imports only what it needs: the processes stay small and start fast

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from integrations.sandbox.demo import demo_fleet
from integrations.sandbox.fleet import FleetSpec, load_or_create


def _fleet(state: Path) -> FleetSpec:
    return load_or_create(state, lambda: demo_fleet(time.time()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m integrations.sandbox", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--port", type=int, default=8601, help="the shops' port; the hub's is the next one")
    common.add_argument(
        "--state", type=Path, default=Path("var/sandbox"), help="directory that keeps everything"
    )
    common.add_argument("--parent", type=int, default=0, help=argparse.SUPPRESS)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", parents=[common], help="shops and hub in the foreground")
    commands.add_parser("shops", parents=[common], help="the shops alone")
    commands.add_parser("hub", parents=[common], help="the hub alone, for shops at PORT")
    fleet = commands.add_parser("fleet", parents=[common], help="write the fleet as YAML for the product")
    fleet.add_argument("--out", type=Path, required=True)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    state, port = options.state, options.port
    shops_url, hub_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port + 1}"
    match options.command:
        case "serve":
            from integrations.sandbox.processes import run_together

            _fleet(state)
            base = [sys.executable, "-m", "integrations.sandbox"]
            rest = ["--port", str(port), "--state", str(state)]
            return run_together([[*base, "shops", *rest], [*base, "hub", *rest]])
        case "fleet":
            from integrations.sandbox.manifest import SecretFiles, manifest, write_manifest

            secrets = SecretFiles(state / "secrets")
            write_manifest(options.out, manifest(_fleet(state), shops_url, hub_url, secrets))
            return 0
    from integrations.sandbox.processes import die_with_parent
    from integrations.sandbox.server import serve

    if options.parent:
        die_with_parent(options.parent)
    fleet = _fleet(state)
    if options.command == "shops":
        from integrations.sandbox.shops.app import ShopsProcess

        asyncio.run(serve(ShopsProcess(fleet, state).app, port))
    else:
        from integrations.sandbox.hub.app import HubProcess

        asyncio.run(serve(HubProcess(fleet, state, shops_url).app, port + 1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
