"""Moving refreshes on: queued, asked, watched, done.

Whatever needs only the database happens in one transaction with the row locked, so a worker that
is killed leaves nothing half done. The request to the hub is the exception: it is announced in the row
(stage ``asking``, with a lease) before it is made. If the worker dies before the answer is recorded,
the next one asks again after the lease: the hub is asked twice only when the death fell between
the request and its record.
"""

import time
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from integrations.contracts import RefreshAnswer
from integrations.errors import (
    ConnectionFailed,
    NameNotFound,
    NotPossible,
    RateLimited,
    RemoteError,
    TimedOut,
)
from integrations.models import Account
from monitor.models import Refresh
from monitor.models.refreshes import RefreshOutcome, RefreshStage, RefreshStrategy
from monitor.refresh import hub, store_side
from monitor.refresh.evidence import standing
from monitor.refresh.requests import WATCH_FOR
from monitor.refresh.store_side import KEPT_ORDERS, Repushed
from monitor.refresh.watching import finish, watch
from monitor.wording.retold import as_stored

RUN_FOR = timedelta(seconds=20)
LEASE = hub.DEADLINE + timedelta(seconds=30)
AT_ONCE_PER_ACCOUNT = 2
"""More would wait for the account's rate limit and hold worker threads meanwhile."""
QUEUE_AGAIN = timedelta(seconds=3)
QUEUE_AGAIN_AT_MOST = timedelta(seconds=30)
ASK_AT_MOST = 3
RETRY_AFTER = timedelta(seconds=30)
_FROM_STORE = frozenset(
    {RefreshStrategy.PUSH_ORDERS, RefreshStrategy.REPUSH_TRACKING, RefreshStrategy.NUDGE_STORE}
)
_ENDS_AT_ONCE = frozenset({RefreshStrategy.REPUSH_TRACKING})


def advance(now: datetime) -> int:
    """Moves every refresh that is due by one stage, for about :data:`RUN_FOR`; returns how many.

    Safe to run in any number at once.
    """
    started, steps = time.monotonic(), 0
    elapsed = timedelta(0)
    while elapsed < RUN_FOR and step(now + elapsed):
        steps += 1
        # Asking takes real time, and an effect is credited only after the moment of asking.
        elapsed = timedelta(seconds=time.monotonic() - started)
    return steps


def step(now: datetime) -> bool:
    """Moves the refresh that is due longest by one stage; False when none is due."""
    with transaction.atomic():
        refresh = (
            due(now)
            .select_related("integration__account", "integration__store")
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("due_at", "pk")
            .first()
        )
        if refresh is None:
            return False
        with as_stored():
            to_ask = _in_transaction(refresh, now)
    if to_ask:
        with as_stored():
            _ask(refresh, now)
    return True


def due(now: datetime) -> QuerySet[Refresh]:
    """Refreshes of which something is to be done now."""
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    return Refresh.objects.filter(free, finished_at__isnull=True, due_at__lte=now)


def _in_transaction(refresh: Refresh, now: datetime) -> bool:
    """Everything that needs no network; whether the hub is to be asked."""
    match refresh.stage:
        case RefreshStage.WATCHING:
            watch(refresh, now)
        case RefreshStage.WAITING:
            sentence = _("Nobody pressed Refresh in the hub's panel within a day.")
            finish(refresh, RefreshOutcome.CANCELLED, sentence, now)
        case _:
            if refresh.integration.is_paused:
                finish(refresh, RefreshOutcome.CANCELLED, _("The integration was paused meanwhile."), now)
            elif refresh.attempts >= ASK_AT_MOST:
                sentence = refresh.detail or _("The hub could not be asked.")
                finish(refresh, RefreshOutcome.FAILED, sentence, now)
            else:
                return _announce(refresh, now)
    return False


def _announce(refresh: Refresh, now: datetime) -> bool:
    """Takes one of the account's places and records that the hub is about to be asked."""
    account = Account.objects.select_for_update(no_key=True).get(pk=refresh.integration.account_id)
    asking = Refresh.objects.filter(
        integration__account=account, stage=RefreshStage.ASKING, lease_until__gte=now
    ).exclude(pk=refresh.pk)
    if asking.count() >= AT_ONCE_PER_ACCOUNT:
        # Those behind many others need not look every few seconds.
        ahead = Refresh.objects.filter(
            integration__account=account, stage=RefreshStage.QUEUED, due_at__lte=now, pk__lt=refresh.pk
        ).count()
        refresh.due_at = now + min(QUEUE_AGAIN * (1 + ahead // AT_ONCE_PER_ACCOUNT), QUEUE_AGAIN_AT_MOST)
        refresh.save(update_fields=["due_at"])
        return False
    refresh.stage = RefreshStage.ASKING
    refresh.attempts += 1
    refresh.asked_at = now
    refresh.before = standing(refresh.integration_id, now).to_json()
    refresh.detail = (
        _("Reading the store's orders.")
        if refresh.strategy in _FROM_STORE
        else _("Asking %(account)s.") % {"account": account}
    )
    refresh.lease_token = uuid.uuid4()
    refresh.lease_until = now + LEASE
    refresh.save()
    return True


def _ask(refresh: Refresh, now: datetime) -> None:
    try:
        answer = _carry_out(refresh, now)
    except NotPossible as error:
        _fail(refresh, now, str(error))
    except RemoteError as error:
        if isinstance(error, NameNotFound | RateLimited) or _never_arrived(error):
            wait = max(error.retry_after or RETRY_AFTER, RETRY_AFTER)
            _record(refresh, stage=RefreshStage.QUEUED, due_at=now + wait, detail=str(error))
        elif isinstance(error, TimedOut | ConnectionFailed) and refresh.strategy not in _ENDS_AT_ONCE:
            # The request may well have arrived: the effect decides.
            _watch_from_here(refresh, now, str(error))
        else:
            _fail(refresh, now, str(error))
    else:
        if answer is None:
            return
        if answer.accepted:
            _watch_from_here(refresh, now, answer.detail)
        else:
            _fail(refresh, now, answer.detail)


def _carry_out(refresh: Refresh, now: datetime) -> RefreshAnswer | None:
    """Does what the strategy says. None: it has ended and is recorded, there is nothing to watch."""
    integration = refresh.integration

    def tell(sentence: str) -> None:
        _mine(refresh).update(detail=sentence[:300])

    match refresh.strategy:
        case RefreshStrategy.PUSH_ORDERS:
            system = hub.system_of(integration)
            sent = store_side.push_orders(integration, refresh.only, system=system, now=now, tell=tell)
            return RefreshAnswer(True, sent)
        case RefreshStrategy.NUDGE_STORE:
            return RefreshAnswer(True, store_side.nudge_store(integration, refresh.only, now=now, tell=tell))
        case RefreshStrategy.REPUSH_TRACKING:
            _record_repush(
                refresh, store_side.repush_tracking(integration, refresh.only, now=now, tell=tell), now
            )
            return None
        case _:
            return hub.ask(integration, now=now)


def _record_repush(refresh: Refresh, done: Repushed, now: datetime) -> None:
    """Writing numbers is verified by reading them back, so there is nothing to watch."""
    failed = bool(done.failed) and not done.written
    outcome = RefreshOutcome.FAILED if failed else RefreshOutcome.MOVED
    if not failed and not done.written:
        outcome = RefreshOutcome.NO_EFFECT
    after = standing(refresh.integration_id, now, asked_at=refresh.asked_at).to_json()
    _record(
        refresh,
        stage=RefreshStage.DONE,
        outcome=outcome,
        finished_at=now,
        after={**after, "orders": [order.to_json() for order in done.orders[:KEPT_ORDERS]]},
        detail=done.sentence(),
    )


def _never_arrived(error: RemoteError) -> bool:
    return isinstance(error, ConnectionFailed) and not error.broke_off


def _watch_from_here(refresh: Refresh, now: datetime, detail: str) -> None:
    _record(refresh, stage=RefreshStage.WATCHING, due_at=now, give_up_at=now + WATCH_FOR, detail=detail)


def _fail(refresh: Refresh, now: datetime, detail: str) -> None:
    _record(
        refresh,
        stage=RefreshStage.DONE,
        outcome=RefreshOutcome.FAILED,
        finished_at=now,
        after=standing(refresh.integration_id, now, asked_at=refresh.asked_at).to_json(),
        detail=detail,
    )


def _record(refresh: Refresh, *, detail: str, **changes: object) -> None:
    """Stores how asking went, unless the refresh was cancelled or taken over meanwhile."""
    assert refresh.asked_at is not None
    tries = [*refresh.tries, {"at": refresh.asked_at.isoformat(), "said": detail[:300]}]
    _mine(refresh).update(lease_until=None, lease_token=None, detail=detail[:300], tries=tries, **changes)


def _mine(refresh: Refresh) -> QuerySet[Refresh]:
    return Refresh.objects.filter(pk=refresh.pk, lease_token=refresh.lease_token, finished_at__isnull=True)
