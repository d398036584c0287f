"""What the page of one integration asks the database, each question when the template needs it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Value

from integrations.adapters import ImportsOrders, ReadsEvents
from integrations.contracts import ConditionKind, Outcome
from integrations.errors import RemoteError
from integrations.models import Integration
from integrations.registry import offers
from monitor.alerts.maintenance import Running, covering, running_now, running_of
from monitor.alerts.recoveries import suggested_at
from monitor.collect.waiting import waiting
from monitor.dashboard.bands import Band, band_of, changes_of_state
from monitor.dashboard.queries.systems import Systems
from monitor.health.states import State
from monitor.models import (
    Arrival,
    Call,
    Condition,
    HubFailureLog,
    HubState,
    Incident,
    Maintenance,
    Member,
    Refresh,
    Transition,
    Verdict,
)
from monitor.refresh.hub import Abilities, abilities

SHOWN_ORDERS = 50
SHOWN_CALLS = 20
SHOWN_REFRESHES = 10
_CALL = ("pk", "at", "method", "status", "by", "detail")
ORDER_OF_CAUSES = [kind.value for kind in ConditionKind]


def with_hub_state() -> QuerySet[Integration]:
    """Integrations with all their one-to-one rows, the hub's newest ``last_fetched_at`` and
    ``hub_system``, and ``suggested_at``, see :attr:`IntegrationPage.suggested_at`."""
    newest = HubState.objects.filter(integration=OuterRef("pk")).order_by("-at")
    return Integration.objects.select_related("store__state", "account", "verdict", "progress").annotate(
        last_fetched_at=Subquery(newest.values("last_fetched_at")[:1]),
        hub_system=Subquery(newest.values("system")[:1]),
        suggested_at=suggested_at(),
    )


class IntegrationPage:
    """Everything about one integration at one moment. Each property costs at most one query."""

    def __init__(
        self,
        integration: Integration,
        *,
        now: datetime,
        span: timedelta,
        windows: Sequence[Maintenance] | None = None,
    ) -> None:
        """``windows``: of maintenance, where those that may run now have been read already."""
        self.integration = integration
        self._windows = windows
        self.now = now
        self.start_at = now - span
        self.middle_at = now - span / 2
        self.systems = Systems(integration, now)

    @cached_property
    def verdict(self) -> Verdict | None:
        return getattr(self.integration, "verdict", None)

    @cached_property
    def maintenance(self) -> Running | None:
        """The maintenance window that it is in."""
        known = self._windows
        running = running_now(self.now) if known is None else running_of(known, self.now)
        return covering(running, self.integration)

    @property
    def imports(self) -> bool:
        """Every order should arrive in this hub."""
        return offers(self.integration.account.kind, ImportsOrders)

    @property
    def counts_events(self) -> bool:
        """This hub counts events and tells no single one."""
        return offers(self.integration.account.kind, ReadsEvents)

    @cached_property
    def risks(self) -> list[Condition]:
        """What is not well although the verdict is healthy. No query while it is not."""
        if self.verdict is None or self.verdict.state != State.OK:
            return []
        return [row for row in self.conditions if State(row.state).is_bad]

    @cached_property
    def conditions(self) -> list[Condition]:
        """From cause to consequence."""
        rows = Condition.objects.filter(integration=self.integration)
        return sorted(rows, key=lambda row: ORDER_OF_CAUSES.index(row.kind))

    @cached_property
    def transitions(self) -> list[Transition]:
        """Of the verdict, in the shown time, oldest first."""
        newest = (
            changes_of_state()
            .filter(integration=self.integration, at__gte=self.start_at)
            .order_by("-at")[:500]
        )
        return list(reversed(newest))

    @cached_property
    def band(self) -> Band:
        return band_of(self.integration, self.transitions, start=self.start_at, end=self.now)

    @cached_property
    def waiting(self) -> Sequence[Arrival]:
        """The oldest orders that should be in the hub and are not."""
        return list(
            waiting(self.integration.pk, getattr(self.integration, "progress", None), self.now).order_by(
                "eligible_at"
            )[:SHOWN_ORDERS]
        )

    @property
    def has_other_ids(self) -> bool:
        """Whether the store knows some of them by another id than people do."""
        return any(order.order_key != order.order_number for order in self.waiting)

    @cached_property
    def waiting_beyond(self) -> int:
        """Waiting orders that are not shown, as counted by the last verdict."""
        counted = self.verdict.waiting_count if self.verdict else 0
        return max(counted - len(self.waiting), 0) if len(self.waiting) == SHOWN_ORDERS else 0

    @cached_property
    def _failed_calls(self) -> Sequence[dict[str, Any]]:
        """The newest failed calls of the hub, of ours to the store, and of ours to the account."""
        of_hub = HubFailureLog.objects.filter(integration=self.integration).values(
            *_CALL,
            of_hub=Value(True),
            place=F("path"),
            who=Value(""),
            shown=Value(""),
            more=F("exception_type"),
        )
        failed = Call.objects.exclude(outcome=Outcome.PASSED).values(
            *_CALL,
            of_hub=Value(False),
            place=F("url"),
            who=F("user_agent"),
            shown=F("excerpt"),
            more=Value(""),
        )
        # A walk down an index each; an OR over both remotes would sort all their calls.
        of_store = failed.filter(store=self.integration.store_id)
        of_account = failed.filter(account=self.integration.account_id)
        first, *others = (rows.order_by("-at")[:SHOWN_CALLS] for rows in (of_hub, of_store, of_account))
        return list(first.union(*others, all=True).order_by("-at"))

    @property
    def hub_failures(self) -> list[dict[str, Any]]:
        """The hub's own failed calls to the store, newest first."""
        return [call for call in self._failed_calls if call["of_hub"]]

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Our own calls that failed, to the store and to the hub account, newest first."""
        return [call for call in self._failed_calls if not call["of_hub"]][:SHOWN_CALLS]

    @cached_property
    def refreshes(self) -> Sequence[Refresh]:
        """Newest first."""
        return list(
            Refresh.objects.filter(integration=self.integration)
            .select_related("requested_by")
            .order_by("-requested_at")[:SHOWN_REFRESHES]
        )

    @cached_property
    def running(self) -> Refresh | None:
        return next((refresh for refresh in self.refreshes if refresh.finished_at is None), None)

    @cached_property
    def abilities(self) -> Abilities | None:
        """The ways to refresh it; None while the account's own settings or keys cannot be used."""
        try:
            return abilities(self.integration, getattr(self.integration, "hub_system", None) or "")
        except RemoteError:
            return None

    @property
    def suggested_at(self) -> datetime | None:
        """Since when the store can be reached again, while a refresh would help the hub that lags behind."""
        at: datetime | None = getattr(self.integration, "suggested_at", None)
        return at

    @cached_property
    def last_refresh(self) -> Refresh | None:
        return next((refresh for refresh in self.refreshes if refresh.finished_at is not None), None)

    @cached_property
    def incidents(self) -> Sequence[Incident]:
        """Newest first; with ``has_others``: whether it is, or was, about another integration too."""
        others = Member.objects.filter(incident=OuterRef("pk")).exclude(integration=self.integration)
        return list(
            Incident.objects.filter(members__integration=self.integration)
            .annotate(has_others=Exists(others))
            .select_related("acknowledged_by")
            .order_by("-opened_at")[:SHOWN_REFRESHES]
        )

    @cached_property
    def incident(self) -> Incident | None:
        """The one that is open."""
        return next((incident for incident in self.incidents if incident.closed_at is None), None)
