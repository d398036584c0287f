"""Stores whose platform the file leaves out: kept as it is stored, or found out at their address."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from integrations.detection.detect import detect
from integrations.detection.records import Detected
from integrations.errors import RemoteError, TimedOut
from integrations.guard import GuardPolicy
from integrations.models import Store
from monitor.fleet.problems import Path, sentences

DEADLINE_S = 20
AT_ONCE = 8
"""Addresses that are asked at the same time."""


@dataclass(slots=True)
class Findings:
    """What is to be added to entries, and what is to be said about them."""

    entries: dict[int, dict[str, Any]] = field(default_factory=dict)
    """By position in ``stores``: the entry with what was found."""
    problems: list[tuple[Path, str]] = field(default_factory=list)
    warnings: list[tuple[Path, str]] = field(default_factory=list)


def find_platforms(entries: list[Any], now: datetime, *, ask: bool) -> Findings:
    """Looks up the entries without a platform; unless ``ask``, only among what is stored."""
    found = Findings()
    lacking = {
        index: entry
        for index, entry in enumerate(entries)
        if isinstance(entry, dict)
        and "platform" not in entry
        and isinstance(entry.get("name"), str)
        and isinstance(entry.get("url"), str)
    }
    names = {entry["name"] for entry in lacking.values()}
    stored = dict(Store.objects.filter(name__in=names).values_list("name", "platform"))
    for index, entry in lacking.items():
        if entry["name"] in stored:
            found.entries[index] = {**entry, "platform": stored[entry["name"]]}
    if ask:
        new = {index: entry for index, entry in lacking.items() if index not in found.entries}
        answers = asyncio.run(_ask({index: entry["url"] for index, entry in new.items()}, now))
        for index, answer in answers.items():
            _tell(found, index, new[index], answer)
    return found


async def _ask(addresses: Mapping[int, str], now: datetime) -> dict[int, Detected | RemoteError]:
    slots = asyncio.Semaphore(AT_ONCE)
    policy = GuardPolicy(settings.SYNCWATCH_ALLOWED_NETWORKS)

    async def one(url: str) -> Detected | RemoteError:
        try:
            async with slots, asyncio.timeout(DEADLINE_S):
                return await detect(url, policy=policy, now=now)
        except RemoteError as error:
            return error
        except TimeoutError:
            sentence = _("The address did not answer within %(seconds)d seconds.")
            return TimedOut(sentence % {"seconds": DEADLINE_S})

    answers = await asyncio.gather(*(one(url) for url in addresses.values()))
    return dict(zip(addresses, answers, strict=True))


def _tell(found: Findings, index: int, entry: Mapping[str, Any], answer: Detected | RemoteError) -> None:
    path: Path = ("stores", index, "url")
    if isinstance(answer, RemoteError):
        way_out = _("Or write platform: yourself.")
        found.problems.append((path, sentences(str(answer), answer.remedy, way_out)))
        return
    if answer.url.rstrip("/").lower() != entry["url"].rstrip("/").lower():
        message = _("leads to the shop at %(url)s; write that address.")
        found.problems.append((path, message % {"url": answer.url}))
    if answer.obstacle:
        found.warnings.append((path, sentences(answer.obstacle, answer.remedy)))
    filled = {**entry, "platform": answer.platform}
    if answer.time_zone:
        filled.setdefault("time_zone", answer.time_zone)
    given = entry.get("settings", {})
    if answer.settings and isinstance(given, dict):
        filled["settings"] = {**answer.settings, **given}
    found.entries[index] = filled
