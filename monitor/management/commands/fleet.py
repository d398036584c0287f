"""``manage.py fleet``: accounts, stores, integrations and subscriptions as a YAML file."""

import sys
from argparse import RawDescriptionHelpFormatter
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitor.embedded import EmbeddedError
from monitor.fleet.applying import apply
from monitor.fleet.comparing import Action, Change, Comparison, compare
from monitor.fleet.exporting import export, to_yaml
from monitor.fleet.finding import find_platforms
from monitor.fleet.loading import Finder, Fleet, load
from monitor.fleet.problems import BadFleet
from monitor.fleet.schema import json_schema

SAME, DIFFERENT, COULD_NOT = 0, 1, 2


class Command(BaseCommand):
    help = (
        "The fleet as a YAML file (see docs/fleet.md).\n\n"
        "Exit codes: 0 done, or no difference; 1 the file and the database differ (diff only);\n"
        "2 the file is bad or the work could not be done; then nothing was changed."
    )
    # A failed check would end with the exit code that means "different".
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        steps = parser.add_subparsers(dest="step", required=True, metavar="apply|diff|export|schema")
        for name, text in (
            ("apply", "make the database say what the file says, all of it or nothing"),
            ("diff", "show what apply would change"),
        ):
            step = steps.add_parser(name, help=text)
            step.add_argument("file", metavar="FILE", help="YAML file; - reads standard input")
            step.add_argument(
                "--prune",
                action="store_true",
                help="also retire what the file does not name: accounts, stores and subscriptions become "
                "inactive, integrations are paused; nothing is deleted",
            )
            step.add_argument(
                "--no-detect",
                action="store_true",
                help="ask no address: a new store must name its platform",
            )
            step.add_argument("--json", action="store_true", help="print one JSON document")
        steps.choices["apply"].add_argument(
            "--keep-secrets",
            action="store_true",
            help="where a secret's reference cannot be read here, keep the stored secret",
        )
        step = steps.add_parser(
            "export", help="write the file that describes what is stored, without secrets"
        )
        step.add_argument("file", metavar="FILE", help="- writes to standard output")
        step.add_argument("--force", action="store_true", help="overwrite the file")
        step.add_argument("--json", action="store_true", help="write JSON, which is YAML too")
        steps.add_parser("schema", help="print the JSON Schema of the file")

    def handle(self, *_args: Any, step: str, **options: Any) -> None:
        try:
            match step:
                case "apply":
                    self.apply(**options)
                case "diff":
                    self.diff(**options)
                case "export":
                    self.export(**options)
                case _:
                    self.stdout.write(_pretty(json_schema()))
        except (DatabaseError, EmbeddedError) as error:
            message = _("The database could not do it: %(reason)s") % {"reason": str(error).strip()}
            raise CommandError(message, returncode=COULD_NOT) from error

    def apply(
        self, *, file: str, prune: bool, json: bool, keep_secrets: bool, no_detect: bool, **_options: Any
    ) -> None:
        now = timezone.now()
        try:
            fleet = load(file, keep_unread=keep_secrets, find=_finder(now, ask=not no_detect))
            self.report(apply(fleet, now, prune=prune), fleet, json=json)
        except BadFleet as error:
            self.refuse(error, json=json)

    def diff(self, *, file: str, prune: bool, json: bool, no_detect: bool, **_options: Any) -> None:
        try:
            fleet = load(file, keep_unread=True, find=_finder(timezone.now(), ask=not no_detect))
            comparison = compare(fleet, prune=prune)
            if comparison.problems:
                raise BadFleet(comparison.problems)
        except BadFleet as error:
            self.refuse(error, json=json)
        self.report(comparison, fleet, json=json)
        if comparison.changes:
            sys.exit(DIFFERENT)

    def export(self, *, file: str, force: bool, json: bool, **_options: Any) -> None:
        document = export()
        text = _pretty(document) + "\n" if json else to_yaml(document)
        if file == "-":
            self.stdout.write(text, ending="")
            return
        try:
            with Path(file).open("w" if force else "x", encoding="utf-8") as target:
                target.write(text)
        except FileExistsError as error:
            message = _("%(file)s exists; choose another name, or overwrite it with --force.") % {
                "file": file
            }
            raise CommandError(message, returncode=COULD_NOT) from error
        except OSError as error:
            message = _("%(file)s cannot be written: %(reason)s.") % {"file": file, "reason": error.strerror}
            raise CommandError(message, returncode=COULD_NOT) from error
        counts = ", ".join(f"{len(entries)} {section}" for section, entries in document.items())
        self.stderr.write(
            _("Wrote %(file)s: %(counts)s.") % {"file": file, "counts": counts}, self.style.NOTICE
        )

    def refuse(self, error: BadFleet, *, json: bool) -> None:
        if json:
            self.stdout.write(_pretty({"problems": [problem.to_json() for problem in error.problems]}))
        for problem in error.problems:
            self.stderr.write(str(problem))
        count = len(error.problems)
        message = ngettext(
            "%(count)d mistake in the file; nothing was changed.",
            "%(count)d mistakes in the file; nothing was changed.",
            count,
        )
        raise CommandError(message % {"count": count}, returncode=COULD_NOT)

    def report(self, comparison: Comparison, fleet: Fleet, *, json: bool) -> None:
        for warning in fleet.warnings:
            self.stderr.write(_("warning: %(text)s") % {"text": warning}, self.style.WARNING)
        if json:
            self.stdout.write(
                _pretty(
                    {
                        "changes": [change.to_json() for change in comparison.changes],
                        "unchanged": comparison.unchanged,
                        "unmentioned": comparison.unmentioned,
                        "warnings": [warning.to_json() for warning in fleet.warnings],
                    }
                )
            )
            return
        for change in comparison.changes:
            self.stdout.write(self.line(change))
        self.stdout.write(_summary(comparison))
        if comparison.unmentioned:
            names = ", ".join(comparison.unmentioned)
            self.stderr.write(_("Not in the file and left as they are: %(names)s.") % {"names": names}, str)

    def line(self, change: Change) -> str:
        before, after = change.shown()
        colour = self.style.SUCCESS if change.action is Action.CREATED else self.style.WARNING
        text = f"{colour(f'{change.action.value:8}')} {change.section.word} {change.key}"
        if change.action is Action.CREATED:
            return text
        return f"{text}: " + "; ".join(f"{key} {_value(before[key])} → {_value(after[key])}" for key in after)


def _finder(now: datetime, *, ask: bool) -> Finder:
    return partial(find_platforms, now=now, ask=ask)


def _summary(comparison: Comparison) -> str:
    if not comparison.changes:
        message = ngettext(
            "Nothing to change: %(count)d entry is stored just so.",
            "Nothing to change: %(count)d entries are stored just so.",
            comparison.unchanged,
        )
        return message % {"count": comparison.unchanged}
    counts = [
        f"{count} {action.value}"
        for action in Action
        if (count := sum(change.action is action for change in comparison.changes))
    ]
    return ", ".join([*counts, f"{comparison.unchanged} unchanged"]) + "."


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value else orjson.dumps(value).decode()


def _pretty(document: Any) -> str:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()
