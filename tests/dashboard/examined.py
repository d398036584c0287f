"""What real examinations of sandbox shops leave behind, as rows that the pages show."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import NamedTuple

from integrations.access.examine import examine
from integrations.access.reasoning import diagnose
from integrations.access.records import (
    CertificateFacts,
    Diagnosis,
    Examination,
    NameFacts,
    Redirect,
    Surroundings,
)
from integrations.guard import GuardPolicy
from integrations.http import RemoteClient
from integrations.models import Integration
from integrations.registry import adapter_class, user_agents
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from monitor import examinations
from monitor.models import Job, StoreExamination
from monitor.models.work import JobKind

FAULTS = {
    "healthy": ("woocommerce", "", {}),
    "no_put": ("woocommerce", "method_refused", {"methods": "PUT,PATCH", "style": "nginx"}),
    "no_hub": ("magento", "firewall", {"pattern": "endcloud", "style": "nginx"}),
    "challenged": ("prestashop", "firewall", {"pattern": "endcloud", "style": "cloudflare_challenge"}),
    "shopify": ("shopify", "", {}),
}
"""What is broken, by the name under which tests ask for it: platform, fault and its parameters."""


class Examined(NamedTuple):
    examination: Examination
    diagnoses: Sequence[Diagnosis]


def examine_all(state: Path, now: datetime) -> dict[str, Examined]:
    """Asks a sandbox shop of each kind everything that there is to ask, over real HTTP."""
    shops = [shop(name.replace("_", "-"), platform) for name, (platform, _fault, _params) in FAULTS.items()]
    with running_sandbox(small_fleet(shops), state) as sandbox, ThreadPoolExecutor(1) as thread:
        for name, (_platform, fault, params) in FAULTS.items():
            if fault:
                sandbox.break_shop(name.replace("_", "-"), fault, **params)
        found = {
            name: thread.submit(
                asyncio.run, _examine(sandbox.store_url(name.replace("_", "-")), platform, now)
            ).result()
            for name, (platform, _fault, _params) in FAULTS.items()
        }
    return {name: Examined(one, diagnose(one)) for name, one in found.items()}


async def _examine(url: str, platform: str, now: datetime) -> Examination:
    plan = adapter_class(platform).plan
    policy = GuardPolicy(allowed_networks=[ip_network("127.0.0.0/8")])
    async with RemoteClient(url, policy=policy) as http:
        found = await examine(
            http,
            plan,
            f"{url}/{plan.default_root}",
            platform=platform,
            agents=user_agents("sendcloud", {}, platform),
            now=now,
        )
    return replace(found, surroundings=_surroundings(now))


def _surroundings(now: datetime) -> Surroundings:
    """As of a shop on the internet."""
    return Surroundings(
        NameFacts("shop.example", ("192.0.2.7", "192.0.2.8"), ("2001:db8::7",), ("shop.hoster.example",)),
        CertificateFacts(
            None, "", "TLSv1.3", ("shop.example",), "Some Authority",
            now - timedelta(days=29), now + timedelta(days=61, hours=3),
        ),
        (Redirect("http://shop.example/", 301, "https://shop.example/", "https"),),
    )  # fmt: skip


def examined(one: Integration, found: Examined, now: datetime, **changes) -> StoreExamination:
    """The newest examination of an integration's store, and the work that made it."""
    job_of(one, now)
    values = {
        "at": now - timedelta(minutes=3),
        "document": examinations.dump(found.examination),
        "diagnoses": examinations.dump_diagnoses(found.diagnoses),
        "severity": examinations.worst(found.diagnoses),
        "fingerprint": examinations.fingerprint(found.diagnoses),
        "since": now - timedelta(hours=2),
    }
    return StoreExamination.objects.create(store=one.store, **values | changes)


def job_of(one: Integration, now: datetime, **changes) -> Job:
    """The work of examining an integration's store, due in twelve minutes."""
    values = {"due_at": now + timedelta(minutes=12), "interval_s": 900} | changes
    return Job.objects.create(kind=JobKind.STORE_EXAMINATION, target_id=one.store_id, **values)
