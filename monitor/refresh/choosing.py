"""Which way a refresh takes, and what stands in its way now."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from integrations.contracts import ConditionKind
from integrations.errors import RemoteError
from integrations.models import Integration
from monitor.models import Refresh, Verdict
from monitor.models.refreshes import RefreshOutcome, RefreshStrategy
from monitor.refresh.hub import abilities

NUMBERS_MISSING = ("stopped", "missing")
"""The rules of ``tracking`` that say so."""
_REFUSALS = {
    RefreshStrategy.HUB_API: _lazy("%(account)s has no refresh request set up."),
    RefreshStrategy.PANEL: _lazy("%(account)s has no panel page set up."),
    RefreshStrategy.PUSH_ORDERS: _lazy("%(account)s takes no orders from us for this integration."),
    RefreshStrategy.REPUSH_TRACKING: _lazy("Tracking numbers cannot be written to %(store)s."),
    RefreshStrategy.NUDGE_STORE: _lazy(
        "%(store)s may not be nudged. Allow it on the store's page, if its platform can be."
    ),
}


class RefreshRefused(Exception):
    """The refresh cannot be done now; ``str()`` is a sentence for the person who asked."""


def choose(integration: Integration, wanted: str | None = None) -> RefreshStrategy:
    """The wanted way, or the first that is possible: missing numbers are written where they are what is
    wrong; else the hub is asked, orders are sent or touched, or a person presses.

    Asks no remote. Raises RefreshRefused where that way, or any, is impossible.
    """
    ways = possible(integration)
    if wanted is not None:
        if wanted not in ways:
            raise RefreshRefused(
                _REFUSALS[RefreshStrategy(wanted)]
                % {"account": integration.account, "store": integration.store}
            )
        return RefreshStrategy(wanted)
    if RefreshStrategy.REPUSH_TRACKING in ways and _numbers_are_missing(integration):
        return RefreshStrategy.REPUSH_TRACKING
    for way in ways:
        if way is not RefreshStrategy.REPUSH_TRACKING:
            return way
    raise RefreshRefused(
        _("%(account)s has neither a refresh request nor a panel page set up.")
        % {"account": integration.account}
    )


def possible(integration: Integration) -> Sequence[RefreshStrategy]:
    """The ways there are, in the order in which they are tried. Raises RefreshRefused."""
    try:
        return abilities(integration).possible()
    except RemoteError as error:
        raise RefreshRefused(str(error)) from error


def refuse_unless_free(integration: Integration, chosen: RefreshStrategy, now: datetime) -> None:
    """Raises RefreshRefused where it is paused, being refreshed, or was asked a moment ago."""
    if is_paused(integration):
        raise RefreshRefused(_("%(integration)s is paused. Resume it first.") % {"integration": integration})
    running = (
        Refresh.objects.filter(integration=integration, finished_at__isnull=True)
        .select_related("requested_by")
        .first()
    )
    if running:
        raise RefreshRefused(
            _("A refresh that %(actor)s asked for at %(time)s is still under way.")
            % {"actor": running.who, "time": clock(running.requested_at)}
        )
    if chosen is RefreshStrategy.REPUSH_TRACKING:
        # The hub is not asked, and what the store has is not written again.
        return
    free_at = cools_down_until(integration)
    if free_at is not None and now < free_at:
        raise RefreshRefused(
            _("%(account)s was asked to refresh this at %(time)s. Asking again is possible from %(free)s.")
            % {
                "account": integration.account,
                "time": clock(free_at - _cool_down()),
                "free": clock(free_at),
            }
        )


def is_paused(integration: Integration) -> bool:
    return integration.is_paused or not integration.account.is_active or not integration.store.is_active


def cools_down_until(integration: Integration) -> datetime | None:
    """Until when the hub, once asked, is left alone; it may be past. None: it was never asked."""
    # One that failed left the hub as it was, so it may be tried again at once.
    asked_at = (
        Refresh.objects.filter(integration=integration, asked_at__isnull=False)
        .exclude(outcome=RefreshOutcome.FAILED)
        .exclude(strategy=RefreshStrategy.REPUSH_TRACKING)
        .order_by("-asked_at")
        .values_list("asked_at", flat=True)
        .first()
    )
    return asked_at + _cool_down() if asked_at is not None else None


def clock(moment: datetime) -> str:
    """``13:42`` where a person reads it in their own zone, ``12:42 UTC`` where nobody's zone is known."""
    local = timezone.localtime(moment)
    zone = " UTC" if str(local.tzinfo) == str(UTC) else ""
    return f"{local:%H:%M}{zone}"


def _cool_down() -> timedelta:
    return timedelta(seconds=settings.SYNCWATCH_REFRESH_COOL_DOWN_S)


def _numbers_are_missing(integration: Integration) -> bool:
    """Whether missing numbers are what is wrong: neither orders, nor a setting that concerns numbers."""
    return Verdict.objects.filter(
        integration=integration, cause=ConditionKind.TRACKING, rule__in=NUMBERS_MISSING
    ).exists()
