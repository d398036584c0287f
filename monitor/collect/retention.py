"""Forgetting: each kind of row has its own age. What is worked out from raw rows outlives them.

Figures of days (states, orders in time, latencies) are kept for years, what was told and changed for as long
as people look back, hours and raw rows for months. See docs/history.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.db import connection
from django.db.models import Model, Q, QuerySet

from monitor.models import Incident, Notice

BATCH = 5_000
"""Rows per statement: short transactions that no reader waits for."""
LINKED_BATCH = 200
"""Incidents per transaction: each takes its notices, members and remarks along."""
SAMPLES = timedelta(days=2)
"""How long samples of good calls are kept."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one table that nobody needs any more. ``condition`` is SQL about the table as ``t``."""

    table: str
    condition: str
    setting: str = ""
    """The age, as the name of a setting in days. Empty: :data:`SAMPLES`."""

    @property
    def age(self) -> timedelta:
        return timedelta(days=getattr(settings, self.setting)) if self.setting else SAMPLES


_RAW, _CALLS, _HOURS = "SYNCWATCH_RETENTION_DAYS", "SYNCWATCH_KEEP_CALLS_DAYS", "SYNCWATCH_KEEP_HOURS_DAYS"
_TOLD, _FIGURES = "SYNCWATCH_KEEP_INCIDENTS_DAYS", "SYNCWATCH_KEEP_FIGURES_DAYS"
# Each condition alone can be answered by an index; an OR of two could not. Waiting orders are kept however
# old: nobody may lose sight of one.
RULES = (
    Rule("monitor_order", "t.ordered_at < %(before)s", _RAW),
    Rule("monitor_arrival", "t.arrived_at < %(before)s", _RAW),
    Rule("monitor_arrival", "t.arrived_at IS NULL AND NOT t.expected AND t.eligible_at < %(before)s", _RAW),
    Rule("monitor_hubfailurelog", "t.at < %(before)s", _RAW),
    Rule(
        "monitor_shipment",
        "t.changed_at < %(before)s AND COALESCE(t.due_at, t.changed_at) < %(before)s",
        _RAW,
    ),
    Rule("monitor_cellchange", "t.at < %(before)s", _RAW),
    Rule("monitor_eventhour", "t.hour < %(before)s", _RAW),
    Rule(
        "monitor_edgechange",
        "t.at < %(before)s AND EXISTS (SELECT 1 FROM monitor_edgechange newer"
        " WHERE newer.store_id = t.store_id AND newer.at > t.at)",
        _RAW,
    ),
    Rule(
        "monitor_hubstate",
        "t.at < %(before)s AND EXISTS (SELECT 1 FROM monitor_hubstate newer"
        " WHERE newer.integration_id = t.integration_id AND newer.at > t.at)",
        _RAW,
    ),
    Rule("monitor_call", "t.at < %(before)s AND t.outcome = 'passed'"),
    Rule("monitor_call", "t.at < %(before)s", _CALLS),
    Rule("monitor_delivery", "t.received_at < %(before)s", "SYNCWATCH_KEEP_DELIVERIES_DAYS"),
    Rule("monitor_latencyhour", "t.hour < %(before)s", _HOURS),
    Rule("monitor_transition", "t.at < %(before)s", _TOLD),
    Rule("monitor_unwatched", "t.end_at < %(before)s", _TOLD),
    Rule("monitor_latencyfleethour", "t.hour < %(before)s", _FIGURES),
    Rule("monitor_latencyfleetday", "t.day < %(before)s", _FIGURES),
    Rule("monitor_latencyday", "t.day < %(before)s", _FIGURES),
    Rule("monitor_latencygroupday", "t.day < %(before)s", _FIGURES),
    Rule("monitor_stateday", "t.day < %(before)s", _FIGURES),
)


def delete_old(now: datetime) -> dict[str, int]:
    """Deletes what is older than its age; returns how many rows, by table."""
    deleted: dict[str, int] = {}
    for rule in RULES:
        deleted[rule.table] = deleted.get(rule.table, 0) + _delete(rule, now - rule.age)
    before = now - timedelta(days=settings.SYNCWATCH_KEEP_INCIDENTS_DAYS)
    deleted["monitor_incident"] = _delete_linked(Incident.objects.filter(closed_at__lt=before))
    settled = Q(sent_at__isnull=False) | Q(failed_at__isnull=False)
    deleted["monitor_notice"] = _delete_linked(
        Notice.objects.filter(settled, incident=None, created_at__lt=before)
    )
    return deleted


def statement(rule: Rule) -> str:
    """Deletes one batch."""
    return (
        f"DELETE FROM {rule.table} WHERE ctid IN "  # noqa: S608  # constants of this module
        f"(SELECT t.ctid FROM {rule.table} t WHERE {rule.condition} LIMIT {BATCH})"
    )


def _delete(rule: Rule, before: datetime) -> int:
    return sum(_batches(statement(rule), {"before": before}))


def _batches(sql: str, values: dict[str, Any]) -> Iterator[int]:
    deleted = BATCH
    while deleted == BATCH:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            deleted = cursor.rowcount
        yield deleted


def _delete_linked(rows: QuerySet[Any]) -> int:
    """Rows with others that hang on them, which Django deletes with them."""
    total = 0
    while ids := list(rows.order_by("pk").values_list("pk", flat=True)[:LINKED_BATCH]):
        cast(QuerySet[Model], rows.model._default_manager.filter(pk__in=ids)).delete()
        total += len(ids)
    return total
