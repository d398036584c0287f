"""What people do about refreshes: ask for one, press the button in the hub's panel, cancel."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations.models import Integration
from monitor import audit
from monitor.models import BulkRefresh, Refresh, User
from monitor.models.people import who_acted
from monitor.models.refreshes import RefreshOutcome, RefreshStage, RefreshStrategy
from monitor.nudge import nudge
from monitor.refresh.choosing import RefreshRefused, choose, refuse_unless_free
from monitor.refresh.evidence import standing
from monitor.wording.retold import as_stored

ADVANCE = "monitor.refresh.tasks.advance"
WATCH_FOR = timedelta(minutes=10)
WAIT_FOR_PERSON = timedelta(hours=24)
MOST_ORDERS = 200
"""So many orders can be chosen at once."""


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
    bulk: BulkRefresh | None = None,
    not_before: datetime | None = None,
) -> Refresh:
    """Asks for a refresh. Permission is the caller's to check.

    ``strategy`` is, if not given, what :func:`monitor.refresh.choosing.choose` finds. ``only`` are the
    store's ids of the orders it is about; empty: all. ``not_before`` keeps it in the queue until then.
    Of two people at once the second is refused, and told of the first. Raises RefreshRefused.
    """
    # The lock makes two requests take turns; both would pass the checks otherwise.
    integration = (
        Integration.objects.select_for_update(of=("self",), no_key=True)
        .select_related("account", "store")
        .get(pk=integration.pk)
    )
    chosen = choose(integration, strategy)
    refuse_unless_free(integration, chosen, now)
    panel = chosen is RefreshStrategy.PANEL
    refresh = Refresh.objects.create(
        integration=integration,
        bulk=bulk,
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
        due_at=now + WAIT_FOR_PERSON if panel else not_before or now,
    )
    after = {"refresh": refresh.pk, "strategy": chosen.value, "reason": refresh.reason}
    audit.record(user, "refresh.request", integration, None, after, actor)
    transaction.on_commit(nudge(ADVANCE), robust=True)
    return refresh


@transaction.atomic
def person_pressed(refresh: Refresh, now: datetime, user: User | None = None) -> Refresh:
    """Somebody opened the hub's panel to press Refresh: from now on its effect is watched.

    Doing it twice, or after the end, changes nothing. Returns the refresh as it is then.
    """
    with as_stored():
        said = _("%(actor)s opened the hub's panel to press Refresh.") % {
            "actor": user.called if user else refresh.actor
        }
    pressed = Refresh.objects.filter(
        pk=refresh.pk, stage=RefreshStage.WAITING, finished_at__isnull=True
    ).update(
        stage=RefreshStage.WATCHING,
        asked_at=now,
        attempts=1,
        tries=[{"at": now.isoformat(), "said": said}],
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
def cancel(refresh: Refresh, *, user: User | None, now: datetime, actor: str = "") -> Refresh:
    """Ends a refresh that is under way. The hub may have been asked already; that is not undone.

    Permission is the caller's to check. Raises RefreshRefused when it has ended before.
    """
    # Locked, so that the sentence says what is true: a worker may be about to ask at this moment.
    refresh = Refresh.objects.select_for_update(of=("self",)).select_related("integration").get(pk=refresh.pk)
    if refresh.finished_at is not None:
        raise RefreshRefused(_("This refresh has already ended."))
    who = actor or _actor(refresh, user)
    with as_stored():
        sentence = (
            _("Cancelled by %(actor)s before anything was asked.")
            if refresh.asked_at is None
            else _("Cancelled by %(actor)s. What had been sent by then is not taken back.")
        )
    refresh.stage = RefreshStage.DONE
    refresh.outcome = RefreshOutcome.CANCELLED
    refresh.detail = (sentence % {"actor": who_acted(user, who)})[:300]
    refresh.after = standing(refresh.integration_id, now, asked_at=refresh.asked_at).to_json()
    refresh.finished_at = now
    refresh.lease_until = refresh.lease_token = None
    refresh.save()
    audit.record(user, "refresh.cancel", refresh.integration, None, {"refresh": refresh.pk}, who)
    return refresh


def _actor(refresh: Refresh, user: User | None) -> str:
    return user.get_username() if user else refresh.actor
