"""Rows of the outbox: who is told, and under which Message-ID."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Max, Prefetch, Q, QuerySet

from integrations.models import Integration, Store
from monitor.alerts.channels import is_hook
from monitor.alerts.facts import NoticeFacts, Step
from monitor.alerts.quiet import GROUP, hold
from monitor.health.states import State
from monitor.models import Channel, Incident, Notice, Subscription
from monitor.nudge import nudge
from monitor.scope import scopes_of

DELIVER = "monitor.alerts.tasks.deliver"
TOGETHER = timedelta(seconds=60)
TOGETHER_GROUP = "opened "
"""What the group of openings that may share a mail begins with; when the first of them was follows."""


def mail_domain() -> str:
    """The right-hand side of our Message-IDs: the sender's domain when it is a public one."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return sender if "." in sender else urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def notice(
    step: str,
    incident: Incident | None,
    facts: NoticeFacts | None,
    *,
    recipient: str,
    language: str,
    time_zone: str,
    now: datetime,
    channel: str = "",
    context: Mapping[str, Any] | None = None,
) -> Notice:
    """An unsaved notice about ``facts``, or about another ``context``; due at once.

    Its Message-ID is fixed here, so that a mail sent twice is one mail to whoever receives it. ``channel``
    may be left to the recipient: what is no web-hook is a mail.
    """
    return Notice(
        incident=incident,
        step=step,
        channel=channel or (Channel.WEBHOOK if is_hook(recipient) else Channel.MAIL),
        recipient=recipient,
        language=language,
        time_zone=time_zone,
        context=facts.model_dump(mode="json") if facts else dict(context or {}),
        message_id=f"<{uuid4().hex}@{mail_domain()}>",
        created_at=now,
        due_at=now,
    )


def addressed(
    step: str,
    incident: Incident,
    facts: NoticeFacts,
    subscription: Subscription,
    *,
    now: datetime,
    opening: Notice | None = None,
) -> Notice:
    """An unsaved notice to a subscription, due at once or, where it can wait, after its quiet hours.

    ``opening`` is what told the recipient that the incident began.
    """
    row = notice(
        step,
        incident,
        facts,
        recipient=subscription.recipient,
        channel=subscription.channel,
        language=subscription.language,
        time_zone=subscription.time_zone,
        now=now,
    )
    hold(row, subscription, facts.state, now=now, opening=opening)
    return row


def subscribed() -> list[Subscription]:
    """The active subscriptions whose address takes notices, with what :func:`wants` asks for."""
    return ready(Subscription.objects.filter(is_active=True, bounced_at__isnull=True))


def ready(subscriptions: QuerySet[Subscription]) -> list[Subscription]:
    """These subscriptions with the keys of their stores, limited to what their person may see."""
    stores = Prefetch("stores", Store.objects.only("pk"))
    rows = list(subscriptions.defer("endpoint").prefetch_related(stores))
    scopes = scopes_of({row.user_id for row in rows if row.user_id is not None})
    for row in rows:
        row.scope_tags = scopes[row.user_id].tags if row.user_id is not None else None
        row.store_keys = frozenset(store.pk for store in row.stores.all())
    return rows


def wants(subscription: Subscription, integration: Integration, state: State) -> bool:
    """Whether a subscription (see :func:`ready`) is about this store and this severity: everything that it
    names must fit."""
    if state is State.WARN and not subscription.include_warnings:
        return False
    store = integration.store
    if subscription.scope_tags is not None and subscription.scope_tags.isdisjoint(store.tags):
        return False
    if subscription.tags and set(subscription.tags).isdisjoint(store.tags):
        return False
    if subscription.platforms and store.platform not in subscription.platforms:
        return False
    return not subscription.store_keys or store.pk in subscription.store_keys


def put(notices: Iterable[Notice], now: datetime) -> None:
    """Stores notices in the current transaction; one that exists already is left as it is."""
    rows = list(notices)
    if rows:
        alone = [row for row in rows if row.sent_with_id is None and not row.group]
        _bring_held_along([row for row in alone if row.step != Step.OPENED], now)
        _gather([row for row in alone if row.step == Step.OPENED], now)
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
        wake()


def wake() -> None:
    """Has what is due delivered as soon as the current transaction is committed."""
    transaction.on_commit(nudge(DELIVER), robust=True)


def _gather(openings: Sequence[Notice], now: datetime) -> None:
    """What opens within :data:`TOGETHER` for one recipient becomes one mail, but for the first of it: that
    goes at once, and alone where nothing else opened in the same moment."""
    if not openings:
        return
    recent = (
        Notice.objects.filter(
            recipient__in={row.recipient for row in openings},
            step=Step.OPENED,
            group__startswith=TOGETHER_GROUP,
            created_at__gt=now - TOGETHER,
        )
        .values_list("recipient")
        .annotate(newest=Max("group"))
    )
    groups = dict(recent)
    for row in openings:
        group = groups.get(row.recipient, "")
        begun = datetime.fromisoformat(group.removeprefix(TOGETHER_GROUP)) if group else None
        # The second is a clock that was set back: nothing may wait for an hour that comes twice.
        if begun is None or not timedelta(0) <= now - begun < TOGETHER:
            begun = now
        row.group = TOGETHER_GROUP + begun.isoformat(timespec="microseconds")
        row.due_at = now if begun == now else begun + TOGETHER


def _bring_held_along(passing: Sequence[Notice], now: datetime) -> None:
    """What is told in quiet hours takes along what was held about the same incident, in one mail."""
    if not passing:
        return
    held = Notice.objects.filter(
        Q(group__startswith=GROUP) | Q(sent_with__isnull=False),
        incident__in={row.incident_id for row in passing},
        sent_at__isnull=True,
        failed_at__isnull=True,
        due_at__gt=now,
        attempts=0,
    )
    waiting: dict[tuple[int | None, str], list[Notice]] = {}
    for row in held:
        waiting.setdefault((row.incident_id, row.recipient), []).append(row)
    for row in passing:
        mine = waiting.get((row.incident_id, row.recipient), ())
        if keys := [one.pk for one in mine if one.sent_with_id is None]:
            row.group = f"passing {row.incident_id} {now.isoformat(timespec='seconds')}"
            Notice.objects.filter(pk__in=keys).update(group=row.group, due_at=now)
        # A mail that is made up already goes out as it is.
        if leads := [one.sent_with_id for one in mine if one.sent_with_id is not None]:
            Notice.objects.filter(pk__in=leads).update(due_at=now)


def told(incident_ids: Sequence[int]) -> Mapping[int, Sequence[Notice]]:
    """The openings of these incidents that were sent or still will be."""
    openings: dict[int, list[Notice]] = {pk: [] for pk in incident_ids}
    for row in Notice.objects.filter(incident__in=incident_ids, step=Step.OPENED, failed_at__isnull=True):
        if row.incident_id is not None:
            openings[row.incident_id].append(row)
    return openings


def send_test_to(subscription: Subscription, *, now: datetime) -> Notice:
    """Puts a test notice into the outbox, on the way every other goes; also where the address was refused."""
    row = notice(
        Step.TEST,
        None,
        None,
        recipient=subscription.recipient,
        channel=subscription.channel,
        language=subscription.language,
        time_zone=subscription.time_zone,
        now=now,
    )
    row.save()
    wake()
    return row
