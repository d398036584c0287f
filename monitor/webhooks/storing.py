"""One row per delivery, and the next reading of what it speaks of brought forward."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from integrations.registry import adapter_class
from integrations.webhooks import Verified
from monitor.models.work import JobKind
from monitor.webhooks.connections import Cursor
from monitor.webhooks.sources import Source

SPACING_S: Final = 10
"""Seconds between two readings of one thing, however fast deliveries come."""

_INSERT = """
    INSERT INTO monitor_delivery (store_id, account_id, key, topic, order_key, triggered_at, received_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT ON CONSTRAINT delivery_once DO NOTHING"""

# A job that failed waits as long as the remote asked for. A job at work is due again as soon as it ends
# when its `due_at` lies after its start. A row that is being stored to is left alone rather than waited
# for: its next reading is not far.
_NUDGE = f"""
    WITH new AS ({_INSERT} RETURNING received_at),
    job AS (
        SELECT j.id, GREATEST(new.received_at, j.last_started_at + interval '{SPACING_S} seconds') AS due_at
          FROM new, monitor_job j
         WHERE j.kind = ANY(%s) AND {{target}} AND j.failures = 0
           AND CASE WHEN j.lease_until > new.received_at THEN j.due_at <= j.last_started_at
               ELSE j.due_at > GREATEST(new.received_at,
                                        j.last_started_at + interval '{SPACING_S} seconds') END
           FOR UPDATE OF j SKIP LOCKED)
    UPDATE monitor_job SET due_at = job.due_at FROM job WHERE monitor_job.id = job.id
"""  # noqa: S608  # constants of this module
_NUDGE_TARGET = _NUDGE.format(target="j.target_id = %s")
_NUDGE_PARCELS = _NUDGE.format(
    target="""j.target_id IN (
        SELECT a.integration_id
          FROM integrations_integration i JOIN monitor_arrival a ON a.integration_id = i.id
         WHERE i.account_id = %s AND a.order_key = %s)"""
)
_INSERT_AUDITED = f"""
    WITH new AS ({_INSERT} RETURNING received_at)
    INSERT INTO monitor_audit (at, actor, action, target, before, after)
    SELECT received_at, %s, 'privacy.request', %s, '{{}}', jsonb_build_object('topic', %s::text) FROM new
"""  # noqa: S608  # constants of this module

_ORDERS = [JobKind.STORE_ORDERS.value]
_SHIPPED = [JobKind.STORE_ORDERS.value, JobKind.STORE_TRACKING.value]
_SETTINGS = [JobKind.STORE_CHECK.value]
_ACCOUNT = [JobKind.HUB_STATE.value, JobKind.HUB_ARRIVALS.value]
_PARCELS = [JobKind.HUB_SHIPMENTS.value]


def store(cursor: Cursor, source: Source, delivery: Verified, now: datetime) -> None:
    """Stores the delivery and brings readings forward, unless it was stored before. One statement."""
    row = (
        source.id if source.is_store else None,
        None if source.is_store else source.id,
        delivery.key,
        delivery.topic,
        delivery.order_key,
        delivery.triggered_at,
        now,
    )
    if delivery.is_privacy:
        what = (adapter_class(source.kind).label, f"store {source.name}", delivery.topic)
        cursor.execute(_INSERT_AUDITED, (*row, *what))
    elif source.is_store:
        cursor.execute(_NUDGE_TARGET, (*row, _of_store(delivery.topic), source.id))
    elif delivery.order_key:
        cursor.execute(_NUDGE_PARCELS, (*row, _PARCELS, source.id, delivery.order_key))
    else:
        cursor.execute(_NUDGE_TARGET, (*row, _ACCOUNT, source.id))


def _of_store(topic: str) -> Sequence[str]:
    """Which work on a store learns more when this happened there."""
    if topic.startswith(("order.", "orders/")):
        return _SHIPPED if topic.endswith("fulfilled") else _ORDERS
    return _SHIPPED if topic.startswith("fulfillment") else _SETTINGS
