#!/usr/bin/env python
"""Django's command line."""

import os
import secrets
import sys
from base64 import urlsafe_b64encode

from django.core.management import execute_from_command_line

from monitor.embedded import EmbeddedError


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
    stands_alone = sys.argv[1:2] == ["diagnose"]
    if stands_alone:
        # It stores nothing and needs no installation, so none begins here: keys for this process alone, and
        # an address of no database, for looking for the embedded one makes its folder.
        os.environ.setdefault("DATABASE_URL", "postgresql://127.0.0.1:1/none")
        os.environ.setdefault("SYNCWATCH_SECRET_KEY", secrets.token_urlsafe(50))
        os.environ.setdefault("SYNCWATCH_KEYS", urlsafe_b64encode(secrets.token_bytes(32)).decode())
    try:
        execute_from_command_line(sys.argv)
    except EmbeddedError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        if not stands_alone:
            raise
        sys.exit(130)


if __name__ == "__main__":
    main()
