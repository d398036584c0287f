"""``manage.py explain NAME``: why it is judged as it is, and whether the stored facts still say so."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.contracts import ConditionKind
from integrations.models import Integration
from monitor.collect.again import Again, judge_again
from monitor.dashboard.faces import QUESTIONS
from monitor.embedded import EmbeddedError
from monitor.fleet.document import time_zones
from monitor.fleet.problems import did_you_mean, sentences
from monitor.health.records import Held, Judgement
from monitor.health.states import State
from monitor.health.verdict import RULES_VERSION
from monitor.models import Condition
from monitor.wording import Explanation, explain, since, state_word
from monitor.wording.thresholds import confirmation, threshold

AGREES, DIFFERS, COULD_NOT = 0, 1, 2


class Command(BaseCommand):
    help = (
        "Shows why an integration is judged as it is: the verdict, every condition with its rule, its limit "
        "and its figures. Then it judges the stored facts once more, now, without storing anything. Exit "
        "codes: 0 the same verdict again; 1 another one; 2 it could not be explained: no such integration, "
        "or never judged."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", metavar="NAME", help="integration")
        parser.add_argument("--json", action="store_true", help="print one JSON document")
        parser.add_argument(
            "--time-zone", default=settings.TIME_ZONE, metavar="ZONE", help="zone of the times that are shown"
        )

    def handle(self, *_args: Any, name: str, json: bool, time_zone: str, **_options: Any) -> None:
        if time_zone not in time_zones():
            message = _('"%(zone)s" is not a time zone of the IANA list.') % {"zone": time_zone}
            raise self.could_not(sentences(message, did_you_mean(time_zone, time_zones())))
        now = timezone.now()
        try:
            integration = self.find(name)
            again = judge_again(integration.pk, now)
        except (DatabaseError, EmbeddedError) as error:
            reason = _("The database could not do it: %(reason)s") % {"reason": str(error).strip()}
            raise self.could_not(reason) from error
        if again is None:
            message = _("%(name)s has not been judged yet; run manage.py sweep %(name)s.")
            raise self.could_not(message % {"name": name})
        stored = list(Condition.objects.filter(integration=integration))
        stored.sort(key=lambda row: list(ConditionKind).index(ConditionKind(row.kind)))
        if json:
            self.stdout.write(_document(integration, stored, again, now))
        else:
            self.stdout.write("\n".join(self.page(integration, stored, again, now, ZoneInfo(time_zone))))
        if not again.agrees:
            raise SystemExit(DIFFERS)

    def could_not(self, message: str) -> CommandError:
        return CommandError(message, returncode=COULD_NOT)

    def find(self, name: str) -> Integration:
        rows = {row.name: row for row in Integration.objects.select_related("store", "account")}
        if name not in rows:
            message = _('No integration is called "%(name)s".') % {"name": name}
            raise self.could_not(sentences(message, did_you_mean(name, rows)))
        return rows[name]

    def page(
        self,
        integration: Integration,
        conditions: list[Condition],
        again: Again,
        now: datetime,
        zone: ZoneInfo,
    ) -> Iterator[str]:
        verdict = again.stored
        said = _said(verdict, now, zone)
        yield f"{integration}: {said.state_word}, {since(verdict.since, now=now, tz=zone)}"
        yield from _indented([said.headline, said.why, *(f"– {step}" for step in said.steps)])
        yield from _indented([_("rule: %(rule)s") % {"rule": _rule(verdict)}])
        for row in conditions:
            yield ""
            yield from self.condition(row, again, now, zone)
        yield ""
        yield confirmation()
        yield from _verdict_again(again)
        yield _("Times are in %(zone)s.") % {"zone": zone.key}

    def condition(self, row: Condition, again: Again, now: datetime, zone: ZoneInfo) -> Iterator[str]:
        state = State(row.state)
        word = self.coloured(state, f"{state_word(state, row.rule):12}")
        yield f"{word} {QUESTIONS[ConditionKind(row.kind)]}  {since(row.since, now=now, tz=zone)}"
        said = _said(row, now, zone)
        seen = row.observed_at or now
        lines = [said.headline, said.why, threshold(row.rule, row.evidence, until=seen)]
        lines.append(_("rule: %(rule)s") % {"rule": f"{row.kind}.{row.rule}"})
        if row.observed_at is not None:
            lines.append(_("observed: %(time)s") % {"time": since(row.observed_at, now=now, tz=zone)})
        if row.candidate_state:
            words = {"state": row.candidate_state, "n": row.candidate_count}
            lines.append(_("seen otherwise: %(state)s, %(n)d time(s) so far") % words)
        lines += [
            f"{key} = {_plain(value)}" for key, value in row.evidence.items() if value not in (None, "")
        ]
        held = again.held.get(ConditionKind(row.kind))
        if held is not None and (held.state.value, held.rule) != (row.state, row.rule):
            lines.append(_("judged again now: %(answer)s") % {"answer": f"{held.state.value}, {held.rule}"})
        yield from _indented(lines)

    def coloured(self, state: State, text: str) -> str:
        colour = {State.FAIL: self.style.ERROR, State.WARN: self.style.WARNING}.get(state)
        return colour(text) if colour else text


def _verdict_again(again: Again) -> Iterator[str]:
    if again.agrees:
        yield _("Judged again now from the stored facts: the same verdict.")
        return
    yield _("Judged again now from the stored facts: %(answer)s. It was %(stored)s.") % {
        "answer": _answer(again.judgement),
        "stored": _answer(again.stored),
    }
    yield _("Facts change and readings grow old between two looks; manage.py sweep reads and judges anew.")


def _answer(judgement: Judgement) -> str:
    return f"{judgement.state.value} ({_rule(judgement)})"


def _rule(judgement: Judgement) -> str:
    return f"{judgement.cause.value}.{judgement.rule}" if judgement.cause else judgement.rule


def _said(answer: Judgement | Condition, now: datetime, zone: ZoneInfo) -> Explanation:
    kind = answer.kind if isinstance(answer, Condition) else answer.cause or ""
    return explain(kind, answer.rule, answer.evidence, now=now, tz=zone, state=State(answer.state))


def _indented(lines: list[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines if line)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _document(integration: Integration, rows: list[Condition], again: Again, now: datetime) -> str:
    document = {
        "at": now,
        "name": integration.name,
        "rules_version": RULES_VERSION,
        "verdict": _judgement(again.stored, now),
        "conditions": [_entry(row, again.held.get(ConditionKind(row.kind)), now) for row in rows],
        "judged_again": {**_judgement(again.judgement, now), "agrees": again.agrees},
    }
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode()


def _judgement(judgement: Judgement, now: datetime) -> dict[str, Any]:
    zone = ZoneInfo("UTC")
    said = _said(judgement, now, zone)
    return {
        "state": judgement.state.value,
        "cause": judgement.cause.value if judgement.cause else None,
        "rule": judgement.rule,
        "since": judgement.since,
        "evidence": judgement.evidence,
        "headline": said.headline,
        "why": said.why,
        "steps": said.steps,
    }


def _entry(row: Condition, held: Held | None, now: datetime) -> dict[str, Any]:
    said = _said(row, now, ZoneInfo("UTC"))
    return {
        "kind": row.kind,
        "state": row.state,
        "rule": row.rule,
        "since": row.since,
        "observed_at": row.observed_at,
        "evidence": row.evidence,
        "headline": said.headline,
        "why": said.why,
        "threshold": threshold(row.rule, row.evidence, until=row.observed_at or now),
        "candidate": {"state": row.candidate_state, "count": row.candidate_count}
        if row.candidate_state
        else None,
        "judged_again": {"state": held.state.value, "rule": held.rule} if held else None,
    }
