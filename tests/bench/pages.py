"""What pages cost: server time and queries with many integrations and ever more orders stored; and beside
it what the list of checks of Healthchecks costs with as many checks.

Pages are asked for in this process, so what is measured is the server's own time without sockets; the
database is one of its own, which fills itself.
"""

import argparse
import os
import signal
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import django

from tests.bench import page_peer


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-pages", description=__doc__)
    parser.add_argument("--integrations", type=int, default=2000)
    parser.add_argument("--orders", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--port", type=int, default=8450, help="of the server that the browser asks")
    parser.add_argument("--times", type=int, default=40, help="how often each page is asked for")
    parser.add_argument("--healthchecks", default=page_peer.SOURCE, help="where git gets it from")
    chosen = parser.parse_args()
    # Whoever ends it ends it as Ctrl-C does: what was made is removed.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="syncwatch-bench-") as folder:
        var = Path(folder)
        var.chmod(0o755)  # PostgreSQL may run as another user
        for name in list(os.environ):
            if name.startswith(("SYNCWATCH_", "DATABASE_URL", "BROKER_URL", "PG")):
                del os.environ[name]
        os.environ.update(SYNCWATCH_VAR=folder, DJANGO_SETTINGS_MODULE="monitor.settings")
        django.setup()
        # What these import needs the settings.
        embedded = import_module("monitor.embedded")
        costs = import_module("tests.bench.page_costs")
        try:
            costs.run(chosen)
            page_peer.run(chosen.healthchecks, chosen.integrations, chosen.times, var)
        except KeyboardInterrupt:
            print("\nStopped: what was stored is removed.", file=sys.stderr)
            raise SystemExit(130) from None
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                costs.hang_up()
            finally:
                embedded.delete(var)


if __name__ == "__main__":
    main()
