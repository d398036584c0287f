"""``manage.py refresh NAME --reason TEXT``: a forced resync, asked for and carried out in this process."""

import argparse
import getpass
import sys
import time
from datetime import datetime, timedelta
from typing import Any, NoReturn

import orjson
from django.core.management.base import BaseCommand
from django.utils import timezone

from integrations.models import Integration
from monitor.collect.claim import claim_these
from monitor.collect.plan import ensure_jobs
from monitor.collect.run import run
from monitor.models import Job, Refresh
from monitor.models.refreshes import RefreshOutcome, RefreshStage, RefreshStrategy
from monitor.models.work import JobKind
from monitor.refresh import RefreshRefused, person_pressed, request
from monitor.refresh.advance import advance
from monitor.refresh.hub import abilities

MOVED, WITHOUT_EFFECT, COULD_NOT_RUN, UNDER_WAY = 0, 1, 2, 3
LOOK_EVERY_S = 1.0


class Command(BaseCommand):
    help = (
        "Forces a resync of one integration and watches its effect; needs no worker. "
        "Exit codes: 0 it moved; 1 it ended without effect, failed or was cancelled; 2 it was refused "
        "or could not run; 3 it is still under way or waits for a person in the hub's panel."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", help="the integration's name")
        parser.add_argument("--reason", required=True, help="why; it is kept with the refresh")
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
        integration = (
            Integration.objects.select_related("account", "store").filter(name=options["name"]).first()
        )
        if integration is None:
            self._stop(f"There is no integration named {options['name']}.")
        ensure_jobs(now)
        actor = f"command line ({getpass.getuser()})"
        try:
            refresh = request(
                integration,
                user=None,
                actor=actor,
                reason=options["reason"],
                strategy=options["strategy"],
                now=now,
            )
        except RefreshRefused as refused:
            self._stop(str(refused))
        if refresh.stage == RefreshStage.WAITING:
            refresh = self._ask_person(refresh)
        if refresh.stage != RefreshStage.WAITING:
            self._watch(refresh, now + timedelta(seconds=options["timeout"]))
        self._report(refresh, as_json=options["json"])
        sys.exit(_exit_code(refresh))

    def _stop(self, sentence: str) -> NoReturn:
        self.stderr.write(sentence)
        sys.exit(COULD_NOT_RUN)

    def _ask_person(self, refresh: Refresh) -> Refresh:
        self.stderr.write(f"Press Refresh here: {abilities(refresh.integration).panel_url}")
        if not sys.stdin.isatty():
            return refresh
        input("Then press Enter. ")
        return person_pressed(refresh, timezone.now())

    def _watch(self, refresh: Refresh, until: datetime) -> None:
        said = ""
        while refresh.finished_at is None and timezone.now() < until:
            advance(timezone.now())
            _read_hub(refresh, timezone.now())
            refresh.refresh_from_db()
            if refresh.detail != said:
                said = refresh.detail
                self.stderr.write(said)
            if refresh.finished_at is None:
                time.sleep(LOOK_EVERY_S)

    def _report(self, refresh: Refresh, *, as_json: bool) -> None:
        if as_json:
            self.stdout.write(orjson.dumps(_record(refresh)).decode())
            return
        state = refresh.get_outcome_display() or refresh.get_stage_display()
        self.stdout.write(f"{refresh.integration}: {state}. {refresh.detail}")


def _read_hub(refresh: Refresh, now: datetime) -> None:
    """Reads what the watching made due, unless a worker is at it already."""
    due = Job.objects.filter(
        kind__in=(JobKind.HUB_STATE, JobKind.HUB_ARRIVALS),
        target_id=refresh.integration.account_id,
        due_at__lte=now,
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
        "requested_at": refresh.requested_at,
        "asked_at": refresh.asked_at,
        "finished_at": refresh.finished_at,
        "before": refresh.before,
        "after": refresh.after,
    }
