"""Storing what was read: set-based upserts that write only what is new or changed.

An order becomes an :class:`~monitor.models.Arrival` row per integration as soon as either side is
read: the store's side sets ``eligible_at``, the hub's side ``arrived_at``. A row that gets its
second side is *complete*: its latency goes into the roll-ups, exactly once, in the same
transaction. Each side has one writer at a time (see :mod:`monitor.collect.claim`), so whether a
row was complete before can be read from the side that is being written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from integrations.contracts import ArrivalRecord, OrderRecord
from monitor.collect import rollups
from monitor.collect.asking import importing_hubs
from monitor.collect.texts import fit


@dataclass(frozen=True, slots=True)
class Completed:
    """An order that is now known on both sides."""

    integration_id: int
    eligible_at: datetime
    arrived_at: datetime


_ORDERS = """
    WITH incoming AS (
        SELECT * FROM jsonb_to_recordset(%(records)s::jsonb) AS r(
            external_id text, number text, ordered_at timestamptz, eligible_at timestamptz,
            changed_at timestamptz, status text, expected boolean, unexpected_reason text)),
    changed AS (
        INSERT INTO monitor_order AS o (store_id, external_id, number, ordered_at, eligible_at, changed_at,
                                        status, expected, unexpected_reason, first_seen_at)
        SELECT %(store)s, external_id, number, ordered_at, eligible_at, changed_at,
               status, expected, unexpected_reason, %(now)s
          FROM incoming ORDER BY external_id
        ON CONFLICT (store_id, external_id) DO UPDATE SET
            number = excluded.number, changed_at = excluded.changed_at, status = excluded.status,
            expected = excluded.expected, unexpected_reason = excluded.unexpected_reason,
            -- An order that became importable later waits from that change on, not from its placing.
            eligible_at = CASE WHEN excluded.expected AND NOT o.expected
                               THEN GREATEST(o.eligible_at, excluded.eligible_at, excluded.changed_at)
                               ELSE GREATEST(o.eligible_at, excluded.eligible_at) END
        WHERE excluded.changed_at >= o.changed_at
          AND (o.number, o.changed_at, o.status, o.expected, o.unexpected_reason, o.eligible_at)
              IS DISTINCT FROM (excluded.number, excluded.changed_at, excluded.status, excluded.expected,
                                excluded.unexpected_reason, GREATEST(o.eligible_at, excluded.eligible_at))
        RETURNING external_id, number, eligible_at, expected),
    target AS (
        SELECT i.id AS integration_id, c.external_id AS order_key, c.number, c.eligible_at, c.expected
          FROM changed c CROSS JOIN integrations_integration i
          JOIN integrations_account a ON a.id = i.account_id
         WHERE i.store_id = %(store)s AND a.kind = ANY(%(hubs)s)),
    prior AS (
        SELECT a.integration_id, a.order_key, a.eligible_at
          FROM monitor_arrival a JOIN target USING (integration_id, order_key)
         ORDER BY a.integration_id, a.order_key FOR UPDATE OF a),
    written AS (
        INSERT INTO monitor_arrival AS a
               (integration_id, order_key, order_number, eligible_at, expected, hub_id)
        SELECT t.integration_id, t.order_key, t.number, t.eligible_at, t.expected, ''
          FROM target t LEFT JOIN prior USING (integration_id, order_key)
         ORDER BY t.integration_id, t.order_key
        ON CONFLICT (integration_id, order_key) DO UPDATE SET
            order_number = excluded.order_number, eligible_at = excluded.eligible_at,
            expected = excluded.expected
        WHERE (a.order_number, a.eligible_at, a.expected)
              IS DISTINCT FROM (excluded.order_number, excluded.eligible_at, excluded.expected)
        RETURNING a.integration_id, a.order_key, a.eligible_at, a.expected, a.arrived_at)
    SELECT w.integration_id, w.order_key, w.eligible_at, w.arrived_at, w.expected,
           w.arrived_at IS NOT NULL AND p.eligible_at IS NULL AS is_complete
      FROM written w LEFT JOIN prior p USING (integration_id, order_key)
"""

# The hub may know an order by its visible number only. Its row, made before the store was read,
# is folded into the store's row as soon as that exists.
_FOLD = """
    WITH folded AS (
        DELETE FROM monitor_arrival h USING monitor_arrival s
         WHERE s.integration_id = ANY(%(integrations)s) AND s.order_key = ANY(%(keys)s)
           AND s.arrived_at IS NULL
           AND h.integration_id = s.integration_id AND h.order_number = s.order_number
           AND h.eligible_at IS NULL AND h.order_key <> s.order_key
        RETURNING s.integration_id, s.order_key, h.arrived_at, h.hub_id)
    UPDATE monitor_arrival a SET arrived_at = f.arrived_at, hub_id = f.hub_id
      FROM folded f WHERE a.integration_id = f.integration_id AND a.order_key = f.order_key
    RETURNING a.integration_id, a.eligible_at, a.arrived_at
"""

_ARRIVALS = """
    WITH incoming AS (
        SELECT * FROM jsonb_to_recordset(%(records)s::jsonb) AS r(
            integration_id bigint, store_id bigint, hub_id text, order_id text, order_number text,
            arrived_at timestamptz)),
    target AS (
        SELECT DISTINCT ON (i.integration_id, order_key)
               i.integration_id, i.order_number, i.hub_id, i.arrived_at,
               COALESCE(
                   (SELECT o.external_id FROM monitor_order o
                     WHERE o.store_id = i.store_id AND o.external_id = i.order_id),
                   (SELECT o.external_id FROM monitor_order o
                     WHERE o.store_id = i.store_id AND o.number = i.order_number
                     ORDER BY o.ordered_at DESC LIMIT 1),
                   NULLIF(i.order_id, ''), left('#' || i.order_number, 80)) AS order_key
          FROM incoming i ORDER BY i.integration_id, order_key, i.arrived_at),
    prior AS (
        SELECT a.integration_id, a.order_key, a.arrived_at
          FROM monitor_arrival a JOIN target USING (integration_id, order_key)
         ORDER BY a.integration_id, a.order_key FOR UPDATE OF a),
    written AS (
        INSERT INTO monitor_arrival AS a
               (integration_id, order_key, order_number, expected, arrived_at, hub_id)
        SELECT t.integration_id, t.order_key, t.order_number, true, t.arrived_at, t.hub_id
          FROM target t LEFT JOIN prior USING (integration_id, order_key)
         ORDER BY t.integration_id, t.order_key
        ON CONFLICT (integration_id, order_key) DO UPDATE SET
            arrived_at = excluded.arrived_at, hub_id = excluded.hub_id
        WHERE a.arrived_at IS NULL
        RETURNING a.integration_id, a.order_key, a.eligible_at, a.arrived_at)
    SELECT w.integration_id, w.eligible_at, w.arrived_at,
           w.eligible_at IS NOT NULL AND p.arrived_at IS NULL AS is_complete
      FROM written w LEFT JOIN prior p USING (integration_id, order_key)
"""


def record_orders(
    store_id: int, platform: str, records: Sequence[OrderRecord], *, now: datetime
) -> list[int]:
    """Stores orders read from a store. Returns the integrations for which something changed."""
    rows = _run(
        _ORDERS,
        {"store": store_id, "now": now, "records": _orders_json(records), "hubs": importing_hubs()},
    )
    if not rows:
        return []
    completed = [Completed(row[0], row[2], row[3]) for row in rows if row[5]]
    keys, integrations = sorted({row[1] for row in rows}), sorted({row[0] for row in rows})
    folded = _run(_FOLD, {"integrations": integrations, "keys": keys})
    completed += [Completed(*row) for row in folded]
    newest: dict[int, datetime] = {}
    for integration, _, eligible, _, expected, _ in rows:
        if expected:
            # A date in the future, as people may enter it, must not hide the orders that come before it.
            known = min(eligible, now)
            newest[integration] = max(known, newest.get(integration, known))
    rollups.advance(newest_eligible=newest, completed=completed)
    rollups.add(platform, completed)
    return integrations


def record_arrivals(
    records: Sequence[ArrivalRecord], integrations: dict[str, tuple[int, int, str]]
) -> list[int]:
    """Stores arrivals read from a hub. Arrivals of integrations that are not watched are left out.

    ``integrations`` maps the hub's integration id to (integration, store, platform). Returns the
    integrations for which something changed.
    """
    known = [record for record in records if record.integration_id in integrations]
    if not known:
        return []
    rows = _run(_ARRIVALS, {"records": _arrivals_json(known, integrations)})
    if not rows:
        return []
    completed = [Completed(row[0], row[1], row[2]) for row in rows if row[3]]
    newest: dict[int, datetime] = {}
    for integration, _, arrived, _ in rows:
        newest[integration] = max(arrived, newest.get(integration, arrived))
    rollups.advance(newest_arrived=newest, completed=completed)
    platforms = {pk: platform for pk, _, platform in integrations.values()}
    for platform in sorted(set(platforms.values())):
        rollups.add(platform, [item for item in completed if platforms[item.integration_id] == platform])
    return sorted(newest)


def _orders_json(records: Sequence[OrderRecord]) -> bytes:
    # The same order twice in one page (it changed while being paged) would make the upsert fail.
    newest: dict[str, OrderRecord] = {}
    for record in records:
        held = newest.get(record.external_id)
        if held is None or record.changed_at >= held.changed_at:
            newest[record.external_id] = record
    return orjson.dumps(
        [
            {
                "external_id": fit(record.external_id, 80),
                "number": plain_number(record.number),
                "ordered_at": record.ordered_at,
                "eligible_at": record.eligible_at,
                "changed_at": record.changed_at,
                "status": fit(record.status, 40),
                "expected": record.expected,
                "unexpected_reason": fit(record.unexpected_reason, 80),
            }
            for record in newest.values()
        ]
    )


def _arrivals_json(records: Sequence[ArrivalRecord], integrations: dict[str, tuple[int, int, str]]) -> bytes:
    return orjson.dumps(
        [
            {
                "integration_id": integrations[record.integration_id][0],
                "store_id": integrations[record.integration_id][1],
                "hub_id": fit(record.hub_id, 80),
                "order_id": fit(record.order_id, 80),
                "order_number": plain_number(record.order_number),
                "arrived_at": record.arrived_at,
            }
            for record in records
        ]
    )


def plain_number(number: str) -> str:
    """A visible order number without the ``#`` that some systems show and others leave out."""
    return fit(number.strip().removeprefix("#"), 80)


def _run(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        if isinstance(parameters.get("records"), bytes):
            parameters = {**parameters, "records": parameters["records"].decode()}
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
