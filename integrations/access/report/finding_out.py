"""Asks one address everything, concludes, and finds what to change."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from time import monotonic
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from integrations.access.examine import examine
from integrations.access.explaining import explain, guest_of
from integrations.access.fixes.choosing import fixes_for
from integrations.access.reasoning import diagnose
from integrations.access.records import (
    Cause,
    Cell,
    Confidence,
    Diagnosis,
    Examination,
    Layer,
    Question,
    Severity,
    Subject,
)
from integrations.access.report.hubs import known_addresses, known_agents
from integrations.access.report.recognising import recognise_shop
from integrations.access.report.records import Finding, Report, Shop, Wanted
from integrations.access.surroundings import look_around
from integrations.access.surroundings.redirects import difference
from integrations.guard import GuardPolicy
from integrations.http import Patience, RemoteClient
from integrations.registry import adapter_class

LONGEST_CONNECT_S = 5.0

Told = Callable[[str], None]
"""Is told, in a few words, what is being done."""


async def find_out(wanted: Wanted, *, policy: GuardPolicy, now: datetime, told: Told) -> Report:
    """Changes nothing, and stores nothing.

    Raises AddressRefused for what is no address or a private one, NotRecognised where something answers
    that is no shop. Whatever else is in the way is what is reported.
    """
    began = monotonic()
    patience = Patience(min(LONGEST_CONNECT_S, wanted.timeout_s), wanted.timeout_s, wanted.timeout_s)
    told(_("Looking for the shop"))
    shop = await recognise_shop(wanted, policy=policy, patience=patience, now=now)
    agents = wanted.agents or known_agents(wanted.hub, shop.platform)
    async with RemoteClient(shop.url, policy=policy, patience=patience) as http:
        examination = await _examined(http, shop, agents, wanted, policy=policy, now=now, told=told)
    found = [*diagnose(examination, (), wanted.log)]
    if shop.doubt is not None and not any(one.severity is Severity.FAIL for one in found):
        raise shop.doubt
    if shop.moved_from:
        found.insert(_place_of_a_warning(found), _moved(shop))
    guest = guest_of(
        str(adapter_class(wanted.hub).label),
        agents,
        wanted.addresses or known_addresses(wanted.hub),
        examination,
    )
    return Report(
        shop=shop,
        guest=guest,
        examination=examination,
        findings=tuple(
            Finding(one, explain(one, guest, examination), tuple(fixes_for(one, guest, examination)))
            for one in found
        ),
        took_s=round(monotonic() - began, 2),
        log_is_silent=wanted.log is not None and not wanted.log.refusals,
    )


async def _examined(
    http: RemoteClient,
    shop: Shop,
    agents: Sequence[str],
    wanted: Wanted,
    *,
    policy: GuardPolicy,
    now: datetime,
    told: Told,
) -> Examination:
    """Asked one after the other, while name, certificate and redirects are looked at beside it."""
    plan = adapter_class(shop.platform).plan
    root = f"{shop.url}/{shop.api_root}"
    progress = _Progress(len(plan.methods) * (len(set(agents)) + 1), told)
    looking = asyncio.create_task(look_around(root, policy=policy, now=now))
    try:
        examination = await examine(
            http,
            plan,
            root,
            platform=shop.platform,
            agents=agents,
            now=now,
            pause_s=wanted.pause_s,
            told=progress,
        )
        return replace(examination, surroundings=await looking)
    finally:
        looking.cancel()


class _Progress:
    """Counts the requests that were answered."""

    def __init__(self, planned: int, told: Told) -> None:
        self._planned = planned
        self._told = told
        self._done = 0

    def __call__(self, cell: Cell) -> None:
        self._done += 1
        if cell.question is not Question.MATRIX:
            self._told(_("Asking further"))
            return
        sentence = _("Asked %(done)d of %(planned)d: %(method)s as %(agent)s")
        self._told(
            sentence
            % {"done": self._done, "planned": self._planned, "method": cell.method, "agent": cell.agent}
        )


def _place_of_a_warning(found: Sequence[Diagnosis]) -> int:
    """Behind what is worse."""
    return next((i for i, one in enumerate(found) if one.severity is not Severity.FAIL), len(found))


def _moved(shop: Shop) -> Diagnosis:
    """The address as it was typed leads elsewhere: bad where a hub has it like that."""
    before = urlsplit(shop.moved_from)
    reason = difference(shop.moved_from, shop.url)
    return Diagnosis(
        cause=Cause.REDIRECT,
        layer=Layer.SERVER,
        subject=Subject.ADDRESS_WRITTEN,
        confidence=Confidence.CERTAIN,
        severity=Severity.WARN,
        path=before.path or "/",
        values={
            "asked": shop.moved_from,
            "location": shop.url,
            "reason": reason,
            "host": before.hostname or "",
        },
    )
