"""Examining who lets a store's hubs pass, and keeping what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, Subquery

from integrations.access.examine import examine
from integrations.access.reasoning import diagnose
from integrations.access.records import Diagnosis, Examination
from integrations.access.surroundings import look_around
from integrations.adapters import KeepsLog
from integrations.contracts import HubFailure
from integrations.models import Integration, Store
from integrations.opening import open_store
from integrations.registry import offers, user_agents
from monitor import examinations
from monitor.collect.claim import Claimed, fence
from monitor.collect.facts import hub_failures
from monitor.collect.jobs import user_agents_of
from monitor.models import CellChange, HubState, StoreExamination

if TYPE_CHECKING:
    from monitor.collect.run import Batch

CONFIRM_AFTER = timedelta(seconds=60)
"""How soon something new is looked at once more: nobody is told of what was seen once."""


async def store_examination(batch: Batch, job: Claimed) -> timedelta | None:
    """Asks a store every question its hubs may ask, and concludes who refuses what.

    Returns when to examine again, if that is sooner than usual.
    """
    store = await batch.store(job.target_id)
    agents = await batch.database(user_agents_of, store)
    failures, has_log = await batch.database(_failures, store, batch.now)
    async with open_store(store.target(), store.platform, policy=batch.policy) as adapter:
        # The application's refusals are the proof of passage, so no credentials are sent.
        examination, surroundings = await asyncio.gather(
            examine(
                adapter.http,
                adapter.plan,
                adapter.root,
                platform=store.platform,
                agents=agents,
                now=batch.now,
                pause_s=settings.SYNCWATCH_EXAMINE_PAUSE_S,
            ),
            look_around(
                adapter.root,
                policy=batch.policy,
                now=batch.now,
                witnesses=settings.SYNCWATCH_WITNESSES,
            ),
        )
    examination = replace(examination, surroundings=surroundings)
    found = diagnose(examination, failures, has_log=has_log)
    is_to_confirm = await batch.database(_store, job, store.pk, examination, found, batch.moment)
    return CONFIRM_AFTER if is_to_confirm else None


def _failures(store: Store, now: datetime) -> tuple[list[HubFailure], bool]:
    """What the hubs met at the store since they last fetched, newest first; and whether every hub that calls
    it tells: of one that does not, another's empty log proves nothing."""
    integrations = Integration.objects.filter(store=store, is_paused=False, account__is_active=True)
    newest = HubState.objects.filter(integration=OuterRef("pk")).order_by("-at", "-id")
    rows = integrations.annotate(fetched_at=Subquery(newest.values("last_fetched_at")[:1]))
    hubs = list(rows.values_list("id", "fetched_at", "account__kind", "account__settings"))
    found = hub_failures({pk: fetched_at for pk, fetched_at, _kind, _settings in hubs}, now)
    failures = [failure for each in found.values() for failure in each]
    callers = {kind for _pk, _at, kind, chosen in hubs if user_agents(kind, chosen, store.platform)}
    has_log = bool(callers) and all(offers(kind, KeepsLog) for kind in callers)
    return sorted(failures, key=lambda failure: failure.at, reverse=True), has_log


@transaction.atomic
def _store(
    job: Claimed, store_id: int, examination: Examination, found: Sequence[Diagnosis], ended_at: datetime
) -> bool:
    """Keeps an examination in place of the one before, as of when it ended: a probe of the same batch, which
    is as old as the batch, must not seem newer than what it did not see.

    Returns whether something else is wrong than was until then. A second look that finds yet another thing
    is not looked at once more: shops that answer now so, now otherwise would be asked without end.
    """
    fence(job)
    before = StoreExamination.objects.filter(store=store_id).first()
    suffers = examinations.fingerprint(found)
    earlier = examinations.load(before) if before is not None else None
    if earlier is not None:
        CellChange.objects.bulk_create(examinations.changes(earlier, examination, store_id))
    same = before is not None and before.fingerprint == suffers
    StoreExamination.objects.update_or_create(
        store_id=store_id,
        defaults={
            "at": ended_at,
            "document": examinations.dump(examination),
            "diagnoses": examinations.dump_diagnoses(found),
            "severity": examinations.worst(found),
            "fingerprint": suffers,
            "since": before.since if before is not None and same else ended_at,
        },
    )
    if before is None:
        return bool(suffers)
    was_to_confirm = bool(before.fingerprint) and before.since == before.at
    return not same and not was_to_confirm
