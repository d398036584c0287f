"""What pages cost: a fleet and its orders, written straight into the tables."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from integrations.models import Account, Integration, Store
from monitor.history.groups import sum_up

PLATFORMS = ("shopify", "woocommerce", "magento", "prestashop")
BATCH = 500_000

_FLEET = """
    CREATE TABLE fleet AS
    SELECT i.id, i.account_id, i.store_id, s.platform, i.external_id::int AS n,
           (CASE WHEN i.external_id::int %% 33 = 1 THEN 'fail' WHEN i.external_id::int %% 97 = 2 THEN 'warn'
                 WHEN i.external_id::int %% 101 = 3 THEN 'unknown' ELSE 'ok' END) AS state
      FROM integrations_integration i JOIN integrations_store s ON s.id = i.store_id;
    INSERT INTO monitor_verdict (integration_id, state, cause, rule, evidence, since, judged_at,
                                 waiting_count, oldest_waiting_at)
    SELECT id, state, CASE state WHEN 'ok' THEN '' ELSE 'imports' END,
           CASE state WHEN 'fail' THEN 'stalled' WHEN 'warn' THEN 'late' WHEN 'ok' THEN 'nothing_waiting'
                      ELSE 'hub_unreadable' END,
           CASE WHEN state IN ('fail', 'warn') THEN %(evidence)s::jsonb ELSE '{}' END,
           now() - interval '3 hours', now() - interval '5 seconds',
           CASE WHEN state = 'fail' THEN n %% 50 ELSE 0 END,
           CASE WHEN state = 'fail' THEN now() - interval '3 hours' END
      FROM fleet;
    INSERT INTO monitor_progress (integration_id, newest_arrived_at, newest_eligible_at, learned_tolerance_s,
                                  negative_latencies)
    SELECT id, now() - interval '1 minute', now() - interval '2 minutes', 1800, 0 FROM fleet;
    INSERT INTO monitor_condition (integration_id, kind, state, rule, evidence, since, observed_at,
                                   candidate_state, candidate_count)
    SELECT f.id, k, CASE WHEN k = 'imports' THEN f.state ELSE 'ok' END, 'passes', '{}',
           now() - interval '3 hours', now(), '', 0
      FROM fleet f, unnest(ARRAY['access','credentials','webhooks','throttle','imports','tracking']) k;
    INSERT INTO monitor_transition (integration_id, kind, at, old_state, new_state, old_rule, new_rule,
                                    evidence, rules_version)
    SELECT f.id, 'verdict',
           now() - k * interval '4 days' - f.n %% 900 * interval '1 minute' + half * interval '1 hour',
           CASE half WHEN 0 THEN 'ok' ELSE 'fail' END, CASE half WHEN 0 THEN 'fail' ELSE 'ok' END,
           '', CASE half WHEN 0 THEN 'stalled' ELSE '' END, '{}', 1
      FROM fleet f, generate_series(1, 20) k, generate_series(0, 1) half WHERE f.n %% 5 = 0;
    INSERT INTO monitor_transition (integration_id, kind, at, old_state, new_state, old_rule, new_rule,
                                    evidence, rules_version)
    SELECT id, 'verdict', now() - interval '3 hours', 'ok', state, '', 'stalled', '{}', 1
      FROM fleet WHERE state <> 'ok';
    INSERT INTO monitor_incident (scope, cause, rule, state, evidence, opened_at, started_at, closed_at,
                                  peak_waiting)
    SELECT 'integration:' || id, 'imports', 'stalled', 'fail', '{}',
           now() - k * interval '9 days' - interval '3 hours',
           now() - k * interval '9 days' - interval '3 hours',
           CASE k WHEN 0 THEN NULL ELSE now() - k * interval '9 days' END, 9
      FROM fleet, generate_series(0, 9) k WHERE state = 'fail' AND n %% 2 = 0;
    INSERT INTO monitor_member (incident_id, integration_id, joined_at, left_at)
    SELECT id, split_part(scope, ':', 2)::bigint, opened_at, closed_at FROM monitor_incident;
    INSERT INTO monitor_latencyhour (integration_id, hour, n, buckets, counts)
    SELECT f.id, date_trunc('hour', now()) - h * interval '1 hour', 12, ARRAY[200,210,220,240], ARRAY[4,4,3,1]
      FROM fleet f, generate_series(0, 24 * 8) h;
    INSERT INTO monitor_latencyday (integration_id, day, n, buckets, counts)
    SELECT f.id, current_date - d, 90, ARRAY[200,205,210,215,220,225,240,260], ARRAY[20,20,20,10,10,5,4,1]
      FROM fleet f, generate_series(0, 90) d;
    INSERT INTO monitor_latencyfleethour (platform, account_id, hour, n, buckets, counts)
    SELECT p.platform, p.account_id, date_trunc('hour', now()) - h * interval '1 hour', 60,
           (SELECT array_agg(b) FROM generate_series(180, 239) b),
           (SELECT array_agg(1) FROM generate_series(180, 239))
      FROM (SELECT DISTINCT platform, account_id FROM fleet) p, generate_series(0, 24 * 90) h;
    INSERT INTO monitor_latencyfleetday (platform, account_id, day, n, buckets, counts)
    SELECT p.platform, p.account_id, current_date - d, 1440,
           (SELECT array_agg(b) FROM generate_series(180, 239) b),
           (SELECT array_agg(24) FROM generate_series(180, 239))
      FROM (SELECT DISTINCT platform, account_id FROM fleet) p, generate_series(0, 90) d;
    INSERT INTO monitor_stateday (integration_id, day, ok_s, warn_s, fail_s, unknown_s, maintenance_s,
                                  paused_s, orders, on_time, tolerance_s)
    SELECT id, current_date - d, 82800 - n %% 7 * 600, n %% 7 * 600, 3600, 0, 0, 0, 90, 88, 1800
      FROM fleet, generate_series(1, 120) d;
"""
_ORDERS = """
    INSERT INTO monitor_order (store_id, external_id, number, ordered_at, eligible_at, changed_at, status,
                               expected, unexpected_reason, first_seen_at)
    SELECT f.store_id, k::text, k::text, at, at, at, 'processing', true, '', at
      FROM (SELECT k, now() - (k %% 129600) * interval '1 minute' AS at
              FROM generate_series({first}, {last}) k) o
      JOIN fleet f ON f.n = 1 + o.k %% {n};
    INSERT INTO monitor_arrival (integration_id, order_key, order_number, eligible_at, expected, arrived_at,
                                 hub_id)
    SELECT f.id, k::text, k::text, at, true,
           CASE WHEN f.state = 'fail' AND at > now() - interval '3 hours' THEN NULL
                ELSE at + interval '2 minutes' END, ''
      FROM (SELECT k, now() - (k %% 129600) * interval '1 minute' AS at
              FROM generate_series({first}, {last}) k) o
      JOIN fleet f ON f.n = 1 + o.k %% {n};
"""
_EVIDENCE = (
    '{"hub": "sendcloud", "waiting_count": 9, "late_count": 9,'
    ' "oldest_waiting_at": "2026-11-22T10:00:00+00:00",'
    ' "last_fetched_at": "2026-11-22T10:00:00+00:00", "newest_arrived_at": "2026-11-22T10:00:00+00:00",'
    ' "rhythm_s": 900, "tolerance_s": 1800, "tolerance_source": "learned"}'
)


def fill(integrations: int) -> None:
    """The fleet, its verdicts and its roll-ups."""
    keys = {"public_key": "p", "secret_key": "s"}
    accounts = [
        Account.objects.create(
            name=f"hub-{k}",
            kind="sendcloud",
            title=f"Hub {k}",
            url=f"https://hub-{k}.example",
            credentials=keys,
        )
        for k in range(4)
    ]
    stores = Store.objects.bulk_create(
        Store(
            name=f"shop-{k}",
            platform=PLATFORMS[k % 4],
            title=f"Shop {k}",
            url=f"https://shop-{k}.example",
            time_zone="Europe/Paris",
            credentials=keys,
            tags=[f"tag-{k % 10}"],
        )
        for k in range(1, integrations + 1)
    )
    Integration.objects.bulk_create(
        Integration(name=f"i-{k}", account=accounts[k % 4], store=store, external_id=str(k))
        for k, store in enumerate(stores, start=1)
    )
    Integration.objects.update(created_at=timezone.now() - timedelta(days=120))
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute(_FLEET, {"evidence": _EVIDENCE})
    while sum_up():
        pass


def add_orders(integrations: int, first: int, last: int) -> None:
    """Orders of the last 90 days with their arrivals, spread over all integrations."""
    with _bare("monitor_order"), _bare("monitor_arrival"):
        for begin in range(first, last + 1, BATCH):
            end = min(begin + BATCH - 1, last)
            with connection.cursor() as cursor:
                cursor.execute(_ORDERS.format(first=begin, last=end, n=integrations), {})
            print(f"  {end:,} orders stored", file=sys.stderr, flush=True)


@contextmanager
def _bare(table: str) -> Iterator[None]:
    """The table without its keys and indexes, which are built anew at the end: a tenth of the time."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %s::regclass AND contype IN ('u', 'f')",
            [table],
        )
        constraints = cursor.fetchall()
        for name, _definition in constraints:
            cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
        cursor.execute(
            "SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i"
            " WHERE i.indrelid = %s::regclass AND NOT i.indisprimary",
            [table],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
    yield
    with connection.cursor() as cursor:
        for _name, definition in indexes:
            cursor.execute(definition)
        for name, definition in constraints:
            cursor.execute(f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
    print(f"  {table}: indexes built", file=sys.stderr, flush=True)


def analyze() -> None:
    """What the database does by itself within minutes of a large change."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
