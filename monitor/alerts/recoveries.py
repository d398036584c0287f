"""Stores that let their hubs in again while these lag behind: noting it, and suggesting a refresh.

What follows by itself is decided by :mod:`monitor.refresh.automatic`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from integrations.models import AutoRefresh, Integration
from monitor.health.readmission import KEEPS_OUT, LAGS, Step, is_left_behind, lags, readmitted_at
from monitor.health.records import VerdictChange
from monitor.health.states import State
from monitor.models import Recovery, Refresh, Transition
from monitor.models.refreshes import RecoveryDecision

LOOK_BACK = timedelta(hours=24)
"""How far back it is asked what kept a hub out."""


def note_recoveries(changes: Sequence[VerdictChange], now: datetime) -> None:
    """Notes which of these verdicts are about a hub that was let in again and lags behind.

    Call it in the transaction of the judgement, after its transitions are stored; again with the same
    changes it notes nothing new. At most three queries, none when no hub lags.
    """
    behind = [change for change in changes if lags(change.new.state, change.new.rule)]
    if not behind:
        return
    wanted = set(
        Integration.objects.filter(pk__in=[change.integration_id for change in behind])
        .exclude(auto_refresh=AutoRefresh.OFF)
        .values_list("pk", flat=True)
    )
    steps = _steps(wanted, now)
    found = [
        Recovery(integration_id=change.integration_id, recovered_at=readmitted, due_at=now)
        for change in behind
        if (readmitted := readmitted_at(steps.get(change.integration_id, ())))
        and is_left_behind(change, readmitted, now)
    ]
    if found:
        Recovery.objects.bulk_create(found, ignore_conflicts=True)


def _steps(integrations: Collection[int], now: datetime) -> dict[int, list[Step]]:
    """By integration, oldest first."""
    steps: dict[int, list[Step]] = {}
    rows = Transition.objects.filter(
        integration__in=integrations, kind__in=KEEPS_OUT, at__gt=now - LOOK_BACK, at__lte=now
    ).order_by("at", "pk")
    for row in rows:
        step = Step(row.kind, row.at, row.old_state, row.old_rule, row.new_state, row.new_rule)
        steps.setdefault(row.integration_id, []).append(step)
    return steps


def suggestions(integrations: Collection[int]) -> dict[int, Recovery]:
    """By integration: the recovery after which a refresh is suggested, as long as it would help.

    One query, none for nobody. It ends with the first refresh that somebody asks for, or when the hub has
    caught up.
    """
    if not integrations:
        return {}
    rows = _suggested().filter(integration__in=integrations).order_by("recovered_at")
    return {row.integration_id: row for row in rows}


def suggested_at() -> Subquery:
    """The same in a query of integrations: since when their store can be reached again, or NULL."""
    mine = _suggested().filter(integration=OuterRef("pk")).order_by("-recovered_at")
    return Subquery(mine.values("recovered_at")[:1])


def _suggested() -> QuerySet[Recovery]:
    return _without_refresh().filter(
        decision=RecoveryDecision.SUGGESTED,
        integration__verdict__state__in=[State.WARN, State.FAIL],
        integration__verdict__rule__in=LAGS,
    )


def let_in_again(changes: Sequence[VerdictChange], now: datetime) -> dict[int, datetime]:
    """By integration of these new verdicts: since when its store can be reached again while the hub lags,
    where a refresh is suggested, or will be as soon as it is decided.

    One query, none when no hub lags.
    """
    behind = [change.integration_id for change in changes if lags(change.new.state, change.new.rule)]
    if not behind:
        return {}
    undecided = Q(decision="", integration__auto_refresh=AutoRefresh.SUGGEST)
    rows = _without_refresh().filter(
        undecided | Q(decision=RecoveryDecision.SUGGESTED),
        integration__in=behind,
        recovered_at__gt=now - LOOK_BACK,
    )
    return dict(rows.order_by("recovered_at").values_list("integration", "recovered_at"))


def _without_refresh() -> QuerySet[Recovery]:
    """Recoveries after which nobody has asked for a refresh."""
    asked = Refresh.objects.filter(
        integration=OuterRef("integration"), requested_at__gte=OuterRef("recovered_at")
    )
    return Recovery.objects.filter(~Exists(asked))
