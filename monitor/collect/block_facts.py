"""What the newest examinations found, for judging."""

from collections.abc import Iterable

from django.db.models.fields.json import KeyTransform

from monitor import examinations
from monitor.health.records import BlockFact
from monitor.models import StoreExamination

WRITE_METHODS = KeyTransform("write_methods", "document")


def blocks_of(store_ids: Iterable[int]) -> dict[int, list[BlockFact]]:
    """What is wrong with each store's access, root cause first; stores of which nothing is are left out."""
    rows = StoreExamination.objects.filter(store_id__in=store_ids).exclude(fingerprint="")
    found: dict[int, list[BlockFact]] = {}
    for row in rows.defer("document").annotate(writes=WRITE_METHODS):
        found[row.store_id] = [
            BlockFact(
                cause=diagnosis.cause.value,
                severity=diagnosis.severity.value,
                product=diagnosis.product,
                methods=diagnosis.methods,
                write_methods=tuple(method for method in diagnosis.methods if method in (row.writes or ())),
                agents=diagnosis.agents,
                status=diagnosis.status,
                confidence=diagnosis.confidence.value,
                rule_id=diagnosis.rule_id,
                is_inferred=diagnosis.is_inferred,
                since=row.since,
                observed_at=row.at,
                values=diagnosis.values,
            )
            for diagnosis in examinations.diagnoses(row)
        ]
    return found
