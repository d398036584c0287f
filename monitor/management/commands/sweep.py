"""``manage.py sweep``: one full round now, in this process, and what it found."""

import shutil
import sys
import textwrap
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.models import Integration
from monitor.collect.sweep import sweep
from monitor.dashboard.faces import shape_of
from monitor.embedded import EmbeddedError
from monitor.fleet.document import time_zones
from monitor.fleet.problems import did_you_mean, sentences
from monitor.health.states import State
from monitor.models import Verdict
from monitor.wording import Explanation, explain, orders, since

HEALTHY, NOT_HEALTHY, COULD_NOT = 0, 1, 2
_WORST_FIRST = (State.FAIL, State.WARN, State.UNKNOWN, State.OK)
_SHAPES = {"ok": "●", "late": "◐", "fail": "■", "throttled": "‖", "unknown": "○", "paused": "–"}


class Command(BaseCommand):
    help = (
        "Reads stores and hubs once, now, in this process, without broker or worker, judges them and prints "
        "what it found. Exit codes: 0 all healthy; 1 something is bad, or unknown beside others that are "
        "known; 2 could not run: an unknown name, nothing connected, or nothing could be judged."
    )
    # A failed check would end with the exit code that means "something is bad".
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "names", metavar="NAME", nargs="*", help="integration; none: all that are watched"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument(
            "--time-zone", default=settings.TIME_ZONE, metavar="ZONE", help="zone of the times that are shown"
        )

    def handle(self, *_args: Any, names: list[str], json: bool, time_zone: str, **options: Any) -> None:
        if time_zone not in time_zones():
            message = _('"%(zone)s" is not a time zone of the IANA list.') % {"zone": time_zone}
            raise self.could_not(sentences(message, did_you_mean(time_zone, time_zones())))
        started = timezone.now()
        try:
            self.refuse_what_is_not_watched(names)
            self.stderr.write(_("Reading and judging…"), self.style.NOTICE)
            swept = sweep(names, started)
            verdicts = _verdicts(swept)
        except (DatabaseError, EmbeddedError) as error:
            reason = _("The database could not do it: %(reason)s") % {"reason": str(error).strip()}
            raise self.could_not(reason) from error
        now = timezone.now()
        self.stderr.write(_("Done in %(seconds).1f s.") % {"seconds": (now - started).total_seconds()}, str)
        code = exit_code([State(verdict.state) for verdict in verdicts])
        if json:
            self.stdout.write(_document(verdicts, code, now))
        else:
            self.report(
                verdicts, now, ZoneInfo(time_zone), show_healthy=bool(names) or options["verbosity"] > 1
            )
        if code:
            sys.exit(code)

    def could_not(self, message: str) -> CommandError:
        return CommandError(message, returncode=COULD_NOT)

    def refuse_what_is_not_watched(self, names: Sequence[str]) -> None:
        """Refuses names that cannot be swept, before anything is asked of anybody."""
        rows = {row.name: row for row in Integration.objects.select_related("store", "account")}
        for name in names:
            if name not in rows:
                message = _('No integration is called "%(name)s".') % {"name": name}
                raise self.could_not(sentences(message, did_you_mean(name, rows)))
        watched = {name for name, row in rows.items() if _is_watched(row)}
        if idle := [name for name in names if name not in watched]:
            message = _("%(names)s: paused or inactive; resume first.")
            raise self.could_not(message % {"names": ", ".join(idle)})
        if not watched:
            raise self.could_not(
                _("Nothing is connected yet; connect a store and a hub, or apply a fleet file.")
            )

    def report(
        self, verdicts: Sequence[Verdict], now: datetime, zone: ZoneInfo, *, show_healthy: bool
    ) -> None:
        for verdict in verdicts:
            if show_healthy or verdict.state != State.OK:
                self.stdout.write(self.lines(verdict, now, zone))
        self.stdout.write(_summary(verdicts, zone))

    def lines(self, verdict: Verdict, now: datetime, zone: ZoneInfo) -> str:
        said = _explain(verdict, now, zone)
        state = State(verdict.state)
        colour = {State.FAIL: self.style.ERROR, State.WARN: self.style.WARNING}.get(state, str)
        face = f"{_SHAPES[shape_of(verdict.state, verdict.rule)]} {said.state_word}"
        title = f"{colour(f'{face:14}')} {verdict.integration}"
        if state is State.OK:
            return title
        figures = [_("since %(time)s") % {"time": since(verdict.since, now=now, tz=zone)}]
        if verdict.waiting_count:
            figures.append(_("%(orders)s waiting") % {"orders": orders(verdict.waiting_count)})
        text = [said.headline, said.why, *(f"– {step}" for step in said.steps)]
        return "\n".join([f"{title}  {', '.join(figures)}", *self.indented([line for line in text if line])])

    def indented(self, paragraphs: Sequence[str]) -> list[str]:
        """Wrapped to the terminal's width; on anything else a sentence stays on its line."""
        indent = " " * 15
        if not self.stdout.isatty():
            return [indent + text for text in paragraphs]
        width = min(shutil.get_terminal_size().columns, 110)
        return [
            textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent) for text in paragraphs
        ]


def exit_code(states: Sequence[State]) -> int:
    """0: all healthy; 1: something is bad or unknown; 2: nothing could be judged."""
    if all(state is State.UNKNOWN for state in states):
        return COULD_NOT
    return HEALTHY if all(state is State.OK for state in states) else NOT_HEALTHY


def _is_watched(row: Integration) -> bool:
    return not row.is_paused and row.store.is_active and row.account.is_active


def _verdicts(integrations: Sequence[Integration]) -> list[Verdict]:
    rows = Verdict.objects.filter(integration__in=integrations).select_related(
        "integration__store", "integration__account"
    )
    return sorted(
        rows, key=lambda row: (_WORST_FIRST.index(State(row.state)), row.since, row.integration.name)
    )


def _explain(verdict: Verdict, now: datetime, zone: ZoneInfo) -> Explanation:
    return explain(
        verdict.cause, verdict.rule, verdict.evidence, now=now, tz=zone, state=State(verdict.state)
    )


def _summary(verdicts: Sequence[Verdict], zone: ZoneInfo) -> str:
    counts = _counts(verdicts)
    bad = counts[State.FAIL] + counts[State.WARN]
    parts = [ngettext("%(n)d needs you", "%(n)d need you", bad) % {"n": bad}] if bad else []
    if counts[State.UNKNOWN]:
        parts.append(_("%(n)d unknown") % {"n": counts[State.UNKNOWN]})
    parts.append(_("%(n)d healthy") % {"n": counts[State.OK]})
    if behind := sum(verdict.waiting_count for verdict in verdicts if State(verdict.state).is_bad):
        parts.append(_("%(orders)s waiting where it is bad") % {"orders": orders(behind)})
    return _("%(parts)s. Times are in %(zone)s.") % {"parts": ", ".join(parts), "zone": zone.key}


def _counts(verdicts: Sequence[Verdict]) -> dict[State, int]:
    return {state: sum(verdict.state == state for verdict in verdicts) for state in _WORST_FIRST}


def _document(verdicts: Sequence[Verdict], code: int, now: datetime) -> str:
    document = {
        "at": now,
        "exit_code": code,
        "counts": {state.value: count for state, count in _counts(verdicts).items()},
        "integrations": [_entry(verdict, now) for verdict in verdicts],
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()


def _entry(verdict: Verdict, now: datetime) -> dict[str, Any]:
    said = _explain(verdict, now, ZoneInfo("UTC"))
    return {
        "name": verdict.integration.name,
        "store": verdict.integration.store.name,
        "account": verdict.integration.account.name,
        "state": verdict.state,
        "cause": verdict.cause,
        "rule": verdict.rule,
        "since": verdict.since,
        "judged_at": verdict.judged_at,
        "waiting_count": verdict.waiting_count,
        "oldest_waiting_at": verdict.oldest_waiting_at,
        "headline": said.headline,
        "why": said.why,
        "steps": said.steps,
    }
