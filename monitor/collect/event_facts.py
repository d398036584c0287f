"""Loading what judging needs to know of marketing hubs: counts of events beside the shops' own orders."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection

from integrations.models import Integration
from monitor.health.events import HOUR, LEARNED_FROM_DAYS, MAIN_MEANINGS, EventWindow, HourFigures
from monitor.health.records import CheckFact, Reading
from monitor.models import EventHour, Job
from monitor.models.work import JobKind

WINDOW = timedelta(days=2)
HOURS_OF_DAY = 24
NOT_SOLD = "test order"
"""Why an order is not expected that no customer placed."""

_ORDERS = """
    SELECT date_bin('1 hour', ordered_at, %(since)s), count(*)
      FROM monitor_order
     WHERE store_id = ANY(%(stores)s) AND ordered_at >= %(since)s AND ordered_at < %(until)s
       AND unexpected_reason <> %(not_sold)s
     GROUP BY 1
"""


def load_windows(
    asked: Mapping[int, tuple[int, int, float | None]],
    readings: Mapping[tuple[str, int], Reading],
    settings: Mapping[int, Mapping[str, Any]],
    checks: Mapping[int, Sequence[CheckFact]],
    now: datetime,
) -> dict[int, EventWindow]:
    """The window of each integration.

    ``asked``: integration -> (account, store, learned ratio); ``settings`` by account; ``checks`` by
    integration. A few queries per account: an account of this kind is one workspace.
    """
    if not asked:
        return {}
    accounts = {account for account, _, _ in asked.values()}
    links = list(
        Integration.objects.filter(
            account__kind__in=_kinds(accounts),
            is_paused=False,
            store__is_active=True,
            account__is_active=True,
        ).values_list("account_id", "store_id")
    )
    shared = {account: _workspace(account, links, now) for account in accounts}
    windows = {}
    for pk, (account, store, ratio) in asked.items():
        hours, settled_until, first_hour, store_count = shared[account]
        windows[pk] = EventWindow(
            reading=readings.get((JobKind.HUB_EVENTS, account), Reading(None, None)),
            hours=hours,
            settled_until=settled_until,
            usual_ratio=ratio,
            learned_days=(now - first_hour) / timedelta(days=1) if first_hour else 0.0,
            store_count=store_count,
            workspace_count=len({other for other, its_store in links if its_store == store}) or 1,
            several_stores=str(settings[account].get("several_stores", "info")),
            checks=tuple(check for check in checks.get(pk, ()) if check.kind.value == "events"),
        )
    return windows


def daily_figures(account_id: int, now: datetime) -> list[tuple[int, int]]:
    """(orders, events) of each of the last days of which all hours were counted."""
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    since = today - timedelta(days=2 * LEARNED_FROM_DAYS)
    stores = _stores(account_id)
    series = _main_series(account_id, since, today)
    counted = Counter(hour.astimezone(UTC).date() for hour, _count in series)
    events = _by_day(series)
    orders = _by_day(_orders_by_hour(stores, since, today).items())
    return [
        (orders.get(day, 0), count) for day, count in sorted(events.items()) if counted[day] == HOURS_OF_DAY
    ]


def _workspace(
    account: int,
    links: Sequence[tuple[int, int]],
    now: datetime,
) -> tuple[tuple[HourFigures, ...], datetime | None, datetime | None, int]:
    rows = EventHour.objects.filter(account_id=account, hour__gte=now - WINDOW).order_by("hour")
    counts: dict[datetime, dict[str, int]] = {}
    settled_until = None
    for row in rows:
        counts.setdefault(row.hour, {})[row.meaning] = row.count
        if row.is_settled:
            settled_until = max(row.hour + HOUR, settled_until or row.hour + HOUR)
    first = (
        EventHour.objects.filter(account_id=account).order_by("hour").values_list("hour", flat=True).first()
    )
    stores = [store for its_account, store in links if its_account == account]
    # Where zones differ from UTC by half an hour, so do the hub's hours.
    orders = _orders_by_hour(stores, min(counts, default=now), now)
    read_until = _read_until(stores)
    hours = tuple(
        HourFigures(
            hour,
            orders.get(hour, 0) if read_until is not None and hour + HOUR <= read_until else None,
            counts[hour],
        )
        for hour in sorted(counts)
    )
    return hours, settled_until, first, len(set(stores))


def _read_until(stores: Sequence[int]) -> datetime | None:
    """Until when the orders of all the stores are known; None: not those of every one.

    Also of the stores whose integrations are not judged now: a workspace counts for all together.
    """
    readings = Job.objects.filter(kind=JobKind.STORE_ORDERS, target_id__in=stores, caught_up_at__isnull=False)
    moments = dict(readings.values_list("target_id", "last_ok_at"))
    known = [moments.get(store) for store in stores]
    return None if None in known else min((moment for moment in known if moment), default=None)


def _main_series(account_id: int, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
    rows = EventHour.objects.filter(
        account_id=account_id, hour__gte=since, hour__lt=until, is_settled=True, meaning__in=MAIN_MEANINGS
    ).values_list("meaning", "hour", "count")
    by_meaning: dict[str, list[tuple[datetime, int]]] = {}
    for meaning, hour, count in rows:
        by_meaning.setdefault(meaning, []).append((hour, count))
    return next((by_meaning[meaning] for meaning in MAIN_MEANINGS if meaning in by_meaning), [])


def _orders_by_hour(stores: Sequence[int], since: datetime, until: datetime) -> dict[datetime, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            _ORDERS, {"stores": list(stores), "since": since, "until": until, "not_sold": NOT_SOLD}
        )
        return dict(cursor.fetchall())


def _by_day(counts: Iterable[tuple[datetime, int]]) -> dict[date, int]:
    days: dict[date, int] = {}
    for hour, count in counts:
        day = hour.astimezone(UTC).date()
        days[day] = days.get(day, 0) + count
    return days


def _stores(account_id: int) -> list[int]:
    return list(
        Integration.objects.filter(account_id=account_id, is_paused=False).values_list("store_id", flat=True)
    )


def _kinds(accounts: Iterable[int]) -> list[str]:
    return list(
        Integration.objects.filter(account_id__in=list(accounts))
        .values_list("account__kind", flat=True)
        .distinct()
    )
