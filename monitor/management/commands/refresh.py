"""``manage.py refresh NAME --reason TEXT``: forced resyncs, asked for and carried out in this process.

Instead of a name, ``--tag``, ``--account`` or ``--all`` choose several; ``--dry-run`` says what would happen.
"""

import argparse
import sys
import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

import orjson
from django.core.management.base import BaseCommand
from django.utils import timezone

from integrations.models import Integration
from monitor.collect.claim import claim_these
from monitor.collect.plan import ensure_jobs
from monitor.collect.run import run
from monitor.fleet.applying import command_line_actor
from monitor.models import Job, Refresh
from monitor.models.refreshes import RefreshOutcome, RefreshStage, RefreshStrategy
from monitor.models.work import JobKind
from monitor.refresh import RefreshRefused, bulk, person_pressed, request
from monitor.refresh.advance import advance
from monitor.refresh.hub import abilities
from monitor.wording import duration, waiting

MOVED, WITHOUT_EFFECT, COULD_NOT_RUN, UNDER_WAY = 0, 1, 2, 3
LOOK_EVERY_S = 1.0
FOLLOWED = ("stage", "outcome", "detail", "attempts", "tries", "asked_at", "finished_at", "before", "after")


class Command(BaseCommand):
    help = (
        "Forces a resync of one integration, or of several, and watches its effect; needs no worker. "
        "Exit codes: 0 it moved; 1 it ended without effect, failed or was cancelled; 2 it was refused "
        "or could not run; 3 it is still under way or waits for a person in the hub's panel. "
        "Of several: 0 all moved; 1 some did not, or were refused; 2 none could be asked; 3 some go on. "
        "With --dry-run: 0 all can be asked; 1 some cannot; 2 none can."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("name", nargs="?", help="the integration's name")
        which.add_argument("--tag", help="all integrations of stores with this tag")
        which.add_argument("--account", metavar="NAME", help="all integrations of this hub account")
        which.add_argument("--all", action="store_true", help="all integrations that are not paused")
        parser.add_argument("--reason", default="", help="why; it is kept with the refresh")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, ask nobody")
        parser.add_argument("--strategy", choices=RefreshStrategy.values, help="default: what is possible")
        parser.add_argument(
            "--timeout",
            type=int,
            default=720,
            metavar="SECONDS",
            help="default 720; then it goes on without you",
        )
        parser.add_argument("--json", action="store_true", help="print the refresh's record as JSON")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = timezone.now()
        if not options["dry_run"] and not options["reason"].strip():
            self._stop("Say why with --reason: it is kept with the refresh.")
        chosen = _chosen(options)
        if not chosen:
            name = options["name"]
            self._stop(f"There is no integration named {name}." if name else "No integration fits.")
        if options["dry_run"]:
            sys.exit(self._preview(bulk.plan(chosen, now), as_json=options["json"]))
        ensure_jobs(now)
        if options["name"] is None:
            sys.exit(self._several(chosen, now, options))
        self._one(chosen[0], now, options)

    def _one(self, integration: Integration, now: datetime, options: dict[str, Any]) -> NoReturn:
        try:
            refresh = request(
                integration,
                user=None,
                actor=command_line_actor(),
                reason=options["reason"],
                strategy=options["strategy"],
                now=now,
            )
        except RefreshRefused as refused:
            self._stop(str(refused))
        if refresh.stage == RefreshStage.WAITING:
            refresh = self._ask_person(refresh)
        if refresh.stage != RefreshStage.WAITING:
            self._watch([refresh], now + timedelta(seconds=options["timeout"]))
        self._report(refresh, as_json=options["json"])
        sys.exit(_exit_code(refresh))

    def _several(self, chosen: Sequence[Integration], now: datetime, options: dict[str, Any]) -> int:
        made = bulk.request_many(
            chosen, user=None, actor=command_line_actor(), reason=options["reason"], now=now
        )
        rows = list(
            made.refreshes.select_related("integration__store", "integration__account").order_by("pk")
        )
        self._watch(rows, now + timedelta(seconds=options["timeout"]))
        if options["json"]:
            told = {"id": made.pk, "refreshes": [_record(row) for row in rows], "refused": made.refused}
            self.stdout.write(orjson.dumps(told).decode())
        else:
            for row in rows:
                self._report(row, as_json=False)
            for refused in made.refused:
                self.stdout.write(f"{refused['title']}: refused. {refused['reason']}")
        if not rows:
            return COULD_NOT_RUN
        worst = max(_exit_code(row) for row in rows)
        return WITHOUT_EFFECT if worst == MOVED and made.refused else worst

    def _preview(self, plan: bulk.Plan, *, as_json: bool) -> int:
        if as_json:
            self.stdout.write(orjson.dumps([_planned(row) for row in plan.rows]).decode())
        else:
            for row in plan.rows:
                if row.way is None:
                    self.stdout.write(f"{row.integration}: refused. {row.refusal}")
                    continue
                after = f", after {duration(row.starts_in)}" if row.starts_in.seconds else ""
                self.stdout.write(f"{row.integration}: {row.way.label}{after}. {waiting(row.waiting)}.")
            self.stdout.write(
                f"{len(plan.asked)} would be asked, the last after {duration(plan.lasts)}; "
                f"{len(plan.refused)} would be refused. Nothing has been asked."
            )
        if not plan.asked:
            return COULD_NOT_RUN
        return WITHOUT_EFFECT if plan.refused else MOVED

    def _stop(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        sys.exit(COULD_NOT_RUN)

    def _ask_person(self, refresh: Refresh) -> Refresh:
        self.stderr.write(f"Press Refresh here: {abilities(refresh.integration).panel_url}")
        if not sys.stdin.isatty():
            return refresh
        input("Then press Enter. ")
        return person_pressed(refresh, timezone.now())

    def _watch(self, rows: Sequence[Refresh], until: datetime) -> None:
        said: dict[int, str] = {}
        while timezone.now() < until:
            under_way = [row for row in rows if row.finished_at is None and row.stage != RefreshStage.WAITING]
            if not under_way:
                return
            advance(timezone.now())
            _read_hubs({row.integration.account_id for row in under_way}, timezone.now())
            for row in under_way:
                row.refresh_from_db(fields=FOLLOWED)
                if row.detail != said.get(row.pk):
                    said[row.pk] = row.detail
                    name = f"{row.integration}: " if len(rows) > 1 else ""
                    self.stderr.write(f"{name}{row.detail}")
            if any(row.finished_at is None for row in under_way):
                time.sleep(LOOK_EVERY_S)

    def _report(self, refresh: Refresh, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(orjson.dumps(_record(refresh)).decode())
            return
        state = refresh.get_outcome_display() or refresh.get_stage_display()
        self.stdout.write(f"{refresh.integration}: {state}. {refresh.detail}")


def _chosen(options: dict[str, Any]) -> list[Integration]:
    rows = Integration.objects.select_related("account", "store").order_by("name")
    if options["name"] is not None:
        return list(rows.filter(name=options["name"]))
    rows = rows.filter(is_paused=False, account__is_active=True, store__is_active=True)
    if options["tag"] is not None:
        rows = rows.filter(store__tags__contains=[options["tag"]])
    elif options["account"] is not None:
        rows = rows.filter(account__name=options["account"])
    return list(rows)


def _read_hubs(accounts: Collection[int], now: datetime) -> None:
    """Reads what the watching made due, unless a worker is at it already."""
    due = Job.objects.filter(
        kind__in=(JobKind.HUB_STATE, JobKind.HUB_ARRIVALS), target_id__in=accounts, due_at__lte=now
    )
    claimed = claim_these(list(due.values_list("pk", flat=True)), now)
    if claimed:
        run(claimed, now)


def _exit_code(refresh: Refresh) -> int:
    if refresh.finished_at is None:
        return UNDER_WAY
    return MOVED if refresh.outcome == RefreshOutcome.MOVED else WITHOUT_EFFECT


def _record(refresh: Refresh) -> dict[str, Any]:
    return {
        "id": refresh.pk,
        "integration": refresh.integration.name,
        "actor": refresh.actor,
        "reason": refresh.reason,
        "strategy": refresh.strategy,
        "stage": refresh.stage,
        "outcome": refresh.outcome,
        "detail": refresh.detail,
        "attempts": refresh.tries,
        "requested_at": refresh.requested_at,
        "asked_at": refresh.asked_at,
        "finished_at": refresh.finished_at,
        "before": refresh.before,
        "after": refresh.after,
    }


def _planned(row: bulk.Planned) -> dict[str, Any]:
    return {
        "integration": row.integration.name,
        "strategy": row.way,
        "refusal": row.refusal,
        "waiting": row.waiting,
        "starts_in_s": row.starts_in.total_seconds(),
    }
