"""Loading what checks found, for judging."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Max, Q

from integrations.contracts import CheckState, ConditionKind
from monitor.health.records import CheckFact
from monitor.models import CheckResult

Source = CheckResult.Source
COUNTS_FOR = timedelta(days=1)
"""What was found earlier and could not be looked at since, says nothing of now."""
COUNTS_FOR_AT_HUB = timedelta(days=3)
"""The same for settings of integrations: it takes a day to get around in an account of thousands."""
_TOLD = (CheckState.FAIL, CheckState.WARN, CheckState.UNKNOWN)


def checks_of(integrations: Sequence[tuple[int, int, int]], now: datetime) -> dict[int, list[CheckFact]]:
    """By integration: the checks of its store, of the zone in front of that, of itself and of its account.

    ``integrations`` are (integration, store, account). Two queries. Checks that pass are summed up, one
    for each condition: there are dozens for every integration, and nothing more is asked of them.
    """
    ids, stores, accounts = (sorted({row[place] for row in integrations}) for place in range(3))
    found = CheckResult.objects.filter(
        Q(source__in=(Source.STORE, Source.EDGE), target_id__in=stores, checked_at__gt=now - COUNTS_FOR)
        | Q(source=Source.INTEGRATION, target_id__in=ids, checked_at__gt=now - COUNTS_FOR_AT_HUB)
        | Q(source=Source.ACCOUNT, target_id__in=accounts, checked_at__gt=now - COUNTS_FOR)
    )
    by_target: dict[tuple[str, int], list[CheckFact]] = {}
    for row in found.filter(state__in=_TOLD).order_by("code", "subject"):
        by_target.setdefault((row.source, row.target_id), []).append(_fact(row))
    passed = found.filter(state=CheckState.OK).values_list("source", "target_id", "kind")
    for source, target, kind, newest in passed.annotate(newest=Max("checked_at")):
        by_target.setdefault((source, target), []).append(_passed(kind, newest))
    return {
        pk: [
            check
            for key in (
                (Source.STORE, store),
                (Source.EDGE, store),
                (Source.INTEGRATION, pk),
                (Source.ACCOUNT, account),
            )
            for check in by_target.get(key, ())
        ]
        for pk, store, account in integrations
    }


def _passed(kind: str, checked_at: datetime) -> CheckFact:
    return CheckFact(ConditionKind(kind), "", CheckState.OK, "", {}, "", checked_at, checked_at)


def _fact(row: CheckResult) -> CheckFact:
    return CheckFact(
        kind=ConditionKind(row.kind),
        code=row.code,
        state=CheckState(row.state),
        text=row.text,
        values=row.values,
        remedy=row.remedy,
        since=row.since,
        checked_at=row.checked_at,
    )
