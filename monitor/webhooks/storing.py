"""One row per delivery, and the next reading of what it speaks of brought forward."""

from datetime import datetime
from functools import cache
from typing import Final

from integrations.registry import adapter_class
from integrations.webhooks import Verified
from monitor.collect.plan import REQUESTS_SHARE
from monitor.models.work import JobKind
from monitor.webhooks.connections import Session
from monitor.webhooks.sources import Source

SPACING_S: Final = 10
"""Seconds between two readings of one thing, however fast deliveries come."""
_SPACING = f"interval '{SPACING_S} seconds'"
# Parcels are read for each integration, by an account's one budget of requests: those that deliveries ask
# for must leave room for reading what arrives, which all of its integrations are judged by.
_SPACING_OF_PARCELS = f"""(
    SELECT GREATEST({SPACING_S}, {60.0 * REQUESTS_SHARE} * count(*) / min(a.requests_per_minute))
           * interval '1 second'
      FROM integrations_account a JOIN integrations_integration i ON i.account_id = a.id
     WHERE a.id = new.owner)"""  # noqa: S608  # constants only

_ORDERS = (JobKind.STORE_ORDERS,)
_SHIPPED = (JobKind.STORE_ORDERS, JobKind.STORE_TRACKING)
_SETTINGS = (JobKind.STORE_CHECK,)
_ACCOUNT = (JobKind.HUB_STATE, JobKind.HUB_ARRIVALS)
_PARCELS = (JobKind.HUB_SHIPMENTS,)

# Constants of this module stand in these statements, and no value that came from outside.
_INSERT = """
    INSERT INTO monitor_delivery ({owner}, key, topic, order_key, triggered_at, received_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT ON CONSTRAINT delivery_once DO NOTHING RETURNING {owner} AS owner, order_key, received_at"""

# A job that failed waits as long as the remote asked for. A job at work is due again as soon as it ends
# when its `due_at` lies after its start. A row that is being stored to is left alone rather than waited
# for: its next reading is not far.
_NUDGE = """
    WITH new AS ({insert}),
    pace AS MATERIALIZED (SELECT {spacing} AS spacing FROM new),
    job AS (
        SELECT j.id, GREATEST(new.received_at, j.last_started_at + spacing) AS due_at
          FROM new, pace, monitor_job j
         WHERE j.kind IN ({kinds}) AND {target} AND j.failures = 0
           AND CASE WHEN j.lease_until > new.received_at THEN j.due_at <= j.last_started_at
               ELSE j.due_at > GREATEST(new.received_at, j.last_started_at + spacing) END
           FOR UPDATE OF j SKIP LOCKED)
    UPDATE monitor_job SET due_at = job.due_at FROM job WHERE monitor_job.id = job.id
"""
_ITSELF = "j.target_id = new.owner"
# By the account's own jobs, each with one look into the index: a join would read all arrivals there are.
_OF_THE_ORDER = """j.account_id = new.owner AND EXISTS (
    SELECT FROM monitor_arrival a WHERE a.integration_id = j.target_id AND a.order_key = new.order_key
    OFFSET 0)"""
_AUDIT = """
    WITH new AS ({insert})
    INSERT INTO monitor_audit (at, actor, action, target, before, after)
    SELECT received_at, $7, 'privacy.request', $8, '{{}}', jsonb_build_object('topic', $3::text) FROM new
"""


def store(session: Session, source: Source, delivery: Verified, now: datetime) -> None:
    """Stores the delivery and brings readings forward, unless it was stored before. One statement.

    Raises psycopg.Error.
    """
    triggered_at = delivery.triggered_at
    row = (
        str(source.id).encode(),
        delivery.key.encode(),
        delivery.topic.encode(),
        delivery.order_key.encode(),
        triggered_at.isoformat().encode() if triggered_at else None,
        now.isoformat().encode(),
    )
    if delivery.is_privacy:
        actor, target = adapter_class(source.kind).label, f"store {source.name}"
        session.execute(_audited(), (*row, actor.encode(), target.encode()))
    elif source.is_store:
        session.execute(_nudging("store_id", _of_store(delivery.topic), _ITSELF), row)
    elif delivery.order_key:
        session.execute(_nudging("account_id", _PARCELS, _OF_THE_ORDER), row)
    else:
        session.execute(_nudging("account_id", _ACCOUNT, _ITSELF), row)


def _of_store(topic: str) -> tuple[JobKind, ...]:
    """Which work on a store learns more when this happened there."""
    if topic.startswith(("order.", "orders/")):
        return _SHIPPED if topic.endswith("fulfilled") else _ORDERS
    return _SHIPPED if topic.startswith("fulfillment") else _SETTINGS


@cache
def _nudging(owner: str, kinds: tuple[JobKind, ...], target: str) -> bytes:
    listed = ", ".join(f"'{kind.value}'" for kind in kinds)
    insert = _INSERT.format(owner=owner)
    spacing = _SPACING_OF_PARCELS if kinds == _PARCELS else _SPACING
    return _NUDGE.format(insert=insert, kinds=listed, target=target, spacing=spacing).encode()


@cache
def _audited() -> bytes:
    return _AUDIT.format(insert=_INSERT.format(owner="store_id")).encode()
