"""Summing up the latencies of integrations that are always looked at together.

Filters and people's rights go by platform, account and tags. So a chart of hundreds of shops, or of all that
somebody may see, reads a row a day of each combination of these instead of a row a day of each shop. A day is
summed up once it is over, and again when something is added to it. Until then, and of shops that few others
are like, the days themselves are read (:mod:`monitor.charts.together`), so that a chart is right at any time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import orjson
from django.db import connection

from monitor.history.pieces import DAY
from monitor.models import LatencyGroup

LEAST: Final = 4
"""Integrations in a group: to sum up fewer would spare nobody anything."""
NEW_AT_ONCE: Final = 10
"""Groups that one run begins with at most, for each reads all its past."""

# Groups as they are, and those that were. A day is over soon after midnight; who writes later leaves a mark.
_CURRENT: Final = f"""
    SELECT k.id, key, g.ids, k.until,
           ((statement_timestamp() - interval '10 minutes') AT TIME ZONE 'UTC')::date AS over
      FROM (SELECT md5(string_agg(i.id::text, ',' ORDER BY i.id)) AS key, array_agg(i.id) AS ids
              FROM integrations_integration i JOIN integrations_store s ON s.id = i.store_id
             GROUP BY s.platform, i.account_id, s.tags HAVING count(*) >= {LEAST}) AS g
      FULL JOIN monitor_latencygroup k USING (key)
     ORDER BY key
"""  # noqa: S608  # constants of this module
_LATE: Final = """
    WITH cleared AS (DELETE FROM monitor_latencylate RETURNING integration_id, day)
    SELECT DISTINCT integration_id, day FROM cleared
"""
_SUM: Final = """
    INSERT INTO monitor_latencygroupday (group_id, day, n, buckets, counts)
    SELECT group_id, day, sum(c), array_agg(b ORDER BY b), array_agg(c ORDER BY b)
      FROM (SELECT group_id, day, b, sum(c)::int AS c
              FROM (SELECT s.group_id, l.day, unnest(l.buckets) AS b, unnest(l.counts) AS c
                      FROM jsonb_to_recordset(%s::jsonb) AS s(group_id bigint, first date, until date)
                      JOIN jsonb_to_recordset(%s::jsonb) AS m(group_id bigint, ids bigint[]) USING (group_id)
                      JOIN monitor_latencyday l
                        ON l.integration_id = ANY(m.ids) AND l.day >= s.first AND l.day < s.until) AS days
             GROUP BY 1, 2, 3) AS merged
     GROUP BY group_id, day
    ON CONFLICT (group_id, day) DO UPDATE SET
        n = excluded.n, buckets = excluded.buckets, counts = excluded.counts
"""


@dataclass(frozen=True, slots=True)
class _Group:
    """A group that is summed up until a day."""

    pk: int
    members: Sequence[int]
    until: date


@dataclass(frozen=True, slots=True)
class _Span:
    """Days of a group to be summed up, ``until`` not being one of them."""

    group_id: int
    first: date
    until: date


def sum_up() -> int:
    """Sums up what is over and not summed up yet, or not any more; returns how many days of groups.

    Called inside a transaction that nobody else runs at the same time. The marks are cleared first: what is
    added from then on is either seen here, or leaves a mark of its own, or both. Two queries nearly always.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LATE)
        late: list[tuple[int, date]] = cursor.fetchall()
        cursor.execute(_CURRENT)
        rows = cursor.fetchall()
    gone = [pk for pk, _key, members, *_days in rows if members is None]
    if gone:
        LatencyGroup.objects.filter(pk__in=gone).delete()
    known = [_Group(pk, members, until) for pk, _key, members, until, _over in rows if pk and members]
    spans = _added_to(known, late)
    new = [(key, members) for pk, key, members, *_days in rows if pk is None][:NEW_AT_ONCE]
    over: date = rows[0][-1] if rows else date.min
    behind = [one for one in known if one.until != over]
    if behind:
        LatencyGroup.objects.filter(pk__in=[one.pk for one in behind]).update(until=over)
        spans |= {_Span(one.pk, one.until, over) for one in behind}
    for key, members in new:
        one = _Group(LatencyGroup.objects.create(key=key, until=over).pk, members, over)
        known.append(one)
        spans.add(_Span(one.pk, date.min, over))
    return _sum(spans, known)


def _added_to(known: Iterable[_Group], late: Iterable[tuple[int, date]]) -> set[_Span]:
    """The days that are summed up and that a mark speaks of."""
    group_of = {pk: one for one in known for pk in one.members}
    marked = [(group_of[pk], day) for pk, day in late if pk in group_of]
    return {_Span(one.pk, day, day + DAY) for one, day in marked if day < one.until}


def _sum(spans: Iterable[_Span], groups: Iterable[_Group]) -> int:
    asked = sorted(spans, key=lambda span: (span.group_id, span.first))
    if not asked:
        return 0
    needed = {span.group_id for span in asked}
    whose = [{"group_id": one.pk, "ids": list(one.members)} for one in groups if one.pk in needed]
    with connection.cursor() as cursor:
        cursor.execute(_SUM, [orjson.dumps(asked).decode(), orjson.dumps(whose).decode()])
        summed: int = cursor.rowcount
    return summed
