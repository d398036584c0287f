"""``manage.py watchdog``: looks at Syncwatch itself until it is asked to stop."""

import signal
from threading import Event
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection
from django.utils import timezone

from monitor.watch.dog import Watchdog


class Command(BaseCommand):
    """Ends with 0 on SIGTERM or Ctrl-C."""

    help = (
        "Looks at Syncwatch itself twice a minute, mails those who are to know when a part of it fails, and "
        "tells an outside monitor that all is well. Needs neither worker nor broker. Runs until SIGTERM."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="look once, now, and end")

    def handle(self, *_args: Any, once: bool, **_options: Any) -> None:
        # Neither a frozen network nor a database that is away may hold it longer than it has patience.
        connection.settings_dict["OPTIONS"] |= {
            "connect_timeout": 5,
            "tcp_user_timeout": 10_000,
            "pool": {"min_size": 1, "max_size": 3, "timeout": 5, "reconnect_timeout": 5},
        }
        dog = Watchdog(settings.VAR_DIR)
        if once:
            dog.round(timezone.now())
            return
        stopping = Event()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: stopping.set())
        dog.run(stopping)
