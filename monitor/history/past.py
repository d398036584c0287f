"""Reading the past of many integrations: verdicts, maintenance windows, pauses, and our own silence."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from integrations.models import Integration
from monitor.alerts.windows import Span, occurrences
from monitor.history.pieces import Change, Past
from monitor.models import Maintenance, Transition, Unwatched, Verdict

# Walks one index per integration; the newest change before a moment may be long ago.
_BEFORE = """
    SELECT w.id, t.at, t.new_state, t.new_rule
      FROM unnest(%(ids)s::bigint[]) AS w(id)
     CROSS JOIN LATERAL (
        SELECT at, new_state, new_rule FROM monitor_transition
         WHERE integration_id = w.id AND kind = 'verdict' AND at < %(start)s
         ORDER BY at DESC, id DESC LIMIT 1) AS t
"""
_FIRST = """
    SELECT w.id, t.old_state, t.old_rule
      FROM unnest(%(ids)s::bigint[]) AS w(id)
     CROSS JOIN LATERAL (
        SELECT old_state, old_rule FROM monitor_transition
         WHERE integration_id = w.id AND kind = 'verdict'
         ORDER BY at, id LIMIT 1) AS t
"""


def load(integration_ids: Collection[int], start: datetime, end: datetime) -> dict[int, Past]:
    """What is needed to tell the time from ``start`` to ``end``. At most seven queries, however many."""
    integrations = (
        Integration.objects.filter(pk__in=integration_ids)
        .select_related("store")
        .only("created_at", "account_id", "store__tags")
        .order_by("pk")
    )
    return load_of(integrations, start, end)


def load_of(found: Iterable[Integration], start: datetime, end: datetime) -> dict[int, Past]:
    """The same of integrations whose stores are loaded."""
    integrations = list(found)
    ids = [one.pk for one in integrations]
    if not ids:
        return {}
    changes = _changes(ids, {one.pk: one.created_at for one in integrations}, start, end)
    pauses: dict[int | None, list[Span]] = {}
    silent = Unwatched.objects.filter(
        Q(integration__in=ids) | Q(integration=None), Q(end_at=None) | Q(end_at__gt=start), start_at__lt=end
    )
    for row in silent.order_by("start_at"):
        pauses.setdefault(row.integration_id, []).append(Span(row.start_at, row.end_at or end))
    windows = _windows(start, end)
    return {
        one.pk: Past(
            since=one.created_at,
            changes=changes[one.pk],
            maintenance=[span for window, spans in windows if window.covers(one) for span in spans],
            paused=pauses.get(one.pk, ()),
            blind=pauses.get(None, ()),
        )
        for one in integrations
    }


def _changes(
    ids: Sequence[int], created: Mapping[int, datetime], start: datetime, end: datetime
) -> dict[int, list[Change]]:
    """By integration, ascending. The first is the state at ``start``."""
    changes: dict[int, list[Change]] = {pk: [] for pk in ids}
    for pk, at, state, rule in _rows(_BEFORE, {"ids": list(ids), "start": start}):
        changes[pk].append(Change(at, state, rule))
    unheard = [pk for pk, known in changes.items() if not known]
    firsts = {pk: (state, rule) for pk, state, rule in _rows(_FIRST, {"ids": unheard})} if unheard else {}
    silent = [pk for pk in unheard if pk not in firsts]
    if silent:
        # Its verdict has never changed, so it is today's.
        verdicts = Verdict.objects.filter(integration__in=silent)
        firsts |= {pk: (state, rule) for pk, state, rule in verdicts.values_list("pk", "state", "rule")}
    for pk, (state, rule) in firsts.items():
        changes[pk].append(Change(created[pk], state, rule))
    within = Transition.objects.filter(integration__in=ids, kind="verdict", at__gte=start, at__lt=end)
    for pk, at, state, rule in within.order_by("at", "pk").values_list(
        "integration_id", "at", "new_state", "new_rule"
    ):
        changes[pk].append(Change(at, state, rule))
    return changes


def _windows(start: datetime, end: datetime) -> list[tuple[Maintenance, list[Span]]]:
    """The windows that took place in this time, with their occurrences."""
    rows = Maintenance.objects.filter(
        Q(closed_at=None) | Q(closed_at__gt=start),
        ~Q(recurrence="") | Q(ends_at__gt=start),
        starts_at__lt=end,
    )
    return [(window, spans) for window in rows if (spans := occurrences(window, start, end))]


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
