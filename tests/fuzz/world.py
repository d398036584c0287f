"""Remotes of every kind behind one server, watched by the product: some will answer badly, some never."""

import time
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
import pytest

from integrations.http import Patience, RemoteClient
from integrations.models import Account, Integration, Store
from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import AccountSpec, IntegrationSpec, WorkspaceSpec
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from monitor.collect.claim import claim_these
from monitor.collect.judging import judge
from monitor.collect.plan import ensure_jobs
from monitor.collect.run import run
from monitor.models import (
    Call,
    CellChange,
    CheckResult,
    Condition,
    EdgeChange,
    EventHour,
    HubState,
    Job,
    Progress,
    RateLimit,
    Shipment,
    StoreExamination,
    StoreState,
    Verdict,
)
from monitor.models.work import JobKind
from tests.fuzz.front import Front, Mount, running_front

BAD_SHOPS = ("shopify", "woocommerce", "magento", "prestashop")
BAD_ACCOUNTS = ("hub", "loyalty", "zones", "other")
BAD = (*BAD_SHOPS, *BAD_ACCOUNTS)
"""One of each adapter: every store, every hub, every edge."""
GOOD_SHOPS = ("calm", "fronted")
TOLERANCE_S = 3_600
OLD = timedelta(hours=3)
HASTE = Patience(connect=1.0, read=0.3, whole=0.6)
"""With a remote that answers badly; nobody waits half a minute for a test."""

OF_STORE = (
    JobKind.STORE_ORDERS,
    JobKind.STORE_ACCESS,
    JobKind.STORE_EXAMINATION,
    JobKind.STORE_CHECK,
    JobKind.STORE_TRACKING,
)
OF_ACCOUNT = (JobKind.HUB_STATE, JobKind.HUB_ARRIVALS, JobKind.HUB_EVENTS)
OF_INTEGRATION = (JobKind.HUB_SHIPMENTS, JobKind.HUB_CHECK, JobKind.HUB_HISTORY)


@dataclass
class World:
    """What is watched. Time stands still."""

    sandbox: Sandbox
    front: Front
    now: datetime
    remote_of: dict[int, str] = field(default_factory=dict)
    """Job -> the mount that it asks."""
    cursors: dict[int, dict[str, str]] = field(default_factory=dict)
    provable: set[tuple[int, str]] = field(default_factory=set)
    """(integration, condition) that are ok while all remotes are well: only these can tell a mistake."""
    checks: set[tuple[str, int, str, str]] = field(default_factory=set)
    """The checks that are ok while all remotes are well."""
    complaints: list[str] = field(default_factory=list)
    """What the batch logged of failures that are bugs."""
    tried: int = 0
    """Requests that were answered badly, or with changes."""
    batches: int = 0
    last_s: float = 0.0
    """What the newest batch took, and by how much it grew the process."""
    last_mb: float = 0.0
    longest_s: float = 0.0
    largest_mb: float = 0.0

    @cached_property
    def calm(self) -> set[int]:
        """The integrations of the good neighbour."""
        return set(Integration.objects.filter(store__name="calm").values_list("pk", flat=True))

    def jobs(self, kinds: Iterable[str] = JobKind.values) -> list[Job]:
        return list(Job.objects.filter(kind__in=kinds).exclude(kind=JobKind.LEARN).order_by("id"))

    def run_all(self) -> None:
        ids = [job.pk for job in self.jobs()]
        run(claim_these(ids, self.now), self.now)

    def run_batch(self) -> None:
        """One batch of all jobs that ask a remote which may be bad, and of those of the good neighbours."""
        ids = [job.pk for job in self.jobs() if self.is_of_interest(job)]
        self.complaints.clear()
        self.batches += 1
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak
        before, began = peak_memory_mb(), time.monotonic()
        run(claim_these(ids, self.now), self.now)
        self.last_s, self.last_mb = time.monotonic() - began, peak_memory_mb() - before
        self.longest_s = max(self.longest_s, self.last_s)
        self.largest_mb = max(self.largest_mb, self.last_mb)
        self.tried += sum(sum(mount.spoiled.values()) for mount in self.front.mounts.values())

    def is_of_interest(self, job: Job) -> bool:
        if self.remote_of[job.pk] in BAD:
            return True
        return job.kind not in OF_INTEGRATION or job.target_id in self.calm

    def forget(self) -> None:
        """As if hours had passed since the last good look: what is known is old, nothing is judged."""
        before = self.now - OLD
        self._unjudge()
        Verdict.objects.update(state="unknown", cause="", rule="not_read_yet", since=before, judged_at=before)
        for model in (Call, CellChange, CheckResult, StoreExamination, StoreState):
            model.objects.all().delete()
        for model in (EdgeChange, EventHour, RateLimit, HubState):
            model.objects.all().delete()
        Shipment.objects.update(reached_at=None, looked_at=None)
        Progress.objects.update(newest_tracked_due_at=None)
        for integration in Integration.objects.filter(account__kind="sendcloud", store__name="calm"):
            Job.objects.get_or_create(
                kind=JobKind.HUB_HISTORY,
                target_id=integration.pk,
                defaults={"account_id": integration.account_id, "due_at": self.now, "interval_s": 0},
            )
        jobs = self.jobs()
        for job in jobs:
            if job.pk not in self.remote_of:
                self.remote_of[job.pk] = self._remote(job)
            job.cursor = self.cursors.get(job.pk, self.cursors.get(-1, {}))
            # What no batch here asks is known, and still fresh.
            job.last_ok_at = before if self.is_of_interest(job) else self.now
            job.caught_up_at, job.due_at, job.last_started_at = before, self.now, None
            job.last_error, job.last_message, job.failures = "", "", 0
            job.lease_until = job.lease_token = None
        Job.objects.bulk_update(
            jobs,
            [
                "cursor", "last_ok_at", "caught_up_at", "due_at", "last_started_at", "last_error",
                "last_message", "failures", "lease_until", "lease_token",
            ],
        )  # fmt: skip
        self.front.heal()

    def _unjudge(self) -> None:
        Condition.objects.update(
            state="unknown", rule="not_read_yet", evidence={}, since=self.now - OLD, observed_at=None,
            candidate_state="", candidate_since=None, candidate_count=0,
        )  # fmt: skip

    def judged_ok(self) -> set[tuple[int, str]]:
        """(integration, condition) that are ok now, or would be if nothing had been held before."""
        held = ok_conditions()
        self._unjudge()
        judge(list(Integration.objects.values_list("pk", flat=True)), self.now + timedelta(seconds=60))
        return held | ok_conditions()

    def _remote(self, job: Job) -> str:
        if job.kind == JobKind.STORE_EDGE:
            return "zones"
        if job.kind in OF_STORE:
            return Store.objects.get(pk=job.target_id).name
        if job.kind in OF_ACCOUNT:
            return Account.objects.get(pk=job.target_id).name
        return Integration.objects.get(pk=job.target_id).account.name

    def learn_what_is_good(self) -> None:
        """One kind of job after the other, while every remote is well."""
        ensure_jobs(self.now)
        self.forget_cursors()
        self.run_all()
        Progress.objects.update(learned_event_ratio=0.93)
        for job in self.jobs():
            if job.cursor:
                self.cursors[job.pk] = job.cursor
        self.cursors[-1] = next(job.cursor for job in self.jobs([JobKind.HUB_ARRIVALS]))
        self.forget()
        self.run_batch()
        self.provable = self.judged_ok()
        self.checks = ok_checks()

    def forget_cursors(self) -> None:
        Job.objects.filter(kind=JobKind.HUB_HISTORY).delete()


def ok_conditions() -> set[tuple[int, str]]:
    return set(Condition.objects.filter(state="ok").values_list("integration_id", "kind"))


def ok_checks() -> set[tuple[str, int, str, str]]:
    return set(CheckResult.objects.filter(state="ok").values_list("source", "target_id", "code", "subject"))


def peak_memory_mb() -> float:
    """The most this process held since :func:`forget_peak`."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


class _Log:
    """Stands in for the batch's log: keeps what would be a bug."""

    def __init__(self, kept: list[str]) -> None:
        self._kept = kept

    def bind(self, **_context: Any) -> "_Log":
        return self

    def info(self, _event: str, **_context: Any) -> None:
        pass

    def warning(self, event: str, **context: Any) -> None:
        self._kept.append(f"{event} {context}")

    def exception(self, event: str, **context: Any) -> None:
        self._kept.append(f"{event} {context}\n{traceback.format_exc(limit=-6)}")


@contextmanager
def running_world(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    names = (*BAD_SHOPS, *GOOD_SHOPS)
    links = [
        *((number, "hub", name) for number, name in enumerate((*BAD_SHOPS, "calm"), start=1)),
        *((number, "well", name) for number, name in enumerate(names, start=11)),
    ]
    fleet = small_fleet(
        [shop(name, name if name in BAD_SHOPS else "woocommerce") for name in names],
        accounts=tuple(AccountSpec(name, name.title(), gets_per_minute=10**9) for name in ("hub", "well")),
        integrations=tuple(IntegrationSpec(*link) for link in links),
        workspaces=(WorkspaceSpec("loyalty", "Loyalty", ("calm",)),),
    )
    with running_sandbox(fleet, folder) as sandbox:
        _live(sandbox, names, [number for number, _, _ in links])
        now = sandbox.now()
        mounts = {f"/{name}": Mount(sandbox.store_url(name)) for name in names}
        mounts |= {f"/{name}": Mount(sandbox.hub_url) for name in ("hub", "well")}
        mounts["/loyalty"] = Mount(sandbox.workspace_url("loyalty"))
        mounts["/zones"] = Mount(sandbox.edge_url)
        mounts["/other"] = Mount("", _described(sandbox, now))
        with running_front(mounts) as front:
            bad = tuple(f"{front.url}/{name}" for name in BAD)
            monkeypatch.setattr(
                "integrations.opening.RemoteClient",
                lambda url, **rest: RemoteClient(
                    url, patience=HASTE if url.startswith(bad) else None, **rest
                ),
            )
            monkeypatch.setattr("monitor.nudge.app.send_task", lambda name, **_: None)
            _connect(sandbox, front, links)
            world = World(sandbox, front, now)
            world.learn_what_is_good()
            monkeypatch.setattr("monitor.collect.run.log", _Log(world.complaints))
            yield world


def _live(sandbox: Sandbox, shops: Iterable[str], integrations: Iterable[int]) -> None:
    """Two days of orders; all are fetched and labelled, and the shops are told."""
    now = sandbox.now()
    for hour in range(30, 1, -7):
        for name in shops:
            sandbox.add_orders(name, 2 if name != "calm" else 6, at=now - timedelta(hours=hour))
    for number in integrations:
        sandbox.import_now(number)
        sandbox.ship_now(number)
    sandbox.advance(timedelta(minutes=3))
    for number in integrations:
        sandbox.import_now(number)


def _described(sandbox: Sandbox, now: datetime) -> dict[str, bytes]:
    """The answers of a hub that its operator describes, which has every order of ``calm``."""
    rows = [
        {"integration_id": "calm", "order_id": key, "arrived_at": (now - timedelta(hours=1)).isoformat()}
        for key in sandbox.order_ids("calm")
    ]
    listed = {
        "integration_id": "calm",
        "shop_url": "https://calm.example",
        "last_fetched_at": now.isoformat(),
    }
    listed["external_id"] = "calm"
    return {
        "shops": orjson.dumps({"data": [listed], "next": None}),
        "arrivals": orjson.dumps({"data": rows, "next": None}),
    }


def _connect(sandbox: Sandbox, front: Front, links: Iterable[tuple[int, str, str]]) -> None:
    source = {"items": "data", "next": "next"}
    more = {
        "loyalty": ("braze", sandbox.workspace_credentials("loyalty"), {"any_host": True}),
        "zones": ("cloudflare", sandbox.edge_credentials(), {"check_dns": False}),
        "other": (
            "generic",
            {"token": "sesame-open"},
            {
                "integrations": {**source, "url": f"{front.url}/other/shops"},
                "arrivals": {**source, "url": f"{front.url}/other/arrivals"},
            },
        ),
    }
    more |= {name: ("sendcloud", sandbox.account_credentials(name), {}) for name in ("hub", "well")}
    accounts = {
        name: Account.objects.create(
            name=name, kind=kind, url=f"{front.url}/{name}", credentials=credentials, settings=settings,
            requests_per_minute=600_000,
        )
        for name, (kind, credentials, settings) in more.items()
    }  # fmt: skip
    stores = {
        name: Store.objects.create(
            name=name,
            platform=sandbox.fleet.shop(name).platform,
            url=f"{front.url}/{name}",
            credentials=sandbox.store_credentials(name),
            edge=accounts["zones"] if name == "fronted" else None,
            edge_host="www.fronted.example" if name == "fronted" else "",
        )
        for name in (*BAD_SHOPS, *GOOD_SHOPS)
    }
    wanted = [*((str(number), account, name) for number, account, name in links)]
    wanted += [("calm.myshopify.com", "loyalty", "calm"), ("calm", "other", "calm")]
    for external_id, account, name in wanted:
        Integration.objects.create(
            name=f"{name}-{account}", account=accounts[account], store=stores[name], external_id=external_id,
            tolerance_s=TOLERANCE_S,
        )  # fmt: skip
