"""How the integrations of a part of the fleet fared in a time.

They are counted and ranked where their changes are stored; of those that are drawn alone the course is read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from integrations.models import Account, Integration, Store
from monitor.dashboard.faces import RULES_WITH_SHAPES, shape_of
from monitor.health.states import State

BAD: Final = ("fail", "throttled", "late")
"""The shapes of what is not well, the gravest first."""


@dataclass(frozen=True, slots=True)
class Step:
    """From ``at`` on the verdict was ``state``, until the next step."""

    at: datetime
    state: str
    rule: str


@dataclass(frozen=True, slots=True)
class Course:
    """How one integration fared."""

    integration: Integration
    """With the names of its store and its account, and nothing else."""
    steps: Sequence[Step]
    """At least one."""


@dataclass(frozen=True, slots=True)
class Courses:
    """What a picture of the fleet tells."""

    watched: int
    unwell: int
    """Integrations that were not well for some time."""
    known_from: datetime
    counts: Mapping[int, Mapping[str, int]] = field(default_factory=dict)
    """By column: how many integrations had which of the :data:`BAD` shapes as the gravest in it."""
    worst: Sequence[Course] = ()
    """Who is worst at the end comes first, then who was bad for longest."""


def _grade() -> str:
    """The place of a state's shape among the bad ones, as SQL; null of what is well or not known."""
    places = {shape: str(place) for place, shape in enumerate(BAD)}
    cases = []
    for state in State:
        usual = shape_of(state)
        for rule in RULES_WITH_SHAPES:
            if (shape := shape_of(state, rule)) != usual:
                place = places.get(shape, "NULL")
                cases.append(f"WHEN state = '{state}' AND rule = '{rule}' THEN {place}")
        if usual in places:
            cases.append(f"WHEN state = '{state}' THEN {places[usual]}")
    return f"CASE {' '.join(cases)} END"


_CHANGED: Final = "kind = 'verdict' AND NOT (old_state = 'ok' AND new_state = 'ok')"
# Of what happened, the newest changes. Each ends what lasted since the one before it; the newest begins what
# lasts to the end. Who had none in this time was what the first one after it left, else what it is now. Times
# are cut to the range; a state that lasted for no time is left out. A slice of an array stands for a series,
# whose length would be overestimated.
_COURSES: Final = f"""
    WITH asked AS (SELECT %s::timestamptz AS start_at, %s::timestamptz AS end_at),
    seen AS MATERIALIZED (
        SELECT * FROM ({{seen}}) AS seen(id, created_at, state, rule, name, store, title, account, hub)),
    known AS MATERIALIZED (
        SELECT end_at,
               CASE WHEN (SELECT count(*) FROM monitor_transition
                           WHERE kind = 'verdict' AND at >= %s AND at < %s) < %s THEN start_at
                    ELSE COALESCE((SELECT at FROM monitor_transition
                                    WHERE {_CHANGED} AND at >= %s AND at < %s
                                      AND integration_id IN (SELECT id FROM seen)
                                    ORDER BY at DESC OFFSET %s - 1 LIMIT 1), start_at) END AS since
          FROM asked),
    past AS MATERIALIZED (
        SELECT * FROM (
            SELECT integration_id AS id, lag(at) OVER each AS from_at, at, old_state, old_rule,
                   new_state, new_rule, lead(at) OVER each IS NULL AS is_newest
              FROM monitor_transition
             WHERE {_CHANGED} AND at >= (SELECT since FROM known) AND at < %s
               AND integration_id IN (SELECT id FROM seen)
            WINDOW each AS (PARTITION BY integration_id ORDER BY at, id)) AS changes
         WHERE old_state <> '{State.OK}' OR is_newest),
    present AS MATERIALIZED (
        SELECT seen.id, GREATEST(seen.created_at, since) AS begun_at, since, end_at, newest.at AS from_at,
               COALESCE(newest.new_state, later.old_state, seen.state, '{State.UNKNOWN}') AS state,
               COALESCE(newest.new_rule, later.old_rule, seen.rule, '') AS rule
          FROM known, seen
          LEFT JOIN past AS newest ON newest.id = seen.id AND is_newest
          LEFT JOIN LATERAL (
            SELECT old_state, old_rule FROM monitor_transition
             WHERE newest.at IS NULL AND integration_id = seen.id AND {_CHANGED} AND at >= end_at
               AND (SELECT EXISTS (SELECT FROM monitor_transition WHERE kind = 'verdict' AND at >= %s))
             ORDER BY at, id LIMIT 1) AS later ON true
         WHERE GREATEST(seen.created_at, since) < end_at),
    lasted AS (
        SELECT id, GREATEST(past.from_at, begun_at) AS at, GREATEST(past.at, begun_at) AS until_at,
               false AS is_last, old_state AS state, old_rule AS rule
          FROM past JOIN present USING (id)
         UNION ALL
        SELECT id, GREATEST(from_at, begun_at), end_at, true, state, rule FROM present),
    course AS MATERIALIZED (
        SELECT id, at, until_at, is_last, {_grade()} AS grade
          FROM lasted WHERE state <> '{State.OK}' AND until_at > at),
    ranked AS MATERIALIZED (
        SELECT id, sum(until_at - at) AS bad_for, min(grade) FILTER (WHERE is_last) AS grade_at_end
          FROM course WHERE grade IS NOT NULL GROUP BY id),
    worst AS (
        SELECT id, row_number() OVER (ORDER BY grade_at_end, bad_for DESC, id) AS rank
          FROM ranked ORDER BY rank LIMIT %s),
    gravest AS (
        SELECT id, number, min(grade) AS grade
          FROM course, unnest((%s::int[])[
                   width_bucket(at, %s::timestamptz[])
                   : width_bucket(until_at - interval '1 microsecond', %s::timestamptz[])]) AS number
         WHERE grade IS NOT NULL
         GROUP BY id, number)
    SELECT 'all' AS what, (SELECT count(*) FROM seen) AS a, (SELECT count(*) FROM ranked) AS b, 0 AS c,
           since AS at, '' AS state, '' AS rule, NULL::text[] AS names
      FROM known
     UNION ALL
    SELECT 'column', number, grade, count(*), NULL, '', '', NULL FROM gravest GROUP BY number, grade
     UNION ALL
    SELECT 'row', rank, 0, id, NULL, '', '', ARRAY[name, store, title, account, hub]
      FROM worst JOIN seen USING (id)
     UNION ALL
    SELECT 'step', rank, 0, id, begun_at, COALESCE(first.old_state, state),
           COALESCE(first.old_rule, rule), NULL
      FROM worst JOIN present USING (id)
      LEFT JOIN LATERAL (
        SELECT old_state, old_rule FROM monitor_transition
         WHERE integration_id = worst.id AND {_CHANGED} AND at >= since AND at < end_at
         ORDER BY at, id LIMIT 1) AS first ON true
     UNION ALL
    SELECT 'step', rank, row_number() OVER (ORDER BY step.at, step.id), worst.id, GREATEST(step.at, begun_at),
           step.new_state, step.new_rule, NULL
      FROM worst JOIN present USING (id)
      JOIN LATERAL (
        SELECT id, at, new_state, new_rule FROM monitor_transition
         WHERE integration_id = worst.id AND {_CHANGED} AND at >= since AND at < end_at) AS step ON true
     ORDER BY what, a, b
"""  # noqa: S608  # constants of this module


def courses(
    seen: QuerySet[Integration], *, columns: Sequence[datetime], end: datetime, rows: int, changes: int
) -> Courses:
    """How integrations fared from the first of the ``columns``, each given by when it begins, to ``end``.

    At most so many ``changes`` (the newest) are looked at, and so many ``rows`` are told. One query.
    """
    named = ("name", "store__name", "store__title", "account__name", "account__title")
    now = seen.values_list("pk", "created_at", "verdict__state", "verdict__rule", *named)
    sql, given = now.query.sql_with_params()
    start, starts = columns[0], list(columns)
    numbers = list(range(len(starts)))
    within = [start, end]
    asked = [*within, *given, *within, changes, *within, changes, end, end, rows, numbers, starts, starts]
    counts: dict[int, dict[str, int]] = {}
    integrations: dict[int, Integration] = {}
    steps: dict[int, list[Step]] = {}
    watched, unwell, known_from = 0, 0, start
    with connection.cursor() as cursor:
        cursor.execute(_COURSES.format(seen=sql), asked)
        for what, a, b, c, at, state, rule, names in cursor.fetchall():
            if what == "all":
                watched, unwell, known_from = a, b, at
            elif what == "column":
                counts.setdefault(a, {})[BAD[b]] = c
            elif what == "row":
                integrations[c] = _named(c, names)
            else:
                steps.setdefault(c, []).append(Step(at, state, rule))
    worst = [Course(one, steps[pk]) for pk, one in integrations.items()]
    return Courses(watched, unwell, known_from, counts, worst)


def _named(pk: int, names: Sequence[str]) -> Integration:
    name, store, title, account, hub = names
    return Integration(
        pk=pk, name=name, store=Store(name=store, title=title), account=Account(name=account, title=hub)
    )
