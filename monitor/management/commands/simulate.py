"""``manage.py simulate``: the real judge and the real alerting on a made-up fleet with made-up faults."""

import os
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _

from monitor.embedded import EmbeddedError
from monitor.laboratory.fleet import make_fleet
from monitor.laboratory.pipeline import tell
from monitor.laboratory.running import run
from monitor.laboratory.scoring import score
from monitor.laboratory.table import lines
from monitor.models import Incident

COULD_NOT = 2


class Command(BaseCommand):
    help = (
        "Makes a fleet of integrations with orders, hubs and faults, runs it through the real judge and the "
        "real alerting, and prints what was caught, how soon, and what was told for nothing; and what a "
        "heartbeat would have done. Nothing is stored and nothing is sent: the rows it needs are made in one "
        "transaction that is rolled back. The same numbers give the same outcome. Exit codes: 0 it ran, "
        "whatever the outcome; 2 it could not run."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--integrations", type=_at_least(1), default=200, metavar="N")
        parser.add_argument(
            "--days",
            type=_at_least(1),
            default=28,
            metavar="D",
            help="measured days, after two weeks of learning",
        )
        parser.add_argument("--seed", type=int, default=1, metavar="S")
        parser.add_argument("--without-faults", action="store_true", help="nothing ever breaks")
        parser.add_argument(
            "--processes", type=_at_least(1), default=min(2, os.cpu_count() or 1), metavar="P"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *_args: Any, integrations: int, days: int, seed: int, **options: Any) -> None:
        began = time.monotonic()
        try:
            # Better to know now than after minutes that there is no database.
            connection.ensure_connection()
            Incident.objects.exists()
            fleet = make_fleet(integrations, days, seed, faults=not options["without_faults"])
            courses = run(fleet, options["processes"], self.progress(integrations))
            self.say(_("Alerting…"))
            story = tell(fleet, courses)
        except (DatabaseError, EmbeddedError) as error:
            message = _(
                "Incidents are made in the database, in a transaction that is rolled back, but the database "
                "could not do it: %(reason)s Start it, or run manage.py migrate."
            )
            raise CommandError(message % {"reason": str(error).strip()}, returncode=COULD_NOT) from error
        table = {"seed": seed, **score(fleet, courses, story)}
        self.say(_("Done in %(seconds).0f s.") % {"seconds": time.monotonic() - began})
        if options["json"]:
            self.stdout.write(orjson.dumps(table, option=orjson.OPT_INDENT_2).decode())
        else:
            self.stdout.write("\n".join(lines(table)))

    def progress(self, count: int) -> Callable[[int], None]:
        """Says every tenth part."""
        said = 0

        def hear(done: int) -> None:
            nonlocal said
            if done * 10 // count > said:
                said = done * 10 // count
                self.say(_("%(done)d of %(count)d integrations") % {"done": done, "count": count})

        return hear

    def say(self, text: str) -> None:
        self.stderr.write(text, self.style.NOTICE)


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise ArgumentTypeError(_("a whole number, %(least)d or more, please") % {"least": least})
        return int(text)

    return number
