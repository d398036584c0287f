"""Storing a hub's parcels, and whether their tracking numbers were found in the store's orders."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection
from django.db.models import Q, QuerySet

from integrations.contracts import ShipmentRecord, StoreTracking, Watermark
from monitor.collect.record import plain_number
from monitor.collect.texts import fit
from monitor.collect.waiting import JUDGING_WINDOW
from monitor.health.tracking import NO_FEEDBACK
from monitor.models import HubState, Progress, Shipment
from monitor.models.work import JobKind

HISTORY = timedelta(days=2)
"""How far back parcels are read at first: nothing is learned from them, and each is looked for."""
ON_SCAN = "delayed"
"""How a hub says that it writes the number when the carrier first has the parcel."""
AT_ONCE = 1_000
"""So many parcels are looked for in one run; the rest in the next."""
SELDOM = timedelta(hours=6)
"""The longest pause between two looks for a number. It grows with the time that the number is missing: some
shops are asked twice for each order, and where no number arrives, there are thousands."""

_SHIPMENTS = """
    WITH incoming AS (
        SELECT * FROM jsonb_to_recordset(%(records)s::jsonb) AS r(
            hub_id text, number text, carrier text, url text, order_id text, order_number text, status text,
            problem text, announced_at timestamptz, due_at timestamptz, changed_at timestamptz)),
    target AS (
        SELECT i.*, COALESCE(
                   (SELECT o.external_id FROM monitor_order o
                     WHERE o.store_id = %(store)s AND o.external_id = NULLIF(i.order_id, '')),
                   (SELECT o.external_id FROM monitor_order o
                     WHERE o.store_id = %(store)s AND o.number = NULLIF(i.order_number, '')
                     ORDER BY o.ordered_at DESC LIMIT 1), '') AS order_key
          FROM incoming i ORDER BY i.hub_id)
    INSERT INTO monitor_shipment AS s (integration_id, hub_id, number, carrier, url, order_key, order_number,
                                       status, problem, announced_at, due_at, changed_at, missing_reason)
    SELECT %(integration)s, hub_id, number, carrier, url, order_key, order_number, status, problem,
           announced_at, due_at, changed_at, ''
      FROM target
    ON CONFLICT (integration_id, hub_id) DO UPDATE SET
        -- Another number is another thing to look for.
        reached_at = CASE WHEN s.number = excluded.number THEN s.reached_at END,
        looked_at = CASE WHEN s.number = excluded.number THEN s.looked_at END,
        missing_reason = CASE WHEN s.number = excluded.number THEN s.missing_reason ELSE '' END,
        number = excluded.number, carrier = excluded.carrier, url = excluded.url,
        order_key = COALESCE(NULLIF(excluded.order_key, ''), s.order_key),
        order_number = excluded.order_number, status = excluded.status, problem = excluded.problem,
        announced_at = excluded.announced_at, due_at = excluded.due_at, changed_at = excluded.changed_at
    WHERE excluded.changed_at >= s.changed_at
      AND (s.number, s.carrier, s.url, s.status, s.problem, s.announced_at, s.due_at, s.order_key)
          IS DISTINCT FROM (excluded.number, excluded.carrier, excluded.url, excluded.status,
                            excluded.problem, excluded.announced_at, excluded.due_at,
                            COALESCE(NULLIF(excluded.order_key, ''), s.order_key))
"""
_FIND_ORDERS = """
    UPDATE monitor_shipment s SET order_key = o.external_id
      FROM monitor_order o, integrations_integration i
     WHERE i.id = s.integration_id AND i.store_id = %(store)s AND o.store_id = %(store)s
       AND s.order_key = '' AND s.reached_at IS NULL AND s.due_at IS NOT NULL
       AND s.due_at >= %(oldest)s AND o.number = NULLIF(s.order_number, '')
"""
_SOUGHT = """
    SELECT s.id, s.integration_id, s.order_key, s.number, s.due_at, s.looked_at IS NULL
      FROM monitor_shipment s JOIN integrations_integration i ON i.id = s.integration_id
     WHERE i.store_id = %(store)s AND NOT i.is_paused
       AND s.reached_at IS NULL AND s.due_at >= %(oldest)s AND s.due_at <= %(now)s
       AND s.number <> '' AND s.order_key <> ''
       AND (s.looked_at IS NULL
            OR s.looked_at + LEAST((s.looked_at - s.due_at) / 6, %(seldom)s::interval) <= %(now)s)
     ORDER BY s.looked_at NULLS FIRST, s.due_at LIMIT %(most)s
"""


def feedback_of(integration_id: int) -> str:
    """When the hub writes numbers to the store, as it last said; empty: unknown."""
    newest = HubState.objects.filter(integration_id=integration_id).order_by("-at", "-id").first()
    return newest.feedback if newest else ""


_READ_ANEW = """
    UPDATE monitor_job SET due_at = %(now)s, lease_until = NULL, lease_token = NULL,
           cursor = CASE WHEN (cursor->>'at')::timestamptz > %(since)s THEN %(cursor)s::jsonb ELSE cursor END
     WHERE kind = %(kind)s AND target_id = ANY(%(ids)s)
"""


def feedback_changed(feedback: Mapping[int, str], now: datetime) -> None:
    """Lets the parcels of integrations be read once more because their numbers are due at other times than
    was believed; what is not expected any more is not looked for any longer.

    ``feedback``: by integration, as the hub says now. A reading that is under way loses its lease: it
    goes by what was believed before.
    """
    silent = [pk for pk, when in feedback.items() if when == NO_FEEDBACK]
    Shipment.objects.filter(integration__in=silent, reached_at=None, due_at__isnull=False).update(due_at=None)
    since = now - HISTORY
    with connection.cursor() as cursor:
        cursor.execute(
            _READ_ANEW,
            {
                "now": now,
                "since": since,
                "cursor": orjson.dumps(Watermark(since).to_json()).decode(),
                "kind": JobKind.HUB_SHIPMENTS,
                "ids": list(feedback),
            },
        )


def record_shipments(
    integration_id: int, store_id: int, records: Sequence[ShipmentRecord], *, feedback: str
) -> None:
    """Stores parcels read from a hub; writes only what is new or changed."""
    newest: dict[str, ShipmentRecord] = {}
    for record in records:
        held = newest.get(record.hub_id)
        if held is None or record.changed_at >= held.changed_at:
            newest[record.hub_id] = record
    if not newest:
        return
    rows = orjson.dumps([_row(record, feedback) for record in newest.values()]).decode()
    with connection.cursor() as cursor:
        cursor.execute(_SHIPMENTS, {"records": rows, "integration": integration_id, "store": store_id})


def _row(record: ShipmentRecord, feedback: str) -> dict[str, Any]:
    return {
        "hub_id": fit(record.hub_id, 80),
        "number": fit(record.tracking_number.strip(), 80),
        "carrier": fit(record.carrier, 60),
        "url": fit(record.tracking_url, 300),
        "order_id": fit(record.order_id, 80),
        "order_number": plain_number(record.order_number),
        "status": fit(record.status, 60),
        "problem": fit(record.problem, 300),
        "announced_at": record.announced_at,
        "due_at": due_at(record, feedback),
        "changed_at": record.changed_at,
    }


def is_due_otherwise(before: str, after: str) -> bool:
    """Whether numbers are due at another time because a hub's feedback is set differently."""
    return before != after and not {before, after}.isdisjoint((NO_FEEDBACK, ON_SCAN))


def due_at(record: ShipmentRecord, feedback: str) -> datetime | None:
    """From when on the store should have the number; None: it is not expected (yet)."""
    if record.is_void or not record.tracking_number.strip() or feedback == NO_FEEDBACK:
        return None
    return record.scanned_at if feedback == ON_SCAN else record.announced_at


@dataclass(frozen=True, slots=True)
class Sought:
    """A parcel whose number is looked for in a store."""

    id: int
    integration_id: int
    order_key: str
    number: str
    due_at: datetime
    is_new: bool = False
    """Nobody has looked for it yet."""


def sought(store_id: int, now: datetime) -> list[Sought]:
    """The parcels to look for now: young ones every time, older ones more and more rarely.

    Those nobody looked for come first, then those it is longest ago for: in a shop where many numbers are
    missing, looking for the old ones again must not keep new ones from being found.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FIND_ORDERS, {"store": store_id, "oldest": now - JUDGING_WINDOW})
        cursor.execute(
            _SOUGHT,
            {
                "store": store_id,
                "now": now,
                "oldest": now - JUDGING_WINDOW,
                "seldom": f"{SELDOM.total_seconds()} seconds",
                "most": AT_ONCE,
            },
        )
        return [Sought(*row) for row in cursor.fetchall()]


def missing(now: datetime) -> QuerySet[Shipment]:
    """Parcels whose number is due in the store and was not found there yet."""
    return Shipment.objects.filter(reached_at=None, due_at__gte=now - JUDGING_WINDOW).exclude(number="")


def record_looks(looked: Sequence[Sought], found: Iterable[StoreTracking], now: datetime) -> None:
    """Stores what the store's orders said of the parcels that were looked for."""
    orders = {tracking.order_id: tracking for tracking in found}
    reached, closed, lacking = [], [], dict[str, list[int]]()
    for parcel in looked:
        order = orders.get(parcel.order_key)
        if order is not None and _plain(parcel.number) in map(_plain, order.numbers):
            reached.append(parcel)
        elif order is not None and order.is_closed:
            closed.append(parcel.id)
        else:
            lacking.setdefault(_reason(order), []).append(parcel.id)
    ids = [parcel.id for parcel in reached]
    Shipment.objects.filter(id__in=ids).update(reached_at=now, looked_at=now, missing_reason="")
    Shipment.objects.filter(id__in=closed).update(due_at=None, looked_at=now)
    for reason, shipments in lacking.items():
        Shipment.objects.filter(id__in=shipments).update(looked_at=now, missing_reason=reason)
    _advance(reached)


def _advance(reached: Sequence[Sought]) -> None:
    newest: dict[int, datetime] = {}
    for parcel in reached:
        newest[parcel.integration_id] = max(parcel.due_at, newest.get(parcel.integration_id, parcel.due_at))
    for integration, moment in newest.items():
        Progress.objects.filter(
            Q(newest_tracked_due_at=None) | Q(newest_tracked_due_at__lt=moment), integration_id=integration
        ).update(newest_tracked_due_at=moment)


def _plain(number: str) -> str:
    """Carriers print numbers in groups, and shops keep them as people typed them."""
    return "".join(number.split()).casefold()


def _reason(order: StoreTracking | None) -> str:
    if order is None:
        return "no_order"
    if order.numbers:
        return "other_number"
    return "not_shipped" if order.is_shipped is False else "no_number"
