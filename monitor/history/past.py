"""Reading the past of many integrations: verdicts, maintenance windows, pauses, and our own silence."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Q

from integrations.models import Integration
from monitor.alerts.windows import Span, occurrences
from monitor.history.pieces import Change, Past
from monitor.models import Maintenance

# Who was silent, and the changes of verdicts. The state at the start is what the newest change before it led
# to, else what the first one left, else today's, for it has never changed. Walks one index per integration;
# the newest change before a moment may be long ago.
_HAPPENED = """
    SELECT 'silent' AS what, integration_id, start_at AS at, end_at, '' AS state, '' AS rule, id
      FROM monitor_unwatched
     WHERE (integration_id = ANY(%(ids)s) OR integration_id IS NULL)
       AND (end_at IS NULL OR end_at > %(start)s) AND start_at < %(end)s
     UNION ALL
    SELECT 'before', i.id, COALESCE(b.at, i.created_at), NULL,
           COALESCE(b.new_state, f.old_state, v.state), COALESCE(b.new_rule, f.old_rule, v.rule), 0
      FROM integrations_integration i
      LEFT JOIN LATERAL (
        SELECT at, new_state, new_rule FROM monitor_transition
         WHERE integration_id = i.id AND kind = 'verdict' AND at < %(start)s
         ORDER BY at DESC, id DESC LIMIT 1) AS b ON true
      LEFT JOIN LATERAL (
        SELECT old_state, old_rule FROM monitor_transition
         WHERE integration_id = i.id AND kind = 'verdict' AND b.at IS NULL
         ORDER BY at, id LIMIT 1) AS f ON true
      LEFT JOIN monitor_verdict v ON v.integration_id = i.id AND f.old_state IS NULL
     WHERE i.id = ANY(%(ids)s) AND COALESCE(b.new_state, f.old_state, v.state) IS NOT NULL
     UNION ALL
    SELECT 'within', integration_id, at, NULL, new_state, new_rule, id
      FROM monitor_transition
     WHERE integration_id = ANY(%(ids)s) AND kind = 'verdict' AND at >= %(start)s AND at < %(end)s
     ORDER BY what, at, id
"""


def load(integration_ids: Collection[int], start: datetime, end: datetime) -> dict[int, Past]:
    """What is needed to tell the time from ``start`` to ``end``. Three queries, however many."""
    integrations = (
        Integration.objects.filter(pk__in=integration_ids)
        .select_related("store")
        .only("created_at", "account_id", "store__tags")
        .order_by("pk")
    )
    return load_of(integrations, start, end)


def load_of(
    found: Iterable[Integration],
    start: datetime,
    end: datetime,
    *,
    windows: Sequence[Maintenance] | None = None,
) -> dict[int, Past]:
    """The same of integrations whose stores are loaded. Two queries; one where the maintenance ``windows``
    that may have been in this time are given."""
    integrations = list(found)
    ids = [one.pk for one in integrations]
    if not ids:
        return {}
    changes: dict[int, list[Change]] = {pk: [] for pk in ids}
    pauses: dict[int | None, list[Span]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_HAPPENED, {"ids": ids, "start": start, "end": end})
        for what, pk, at, end_at, state, rule, _id in cursor.fetchall():
            if what == "silent":
                pauses.setdefault(pk, []).append(Span(at, end_at or end))
            else:
                changes[pk].append(Change(at, state, rule))
    known = windows_between(start, end) if windows is None else windows
    took_place = [(window, spans) for window in known if (spans := occurrences(window, start, end))]
    return {
        one.pk: Past(
            since=one.created_at,
            changes=changes[one.pk],
            maintenance=[span for window, spans in took_place if window.covers(one) for span in spans],
            paused=pauses.get(one.pk, ()),
            blind=pauses.get(None, ()),
        )
        for one in integrations
    }


def windows_between(start: datetime, end: datetime) -> list[Maintenance]:
    """The maintenance windows that may have taken place in this time, with what they are about."""
    rows = Maintenance.objects.filter(
        Q(closed_at=None) | Q(closed_at__gt=start),
        ~Q(recurrence="") | Q(ends_at__gt=start),
        starts_at__lt=end,
    )
    return list(rows.select_related("store", "account"))
