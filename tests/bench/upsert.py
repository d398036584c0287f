"""The least that could store orders: one guarded upsert per batch into a table of the same shape."""

import orjson
from django.db import connection

from monitor.models import Order

COLUMNS = (
    "store_id",
    "external_id",
    "number",
    "ordered_at",
    "eligible_at",
    "changed_at",
    "status",
    "expected",
    "unexpected_reason",
    "first_seen_at",
)
_TYPES = {"store_id": "bigint", "expected": "boolean"}
_SQL = f"""
    INSERT INTO bench_order AS o ({", ".join(COLUMNS)})
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(
        {", ".join(f"{c} {_TYPES.get(c, 'timestamptz' if c.endswith('_at') else 'text')}" for c in COLUMNS)})
    ON CONFLICT (store_id, external_id) DO UPDATE SET
        number = excluded.number, changed_at = excluded.changed_at, status = excluded.status
    WHERE (o.number, o.changed_at, o.status)
          IS DISTINCT FROM (excluded.number, excluded.changed_at, excluded.status)
"""


class Upsert:
    """The rows that are in the product's table, ready to be stored once more elsewhere."""

    def __init__(self) -> None:
        self.rows = list(Order.objects.order_by("store_id", "changed_at").values(*COLUMNS))
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE bench_order (LIKE monitor_order INCLUDING ALL)")

    def run(self, size: int) -> None:
        """Stores all rows anew, ``size`` per transaction."""
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE bench_order")
            for start in range(0, len(self.rows), size):
                cursor.execute(_SQL, [orjson.dumps(self.rows[start : start + size]).decode()])
