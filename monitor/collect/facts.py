"""Loading everything that judging needs, for many integrations at once: a handful of queries
whatever their number, each touching what waits or is newest, never the history."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.conf import settings
from django.db import connection

from integrations.contracts import CallRecord, ConditionKind, HubFailure, Outcome, PhaseTimings
from integrations.http import USER_AGENT as NEUTRAL_AGENT
from integrations.registry import user_agents
from monitor.collect import event_facts, tracking_facts, uplink
from monitor.collect.asking import questions
from monitor.collect.block_facts import blocks_of
from monitor.collect.check_facts import checks_of
from monitor.collect.waiting import JUDGING_WINDOW
from monitor.health import learning
from monitor.health.events import EventWindow
from monitor.health.records import BlockFact, CheckFact, Facts, Reading, SilenceProfile
from monitor.models import Call, Job
from monitor.models.work import JobKind

PROBE_WINDOW = timedelta(hours=2)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
PROFILE_WEEKS = 4
READINGS = 3
"""After so many missed readings what is known is too old to judge by."""

_INTEGRATIONS = """
    SELECT i.id, i.store_id, i.account_id, s.platform, a.kind, i.tolerance_s, p.learned_tolerance_s,
           p.learned_rhythm_s, p.newest_eligible_at, p.newest_arrived_at, p.newest_arrived_eligible_at,
           h.failing_since, h.last_fetched_at, h.is_listed, h.system, a.settings,
           (SELECT e.last_fetched_at FROM monitor_hubstate e
             WHERE e.integration_id = i.id AND e.last_fetched_at < h.last_fetched_at
             ORDER BY e.at DESC LIMIT 1),
           (SELECT r.asked_at FROM monitor_refresh r WHERE r.integration_id = i.id AND r.asked_at IS NOT NULL
             ORDER BY r.requested_at DESC LIMIT 1),
           i.tracking_tolerance_s, p.newest_tracked_due_at, h.feedback, e.id, p.learned_event_ratio
      FROM integrations_integration i
      JOIN integrations_store s ON s.id = i.store_id
      JOIN integrations_account a ON a.id = i.account_id
      JOIN monitor_progress p ON p.integration_id = i.id
      LEFT JOIN integrations_account e ON e.id = s.edge_id AND e.is_active
      LEFT JOIN LATERAL (SELECT * FROM monitor_hubstate h WHERE h.integration_id = i.id
                          ORDER BY h.at DESC, h.id DESC LIMIT 1) h ON true
     WHERE i.id = ANY(%s) ORDER BY i.id
"""
_WAITING = """
    SELECT w.id, count(*), count(*) FILTER (WHERE a.eligible_at < %(now)s - w.tolerance), min(a.eligible_at),
           count(*) FILTER (WHERE w.newest IS NULL OR a.eligible_at > w.newest),
           min(a.eligible_at) FILTER (WHERE w.newest IS NULL OR a.eligible_at > w.newest)
      FROM unnest(%(ids)s::bigint[], %(tolerances)s::interval[], %(newest)s::timestamptz[])
           AS w(id, tolerance, newest)
      JOIN monitor_arrival a ON a.integration_id = w.id
     WHERE a.arrived_at IS NULL AND a.expected AND a.eligible_at <= %(now)s
       AND (a.eligible_at >= %(oldest)s OR w.newest IS NULL OR a.eligible_at > w.newest)
     GROUP BY w.id
"""
_FAILURES = """
    SELECT f.integration_id, f.external_id, f.at, f.method, f.path, f.status, f.exception_type,
           f.outcome, f.by, f.detail
      FROM unnest(%(ids)s::bigint[], %(since)s::timestamptz[]) AS w(id, since)
      JOIN LATERAL (SELECT * FROM monitor_hubfailurelog f
                     WHERE f.integration_id = w.id AND f.at > w.since ORDER BY f.at DESC LIMIT 20) f ON true
     ORDER BY f.at DESC
"""
_WEEK = """
    SELECT integration_id, (extract(isodow FROM hour AT TIME ZONE 'UTC')::int - 1) * 24
           + extract(hour FROM hour AT TIME ZONE 'UTC')::int AS hour_of_week, sum(n)
      FROM monitor_latencyhour WHERE integration_id = ANY(%s) AND hour >= %s AND hour < %s
     GROUP BY integration_id, hour_of_week
"""


def load(integration_ids: Sequence[int], now: datetime) -> dict[int, Facts]:
    """The facts of each integration, by id. Paused and unknown ids are left out."""
    rows = _rows(_INTEGRATIONS, [list(integration_ids)])
    if not rows:
        return {}
    tolerances = {row[0]: tolerance_of(row[5], row[6], row[7]) for row in rows}
    waiting = {row[0]: row[1:] for row in _waiting(rows, tolerances, now)}
    jobs, histories = _jobs(rows)
    probes = _probes({row[1] for row in rows}, now)
    failures = hub_failures({row[0]: row[12] for row in rows}, now)
    parcels = tracking_facts.load(
        [tracking_facts.Asked(row[0], row[1], row[18], row[19]) for row in rows], jobs, now
    )
    checks = checks_of([(row[0], row[1], row[2]) for row in rows], now)
    writes = tracking_facts.failed_writes({pk: figures.oldest_missing_at for pk, figures in parcels.items()})
    windows = _event_windows(rows, jobs, checks, now)
    blocks = blocks_of({row[1] for row in rows})
    network_lost_since = uplink.lost_since()
    unread = [row[0] for row in rows if jobs.get((JobKind.STORE_ORDERS, row[1]), _NEVER).error]
    profiles = _profiles(unread, now) if unread else {}
    facts: dict[int, Facts] = {}
    for row in rows:
        pk, store, account = row[0], row[1], row[2]
        tolerance, source = tolerances[pk]
        count, late, oldest, tail, tail_oldest = waiting.get(pk, (0, 0, None, 0, None))
        asked = questions(row[4])
        counts_events = ConditionKind.EVENTS in asked
        hub = jobs.get((JobKind.HUB_EVENTS if counts_events else JobKind.HUB_ARRIVALS, account), _NEVER)
        if pk in histories:
            error, message = histories[pk]
            hub = replace(hub, error=hub.error or error, message=hub.message or message, caught_up=False)
        facts[pk] = Facts(
            now=now,
            platform=row[3],
            hub_kind=row[4],
            hub_system=row[14] or "",
            store=jobs.get((JobKind.STORE_ORDERS, store), _NEVER),
            hub=hub,
            hub_state=hub if counts_events else jobs.get((JobKind.HUB_STATE, account), _NEVER),
            waiting_count=count,
            late_count=late,
            oldest_waiting_at=oldest,
            newest_eligible_at=row[8],
            newest_arrived_at=row[9],
            newest_arrived_eligible_at=row[10],
            tolerance=tolerance,
            tolerance_source=source,
            silence=profiles.get(pk),
            is_listed=row[13] is not False,
            failing_since=row[11],
            last_fetched_at=row[12],
            rhythm=_rhythm(row[7]),
            rhythm_source="learned" if row[7] else "default",
            previous_fetched_at=row[16],
            refreshed_at=row[17],
            probes=_of_hub(probes.get(store, []), row[4], orjson.loads(row[15]), row[3]),
            hub_failures=tuple(failures.get(pk, ())),
            tail_count=tail,
            tail_oldest_at=tail_oldest,
            stale_after=timedelta(seconds=READINGS * settings.SYNCWATCH_COLLECT_INTERVAL_S),
            probe_stale_after=timedelta(seconds=READINGS * settings.SYNCWATCH_PROBE_INTERVAL_S),
            questions=asked,
            feedback=row[20] or "",
            tracking=parcels.get(pk),
            feedback_failures=tuple(writes.get(pk, ())),
            checks=tuple(checks.get(pk, ())),
            network_lost_since=network_lost_since,
            blocks=_of_agents(blocks.get(store, []), row[4], orjson.loads(row[15]), row[3]),
            examined_stale_after=timedelta(seconds=READINGS * settings.SYNCWATCH_EXAMINE_INTERVAL_S),
            has_edge=row[21] is not None,
            events=windows.get(pk),
        )
    return facts


def _event_windows(
    rows: list[tuple[Any, ...]],
    jobs: dict[tuple[str, int], Reading],
    checks: dict[int, list[CheckFact]],
    now: datetime,
) -> dict[int, EventWindow]:
    counting = [row for row in rows if ConditionKind.EVENTS in questions(row[4])]
    return event_facts.load_windows(
        {row[0]: (row[2], row[1], row[22]) for row in counting},
        jobs,
        {row[2]: orjson.loads(row[15]) for row in counting},
        checks,
        now,
    )


_NEVER = Reading(ok_at=None, tried_at=None)


def tolerance_of(configured: int | None, learned: int | None, rhythm: int | None) -> tuple[timedelta, str]:
    """How late an order may be, and who says so: ``configured``, ``learned`` or ``default``.

    All in seconds: the integration's own tolerance, the learned one, and the learned rhythm of the hub.
    """
    if configured:
        return timedelta(seconds=configured), "configured"
    if learned:
        return timedelta(seconds=learned), "learned"
    return learning.default_tolerance(_rhythm(rhythm)), "default"


def _rhythm(learned: int | None) -> timedelta:
    return timedelta(seconds=learned) if learned else learning.DEFAULT_RHYTHM


def _waiting(
    rows: list[tuple[Any, ...]], tolerances: dict[int, tuple[timedelta, str]], now: datetime
) -> list[tuple[Any, ...]]:
    return _rows(
        _WAITING,
        {
            "ids": [row[0] for row in rows],
            "tolerances": [tolerances[row[0]][0] for row in rows],
            "newest": [row[10] for row in rows],
            "now": now,
            "oldest": now - JUDGING_WINDOW,
        },
    )


def _jobs(
    rows: list[tuple[Any, ...]],
) -> tuple[dict[tuple[str, int], Reading], dict[int, tuple[str, str]]]:
    """How reading went, by (kind, target); and the integrations whose history is still being read, with
    the error and message of the last attempt."""
    stores, accounts, ids = {row[1] for row in rows}, {row[2] for row in rows}, {row[0] for row in rows}
    found = (
        Job.objects.filter(kind__in=(JobKind.STORE_ORDERS, JobKind.STORE_TRACKING), target_id__in=stores)
        | Job.objects.filter(
            kind__in=(JobKind.HUB_ARRIVALS, JobKind.HUB_STATE, JobKind.HUB_EVENTS), target_id__in=accounts
        )
        | Job.objects.filter(kind=JobKind.HUB_SHIPMENTS, target_id__in=ids)
    )
    readings = {
        (job.kind, job.target_id): Reading(
            ok_at=job.last_ok_at,
            tried_at=job.last_started_at,
            error=job.last_error,
            message=job.last_message,
            failures=job.failures,
            caught_up=job.caught_up_at is not None,
            every=timedelta(seconds=job.interval_s),
        )
        for job in found
    }
    histories = Job.objects.filter(kind=JobKind.HUB_HISTORY, target_id__in=ids).values_list(
        "target_id", "last_error", "last_message"
    )
    return readings, {pk: (error, message) for pk, error, message in histories}


def _probes(store_ids: set[int], now: datetime) -> dict[int, list[CallRecord]]:
    newest = (
        Call.objects.filter(store_id__in=store_ids, is_probe=True, at__gt=now - PROBE_WINDOW)
        .order_by("store_id", "user_agent", "-at")
        .distinct("store_id", "user_agent")
    )
    probes: dict[int, list[CallRecord]] = {}
    for call in newest:
        assert call.store_id is not None
        probes.setdefault(call.store_id, []).append(
            CallRecord(
                at=call.at,
                method=call.method,
                url=call.url,
                user_agent=call.user_agent,
                status=call.status,
                outcome=Outcome(call.outcome),
                by=call.by,
                detail=call.detail,
                excerpt=call.excerpt,
                timings=PhaseTimings(**call.timings),
                tls_expires_at=call.tls_expires_at,
            )
        )
    return probes


def _of_hub(
    probes: list[CallRecord], kind: str, document: dict[str, Any], platform: str
) -> tuple[CallRecord, ...]:
    """The probes that speak for this hub: with its own User-Agents, and the neutral one."""
    agents = (*user_agents(kind, document, platform), NEUTRAL_AGENT)
    return tuple(probe for probe in probes if probe.user_agent in agents)


def _of_agents(
    blocks: list[BlockFact], kind: str, document: dict[str, Any], platform: str
) -> tuple[BlockFact, ...]:
    """Those that concern this hub: whoever asks is refused, or one of its own User-Agents is."""
    agents = set(user_agents(kind, document, platform))
    return tuple(block for block in blocks if not block.agents or agents & set(block.agents))


def hub_failures(fetched: Mapping[int, datetime | None], now: datetime) -> dict[int, list[HubFailure]]:
    """What each integration's hub met at its store since it last fetched, newest first, at most 20 each.

    ``fetched``: when it last fetched, by integration.
    """
    horizon = now - JUDGING_WINDOW
    since = [max(moment or horizon, horizon) for moment in fetched.values()]
    found = _rows(_FAILURES, {"ids": list(fetched), "since": since})
    failures: dict[int, list[HubFailure]] = {}
    for pk, external, at, method, path, status, exception, outcome, by, detail in found:
        failures.setdefault(pk, []).append(
            HubFailure(
                external_id=external,
                integration_id=None,
                base_url="",
                at=at,
                method=method,
                path=path,
                status=status,
                exception_type=exception,
                outcome=Outcome(outcome),
                by=by,
                detail=detail,
            )
        )
    return failures


def _profiles(ids: list[int], now: datetime) -> dict[int, SilenceProfile]:
    """What is usual, for integrations whose store cannot be read: all that is left to judge by.

    Learned from whole weeks, up to four, so that no hour of the week is seen more often than another.
    """
    oldest = _rows(
        "SELECT integration_id, min(hour) FROM monitor_latencyhour"
        " WHERE integration_id = ANY(%s) AND hour >= %s GROUP BY integration_id",
        [ids, now - PROFILE_WEEKS * WEEK],
    )
    profiles = {}
    for weeks in range(1, PROFILE_WEEKS + 1):
        # A day less is forgiven: history begins at an order, not at midnight.
        group = [pk for pk, first in oldest if min((now - first + DAY) // WEEK, PROFILE_WEEKS) == weeks]
        sums: dict[int, list[float]] = {pk: [0.0] * 168 for pk in group}
        for pk, hour, n in _rows(_WEEK, [group, now - weeks * WEEK, now]) if group else []:
            sums[pk][hour] = n
        profiles.update({pk: learning.silence_profile(counts, weeks) for pk, counts in sums.items()})
    return profiles


def _rows(sql: str, parameters: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
