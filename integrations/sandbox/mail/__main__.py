"""``python -m integrations.sandbox.mail``: the mail sink in the foreground."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from integrations.sandbox.mail.web import MailProcess
from integrations.sandbox.processes import die_with_parent
from integrations.sandbox.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m integrations.sandbox.mail", description=__doc__)
    parser.add_argument("--smtp-port", type=int, default=8525)
    parser.add_argument("--http-port", type=int, default=8526)
    parser.add_argument("--state", type=Path, default=Path("var/sandbox/mail"))
    parser.add_argument("--parent", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.parent:
        die_with_parent(options.parent)
    asyncio.run(serve(MailProcess(options.state, options.smtp_port).app, options.http_port))
    return 0


if __name__ == "__main__":
    sys.exit(main())
