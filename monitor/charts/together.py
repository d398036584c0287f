"""The latencies of a part of the fleet by day, read as sums of groups where these are there.

See :mod:`monitor.history.groups`. One statement, so that sums, marks and days are of one moment.
"""

from datetime import date
from typing import Any, Final

from monitor.charts.chosen import Chosen

# A group's key is made of its integrations, so what is chosen has to hold all of each: filters and rights go
# by what all in a group have in common. Read are the sums; of summed groups the days since, and those that
# were added to; and all days of who is in no summed group.
_ROWS: Final = """
    WITH mine AS MATERIALIZED (SELECT * FROM ({mine}) AS mine(id, platform, account_id, tags)),
    summed AS MATERIALIZED (
        SELECT g.id AS group_id, g.until, unnest(m.ids) AS integration_id
          FROM (SELECT md5(string_agg(id::text, ',' ORDER BY id)) AS key, array_agg(id) AS ids
                  FROM mine GROUP BY platform, account_id, tags) AS m
          JOIN monitor_latencygroup g USING (key)),
    late AS MATERIALIZED (
        SELECT DISTINCT group_id, day FROM monitor_latencylate JOIN summed USING (integration_id)
         WHERE day < until)
    SELECT day, buckets, counts
      FROM (SELECT DISTINCT group_id, until FROM summed) AS known
      JOIN monitor_latencygroupday USING (group_id)
     WHERE day >= %s AND day <= %s AND day < until AND (group_id, day) NOT IN (SELECT group_id, day FROM late)
     UNION ALL
    SELECT day, buckets, counts
      FROM summed JOIN late USING (group_id) JOIN monitor_latencyday USING (integration_id, day)
     WHERE day >= %s AND day <= %s
     UNION ALL
    SELECT day, buckets, counts
      FROM summed JOIN monitor_latencyday USING (integration_id)
     WHERE day >= GREATEST(%s, until) AND day <= %s
     UNION ALL
    SELECT day, buckets, counts
      FROM monitor_latencyday
     WHERE day >= %s AND day <= %s
       AND integration_id IN (SELECT id FROM mine EXCEPT SELECT integration_id FROM summed)
"""


def rows_of_days(chosen: Chosen, first: date, last: date) -> tuple[str, list[Any]]:
    """A query, with its values, for days, buckets and counts that add up to the sketches of the days (UTC).

    ``chosen`` names no single store.
    """
    mine = chosen.integrations().values_list("pk", "store__platform", "account_id", "store__tags")
    sql, given = mine.query.sql_with_params()
    return _ROWS.format(mine=sql), [*given, *[first, last] * 4]
