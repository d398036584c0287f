"""What pages cost: server time and queries with many integrations and ever more orders stored.

Pages are asked for in this process, so what is measured is the server's own time without sockets; the
database is one of its own, which fills itself.
"""

import argparse
import os
import tempfile
from importlib import import_module
from pathlib import Path

import django


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench-pages", description=__doc__)
    parser.add_argument("--integrations", type=int, default=2000)
    parser.add_argument("--orders", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--times", type=int, default=40, help="how often each page is asked for")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syncwatch-bench-") as folder:
        os.environ["SYNCWATCH_VAR"] = str(Path(folder))
        os.environ["DJANGO_SETTINGS_MODULE"] = "monitor.settings"
        django.setup()
        # What it imports needs the settings.
        import_module("tests.bench.page_costs").run(chosen)


if __name__ == "__main__":
    main()
