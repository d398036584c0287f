"""Turns an answer or its absence into a record that may be kept."""

from collections.abc import Sequence
from datetime import datetime

from integrations.access.classify import Classification
from integrations.answer import Answer
from integrations.contracts import CallRecord, Outcome
from integrations.redaction import excerpt, redact_text, redact_url

LONGEST_DETAIL = 300


def call_of_answer(
    answer: Answer, found: Classification, secrets: Sequence[str] = (), *, quotes: bool = True
) -> CallRecord:
    """The redacted record of one answer. Bodies of successes are never quoted: they hold people's data."""
    quoted = ""
    may_quote = answer.status >= 400 or not answer.looks_like_json
    if quotes and may_quote and found.outcome is not Outcome.PASSED:
        quoted = excerpt(answer.text(), secrets)
    return CallRecord(
        at=answer.at,
        method=answer.method,
        url=redact_url(answer.url, secrets)[:500],
        user_agent=answer.user_agent[:200],
        status=answer.status,
        outcome=found.outcome,
        by=found.by[:60],
        detail=redact_text(found.detail, secrets)[:LONGEST_DETAIL],
        excerpt=quoted,
        timings=answer.timings,
        tls_expires_at=answer.tls_expires_at,
    )


def call_without_answer(
    method: str, url: str, *, user_agent: str, at: datetime, detail: str, secrets: Sequence[str] = ()
) -> CallRecord:
    """The redacted record of a request that nothing usable came back for."""
    return CallRecord(
        at=at,
        method=method,
        url=redact_url(url, secrets)[:500],
        user_agent=user_agent[:200],
        status=None,
        outcome=Outcome.NO_ANSWER,
        detail=redact_text(detail, secrets)[:LONGEST_DETAIL],
    )
