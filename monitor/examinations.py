"""Examinations as they are stored: to JSON and back, and what changed between two of them."""

from collections.abc import Iterator, Sequence
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from integrations.access.records import Diagnosis, Examination, Severity
from monitor.models import CellChange, StoreExamination

log = structlog.get_logger(__name__)
_EXAMINATION = TypeAdapter(Examination)
_DIAGNOSES = TypeAdapter(tuple[Diagnosis, ...])
_WORST_FIRST = (Severity.FAIL, Severity.WARN, Severity.INFO)


def dump(examination: Examination) -> dict[str, Any]:
    """JSON-able; what has its default is left out."""
    document: dict[str, Any] = _EXAMINATION.dump_python(examination, mode="json", exclude_defaults=True)
    return document


def dump_diagnoses(diagnoses: Sequence[Diagnosis]) -> list[dict[str, Any]]:
    document: list[dict[str, Any]] = _DIAGNOSES.dump_python(
        tuple(diagnoses), mode="json", exclude_defaults=True
    )
    return document


def load(row: StoreExamination) -> Examination | None:
    """``None``: it was stored by another version of the program; the next examination replaces it."""
    try:
        return _EXAMINATION.validate_python(row.document)
    except ValidationError:
        log.info("an examination is not understood any more", store=row.store_id)
        return None


def diagnoses(row: StoreExamination) -> tuple[Diagnosis, ...]:
    """Root cause first; empty too when they were stored by another version of the program."""
    try:
        return _DIAGNOSES.validate_python(row.diagnoses)
    except ValidationError:
        log.info("diagnoses are not understood any more", store=row.store_id)
        return ()


def worst(found: Sequence[Diagnosis]) -> str:
    """The worst severity; empty when nothing was found."""
    severities = {diagnosis.severity for diagnosis in found}
    return next((severity.value for severity in _WORST_FIRST if severity in severities), "")


def fingerprint(found: Sequence[Diagnosis]) -> str:
    """What a store suffers from, the same for all that suffer from it; empty: from nothing."""
    suffers = [diagnosis for diagnosis in found if diagnosis.severity is not Severity.INFO]
    return suffers[0].fingerprint[:120] if suffers else ""


def changes(before: Examination, after: Examination, store_id: int) -> Iterator[CellChange]:
    """Cells that were asked both times and are answered otherwise now."""
    for method in after.methods:
        for agent in (*after.agents, after.neutral):
            old, new = before.cell(method, agent), after.cell(method, agent)
            if old is None or new is None or old.outcome is new.outcome:
                continue
            yield CellChange(
                store_id=store_id,
                at=after.at,
                method=method,
                agent=agent,
                before=old.outcome.value,
                after=new.outcome.value,
                status=new.call.status,
                by=new.call.by,
            )
