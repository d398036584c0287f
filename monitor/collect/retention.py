"""Forgetting: raw rows end after the retention, roll-ups and transitions stay."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

BATCH = 5_000
"""Rows per statement: short transactions that no reader waits for."""

# Waiting orders are kept however old: nobody may lose sight of one.
_OLD: dict[str, str] = {
    "monitor_order": "ordered_at < %(before)s",
    "monitor_arrival": (
        "arrived_at < %(before)s OR (arrived_at IS NULL AND NOT expected AND eligible_at < %(before)s)"
    ),
    "monitor_hubfailurelog": "at < %(before)s",
    "monitor_shipment": "changed_at < %(before)s AND COALESCE(due_at, changed_at) < %(before)s",
    "monitor_cellchange": "at < %(before)s",
    "monitor_eventhour": "hour < %(before)s",
    "monitor_edgechange": (
        "at < %(before)s AND EXISTS (SELECT 1 FROM monitor_edgechange newer"
        " WHERE newer.store_id = t.store_id AND newer.at > t.at)"
    ),
    "monitor_hubstate": (
        "at < %(before)s AND EXISTS (SELECT 1 FROM monitor_hubstate newer"
        " WHERE newer.integration_id = t.integration_id AND newer.at > t.at)"
    ),
}
_OLD_CALLS = "monitor_call", "at < %(before)s AND outcome = 'passed'", timedelta(days=2)
_FAILED_CALLS = "monitor_call", "at < %(before)s", timedelta(days=30)
_DELIVERIES = "monitor_delivery", "received_at < %(before)s", timedelta(days=30)
"""Ten times as long as any sender repeats a delivery: until then it is known that it came before."""


def delete_old(now: datetime) -> dict[str, int]:
    """Deletes rows older than the retention; returns how many, by table."""
    before = now - timedelta(days=settings.SYNCWATCH_RETENTION_DAYS)
    deleted = {table: _delete(table, condition, before) for table, condition in _OLD.items()}
    deleted["monitor_call"] = sum(
        _delete(table, condition, now - age) for table, condition, age in (_OLD_CALLS, _FAILED_CALLS)
    )
    deleted["monitor_delivery"] = _delete(*_DELIVERIES[:2], now - _DELIVERIES[2])
    return deleted


def _delete(table: str, condition: str, before: datetime) -> int:
    sql = (
        f"DELETE FROM {table} WHERE ctid IN "  # noqa: S608  # constants of this module
        f"(SELECT t.ctid FROM {table} t WHERE {condition} LIMIT {BATCH})"
    )
    total = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"before": before})
            deleted: int = cursor.rowcount
        total += deleted
        if deleted < BATCH:
            return total
