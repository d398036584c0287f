"""What many integrations suffer from together: found before anybody is told, so that it is told once.

A hub that imports nothing of a whole account, a host on which several shops stand, a zone in front of several
of them. Whether it is so is
decided when the first of them goes bad, from what is known of the others at that moment; whoever goes bad
while it lasts joins in silence.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db import connection

from integrations.contracts import ConditionKind
from integrations.models import Integration
from monitor.health import learning
from monitor.health.records import Judgement
from monitor.models import Incident

OF_ACCOUNT = frozenset({ConditionKind.IMPORTS, ConditionKind.THROTTLE})
"""Causes that may be the hub's, in all of an account."""
NOT_OF_ACCOUNT = frozenset({"gap", "not_listed"})
"""Rules about single orders, or about this integration's settings."""
OF_HOST = frozenset(
    {
        "no_answer",
        "name_not_found",
        "connection_failed",
        "tls_failed",
        "timed_out",
        "server_fault",
        "maintenance",
        "maintenance_long",
        "certificate_expires",
    }
)
"""Rules of ``access`` that are a server's affair rather than a shop's."""
OVERDUE_RHYTHMS = 1.3
OVERDUE_AT_LEAST = timedelta(minutes=2)
ENOUGH_OVERDUE = 3
"""So many of an account that wait in vain at once make it the account's affair; two, if both are bad."""
TOGETHER = timedelta(minutes=15)
"""Shops of one host that go bad within this time of each other do so for one reason."""
AUDITED = timedelta(hours=2)
"""The same for the shops behind one zone: each is audited by itself, once an hour."""


@dataclass(frozen=True, slots=True)
class Peer:
    """Another integration of the same account, as it stands now."""

    waiting_since: datetime | None
    """Its oldest order that nothing newer has overtaken; None: nothing waits."""
    newest_arrived_at: datetime | None
    rhythm: timedelta = learning.DEFAULT_RHYTHM

    def is_overdue(self, silent_since: datetime, now: datetime) -> bool:
        """Since the account fell silent, the hub should have fetched what waits here.

        What was overdue already while others' orders still arrived is this integration's own trouble.
        """
        if self.waiting_since is None:
            return False
        patience = max(OVERDUE_RHYTHMS * self.rhythm, OVERDUE_AT_LEAST)
        if silent_since - self.waiting_since > patience:
            return False
        return now - max(self.waiting_since, silent_since) > patience


def silent_since(peers: Iterable[Peer]) -> datetime | None:
    """When the last order of any of an account's integrations arrived."""
    return max((peer.newest_arrived_at for peer in peers if peer.newest_arrived_at is not None), default=None)


def is_of_account(judgement: Judgement) -> bool:
    return judgement.cause in OF_ACCOUNT and judgement.rule not in NOT_OF_ACCOUNT


def is_of_host(judgement: Judgement) -> bool:
    return judgement.cause is ConditionKind.ACCESS and judgement.rule in OF_HOST


def is_of_zone(judgement: Judgement, integration: Integration) -> bool:
    return judgement.cause is ConditionKind.EDGE and integration.store.edge_id is not None


def account_scope(integration: Integration) -> str:
    return f"account:{integration.account_id}"


def host_scope(integration: Integration) -> str:
    return f"host:{(urlsplit(integration.store.url).hostname or '')[:70]}"


def zone_scope(integration: Integration) -> str:
    """By the account whose token reads the zone: a token is made for one, or for those of one owner."""
    return f"zone:{integration.store.edge_id}"


def waiting_since(judgement: Judgement) -> datetime | None:
    """Since when the oldest order waits, by the judgement's own figures."""
    moment = judgement.evidence.get("oldest_waiting_at")
    return datetime.fromisoformat(moment) if moment else None


_PEERS = """
    SELECT i.account_id, i.id, p.newest_arrived_at, p.learned_rhythm_s,
           CASE WHEN v.waiting_count = 0 THEN NULL
                WHEN p.newest_arrived_eligible_at IS NULL THEN v.oldest_waiting_at
                WHEN v.oldest_waiting_at > p.newest_arrived_eligible_at THEN v.oldest_waiting_at
                WHEN p.newest_eligible_at > p.newest_arrived_eligible_at THEN p.newest_eligible_at
           END
      FROM integrations_integration i
      JOIN monitor_progress p ON p.integration_id = i.id
      JOIN monitor_verdict v ON v.integration_id = i.id
     WHERE i.account_id = ANY(%s) AND NOT i.is_paused
"""


Peers = Callable[[Collection[int]], Mapping[int, Mapping[int, Peer]]]
"""From accounts to the integrations of each, by primary key."""


def peers_of(account_ids: Collection[int]) -> Mapping[int, Mapping[int, Peer]]:
    """By account and integration; what was judged last of each."""
    found: dict[int, dict[int, Peer]] = {pk: {} for pk in account_ids}
    if account_ids:
        with connection.cursor() as cursor:
            cursor.execute(_PEERS, [list(account_ids)])
            for account, pk, arrived, rhythm_s, waiting in cursor.fetchall():
                rhythm = timedelta(seconds=rhythm_s) if rhythm_s else learning.DEFAULT_RHYTHM
                found[account][pk] = Peer(waiting, arrived, rhythm)
    return found


def lock(scopes: Iterable[str]) -> None:
    """Two workers that find the same shared cause at once take turns."""
    with connection.cursor() as cursor:
        for scope in sorted(set(scopes)):
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"syncwatch.incident.{scope}"])


def open_incidents(scopes: Collection[str]) -> dict[str, Incident]:
    """The open ones of these scopes, by scope."""
    rows = Incident.objects.filter(scope__in=scopes, closed_at__isnull=True).order_by("opened_at")
    return {row.scope: row for row in rows}
