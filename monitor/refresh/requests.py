"""What people do about refreshes: ask for one, press the button in the hub's panel, cancel."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import gettext_noop as _noop

from integrations.contracts import ConditionKind
from integrations.errors import RemoteError
from integrations.models import Integration
from monitor import audit
from monitor.models import Refresh, User, Verdict
from monitor.models.refreshes import RefreshOutcome, RefreshStage, RefreshStrategy
from monitor.nudge import nudge
from monitor.refresh.evidence import standing
from monitor.refresh.hub import abilities

ADVANCE = "monitor.refresh.tasks.advance"
WATCH_FOR = timedelta(minutes=10)
WAIT_FOR_PERSON = timedelta(hours=24)


NUMBERS_MISSING = ("stopped", "missing")
"""The rules of ``tracking`` that say so."""
MOST_ORDERS = 200
"""So many orders can be chosen at once."""
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


@transaction.atomic
def request(
    integration: Integration,
    *,
    user: User | None,
    actor: str,
    reason: str,
    strategy: str | None = None,
    only: Sequence[str] = (),
    now: datetime,
) -> Refresh:
    """Asks for a refresh. Permission is the caller's to check.

    ``strategy`` is, if not given, the first that is possible: missing numbers are written where they
    are what is wrong; else the hub is asked, orders are sent or touched, or a person presses. ``only``
    are the store's ids of the orders it is about; empty: all. Of two people at once the second is
    refused. Raises RefreshRefused.
    """
    # The lock makes two requests take turns; both would pass the checks otherwise.
    integration = (
        Integration.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account", "store")
        .get(pk=integration.pk)
    )
    chosen = _strategy(integration, strategy)
    _refuse_unless_possible(integration, chosen, now)
    panel = chosen is RefreshStrategy.PANEL
    refresh = Refresh.objects.create(
        integration=integration,
        requested_by=user,
        actor=actor[:150],
        reason=reason.strip()[:300],
        strategy=chosen,
        only=list(dict.fromkeys(key.replace("\0", "")[:80] for key in only))[:MOST_ORDERS],
        stage=RefreshStage.WAITING if panel else RefreshStage.QUEUED,
        detail=_noop("Waiting for somebody to press Refresh in the hub's panel.")
        if panel
        else _noop("Queued."),
        before=standing(integration.pk, now).to_json(),
        requested_at=now,
        give_up_at=now + WAIT_FOR_PERSON if panel else None,
        due_at=now + WAIT_FOR_PERSON if panel else now,
    )
    after = {"refresh": refresh.pk, "strategy": chosen.value, "reason": refresh.reason}
    audit.record(user, "refresh.request", integration, None, after, actor)
    transaction.on_commit(nudge(ADVANCE), robust=True)
    return refresh


def _refuse_unless_possible(integration: Integration, chosen: RefreshStrategy, now: datetime) -> None:
    if integration.is_paused or not integration.account.is_active or not integration.store.is_active:
        raise RefreshRefused(_("%(integration)s is paused. Resume it first.") % {"integration": integration})
    rows = Refresh.objects.filter(integration=integration)
    running = rows.filter(finished_at__isnull=True).first()
    if running:
        raise RefreshRefused(
            _("A refresh that %(actor)s asked for at %(time)s is still under way.")
            % {"actor": running.actor, "time": _clock(running.requested_at)}
        )
    if chosen is RefreshStrategy.REPUSH_TRACKING:
        # The hub is not asked, and what the store has is not written again.
        return
    # One that failed left the hub as it was, so it may be tried again at once.
    asked = (
        rows.filter(asked_at__isnull=False)
        .exclude(outcome=RefreshOutcome.FAILED)
        .exclude(strategy=RefreshStrategy.REPUSH_TRACKING)
        .order_by("-asked_at")
        .first()
    )
    cool_down = timedelta(seconds=settings.SYNCWATCH_REFRESH_COOL_DOWN_S)
    if asked and asked.asked_at and now < asked.asked_at + cool_down:
        raise RefreshRefused(
            _("%(account)s was asked to refresh this at %(time)s. Asking again is possible from %(free)s.")
            % {
                "account": integration.account,
                "time": _clock(asked.asked_at),
                "free": _clock(asked.asked_at + cool_down),
            }
        )


def _strategy(integration: Integration, wanted: str | None) -> RefreshStrategy:
    try:
        possible = abilities(integration)
    except RemoteError as error:
        raise RefreshRefused(str(error)) from error
    ways = possible.possible()
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


def _numbers_are_missing(integration: Integration) -> bool:
    """Whether missing numbers are what is wrong: neither orders, nor a setting that concerns numbers."""
    return Verdict.objects.filter(
        integration=integration, cause=ConditionKind.TRACKING, rule__in=NUMBERS_MISSING
    ).exists()


def _clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"


@transaction.atomic
def person_pressed(refresh: Refresh, now: datetime, user: User | None = None) -> Refresh:
    """Somebody opened the hub's panel to press Refresh: from now on its effect is watched.

    Doing it twice, or after the end, changes nothing. Returns the refresh as it is then.
    """
    pressed = Refresh.objects.filter(
        pk=refresh.pk, stage=RefreshStage.WAITING, finished_at__isnull=True
    ).update(
        stage=RefreshStage.WATCHING,
        asked_at=now,
        attempts=1,
        before=standing(refresh.integration_id, now).to_json(),
        detail=_noop("Refresh was pressed in the hub's panel; watching whether orders move."),
        give_up_at=now + WATCH_FOR,
        due_at=now,
    )
    refresh.refresh_from_db()
    if pressed:
        audit.record(
            user, "refresh.press", refresh.integration, None, {"refresh": refresh.pk}, _actor(refresh, user)
        )
        transaction.on_commit(nudge(ADVANCE), robust=True)
    return refresh


@transaction.atomic
def cancel(refresh: Refresh, *, user: User | None, now: datetime) -> Refresh:
    """Ends a refresh that is under way. The hub may have been asked already; that is not undone.

    Raises RefreshRefused when it has ended before.
    """
    rows = Refresh.objects.filter(pk=refresh.pk, finished_at__isnull=True)
    was_asked = rows.filter(asked_at__isnull=False).exists()
    ended = rows.update(
        stage=RefreshStage.DONE,
        outcome=RefreshOutcome.CANCELLED,
        detail=_noop("Cancelled after the hub had been asked.")
        if was_asked
        else _noop("Cancelled before the hub was asked."),
        after=standing(refresh.integration_id, now, asked_at=refresh.asked_at).to_json(),
        finished_at=now,
        lease_until=None,
        lease_token=None,
    )
    if not ended:
        raise RefreshRefused(_("This refresh has already ended."))
    refresh.refresh_from_db()
    audit.record(
        user, "refresh.cancel", refresh.integration, None, {"refresh": refresh.pk}, _actor(refresh, user)
    )
    return refresh


def _actor(refresh: Refresh, user: User | None) -> str:
    return user.get_username() if user else refresh.actor
