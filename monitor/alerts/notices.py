"""Rows of the outbox: who is told, and under which Message-ID."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from email.utils import parseaddr
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.db import transaction

from integrations.models import Integration
from monitor.alerts.facts import NoticeFacts, Step
from monitor.health.states import State
from monitor.models import Incident, Notice, Subscription
from monitor.nudge import nudge

DELIVER = "monitor.alerts.tasks.deliver"


def mail_domain() -> str:
    """The right-hand side of our Message-IDs: the sender's domain when it is a public one."""
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return sender if "." in sender else urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def notice(
    step: Step,
    incident: Incident | None,
    facts: NoticeFacts | None,
    *,
    recipient: str,
    language: str,
    time_zone: str,
    now: datetime,
) -> Notice:
    """An unsaved notice, due at once. Its Message-ID is fixed here, so that a mail sent twice is
    one mail to whoever receives it."""
    return Notice(
        incident=incident,
        step=step,
        recipient=recipient,
        language=language,
        time_zone=time_zone,
        context=facts.model_dump(mode="json") if facts else {},
        message_id=f"<{uuid4().hex}@{mail_domain()}>",
        created_at=now,
        due_at=now,
    )


def wants(subscription: Subscription, integration: Integration, state: State) -> bool:
    """Whether a subscription is about this store and this severity."""
    if state is State.WARN and not subscription.include_warnings:
        return False
    return not subscription.tags or not set(subscription.tags).isdisjoint(integration.store.tags)


def put(notices: Iterable[Notice]) -> None:
    """Stores notices in the current transaction; one that exists already is left as it is."""
    rows = list(notices)
    if rows:
        Notice.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(nudge(DELIVER), robust=True)


def told(incident_ids: Sequence[int]) -> Mapping[int, Sequence[Notice]]:
    """The openings of these incidents that were sent or still will be."""
    openings: dict[int, list[Notice]] = {pk: [] for pk in incident_ids}
    for row in Notice.objects.filter(incident__in=incident_ids, step=Step.OPENED, failed_at__isnull=True):
        if row.incident_id is not None:
            openings[row.incident_id].append(row)
    return openings


def send_test(email: str, *, language: str = "en", time_zone: str = "UTC", now: datetime) -> Notice:
    """Puts a test mail into the outbox, on the way every other notice goes."""
    row = notice(Step.TEST, None, None, recipient=email, language=language, time_zone=time_zone, now=now)
    row.save()
    transaction.on_commit(nudge(DELIVER), robust=True)
    return row
