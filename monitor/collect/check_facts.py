"""Loading what checks found, for judging."""

from collections.abc import Sequence

from django.db.models import Q

from integrations.contracts import CheckState, ConditionKind
from monitor.health.records import CheckFact
from monitor.models import CheckResult

Source = CheckResult.Source


def checks_of(integrations: Sequence[tuple[int, int, int]]) -> dict[int, list[CheckFact]]:
    """By integration: the checks of its store, of the zone in front of that, of itself and of its account.

    ``integrations`` are (integration, store, account). One query.
    """
    ids, stores, accounts = (sorted({row[place] for row in integrations}) for place in range(3))
    found = CheckResult.objects.filter(
        Q(source__in=(Source.STORE, Source.EDGE), target_id__in=stores)
        | Q(source=Source.INTEGRATION, target_id__in=ids)
        | Q(source=Source.ACCOUNT, target_id__in=accounts)
    ).order_by("code", "subject")
    by_target: dict[tuple[str, int], list[CheckFact]] = {}
    for row in found:
        by_target.setdefault((row.source, row.target_id), []).append(_fact(row))
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
