"""What the page of one integration asks about who lets its hub pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import median

from django.utils.translation import gettext

from integrations.access.explaining import Explanation, explain, guest_of
from integrations.access.fixes import Fix
from integrations.access.fixes.choosing import fixes_for
from integrations.access.records import Cell, Diagnosis, Examination, Question, Severity
from integrations.contracts import PhaseTimings
from integrations.models import Integration
from integrations.registry import adapter_class, addresses, user_agents
from monitor import examinations
from monitor.dashboard.access_grid import Grid, grid_of
from monitor.models import CellChange, Job, StoreExamination
from monitor.models.work import JobKind

CHANGES_SHOWN = timedelta(days=1)
SOON = timedelta(seconds=10)
OLD_AFTER = 3
"""Intervals without an examination, after which what is shown may be no longer true."""
_PRODUCTS = {"nginx": "nginx", "apache": "Apache", "htaccess": "Apache", "modsecurity": "ModSecurity"}
_SHAPES = {Severity.FAIL: "fail", Severity.WARN: "late", Severity.INFO: "ok"}


@dataclass(frozen=True, slots=True)
class Offer:
    """A change to make, and its place on the page."""

    fix: Fix
    key: str
    """Of its own within the page."""
    is_open: bool
    """It is shown before anybody asks for it."""

    @property
    def product(self) -> str:
        """Whose configuration it changes, where only that tells it from others; else empty."""
        return _PRODUCTS.get(self.fix.place.partition("_")[0], "") if self.fix.is_guess else ""


@dataclass(frozen=True, slots=True)
class Found:
    """A diagnosis in the reader's language, and what to change."""

    number: int
    """Its place: 0 is the root cause."""
    diagnosis: Diagnosis
    said: Explanation
    fixes: Sequence[Fix]

    @property
    def offers(self) -> list[Offer]:
        """The changes that may help, best first."""
        return [
            Offer(fix, f"{self.number}-{place}", is_open=not self.number and not place)
            for place, fix in enumerate(self.fixes)
        ]

    @property
    def shape(self) -> str:
        return _SHAPES[self.diagnosis.severity]


class Access:
    """Each property costs at most one query."""

    def __init__(self, integration: Integration, now: datetime) -> None:
        self.integration = integration
        self.now = now

    @cached_property
    def hub(self) -> str:
        """How the hub writes its own name."""
        return gettext(adapter_class(self.integration.account.kind).label)

    @cached_property
    def agents(self) -> tuple[str, ...]:
        """What the hub calls itself; empty: it never calls the store."""
        account = self.integration.account
        return user_agents(account.kind, account.settings, self.integration.store.platform)

    @cached_property
    def row(self) -> StoreExamination | None:
        """No query where the store was loaded with it."""
        row: StoreExamination | None = getattr(self.integration.store, "examination", None)
        return row

    @cached_property
    def examination(self) -> Examination | None:
        return examinations.load(self.row) if self.row else None

    @cached_property
    def job(self) -> Job | None:
        """The work of examining; None: nothing of the store is watched."""
        jobs = Job.objects.filter(kind=JobKind.STORE_EXAMINATION, target_id=self.integration.store_id)
        return jobs.first()

    @property
    def is_at_work(self) -> bool:
        """It is being examined."""
        until = self.job.lease_until if self.job else None
        return until is not None and until > self.now

    @property
    def is_under_way(self) -> bool:
        """It is being examined, or will be in a moment."""
        return self.is_at_work or (self.job is not None and self.job.due_at <= self.now + SOON)

    @property
    def is_old(self) -> bool:
        """Why is not known here: the work's last message may tell."""
        if self.row is None or self.job is None:
            return False
        return self.now - self.row.at > OLD_AFTER * timedelta(seconds=self.job.interval_s)

    @cached_property
    def grid(self) -> Grid | None:
        if self.examination is None:
            return None
        since = self.now - CHANGES_SHOWN
        changes = CellChange.objects.filter(store=self.integration.store_id, at__gt=since)
        return grid_of(self.examination, self.agents, changes.order_by("-at"))

    @cached_property
    def found(self) -> list[Found]:
        """What concerns this hub, root cause first."""
        if self.row is None or self.examination is None:
            return []
        account = self.integration.account
        networks = addresses(account.kind, account.settings)
        guest = guest_of(self.hub, self.agents, networks, self.examination)
        mine = set(self.agents)
        concern = [
            diagnosis
            for diagnosis in examinations.diagnoses(self.row)
            if not diagnosis.agents or mine & set(diagnosis.agents)
        ]
        # A remark never stands in the place of the root cause.
        concern.sort(key=lambda diagnosis: diagnosis.severity is Severity.INFO)
        return [
            Found(
                number,
                diagnosis,
                explain(diagnosis, guest, self.examination),
                fixes_for(diagnosis, guest, self.examination),
            )
            for number, diagnosis in enumerate(concern)
        ]

    @property
    def troubles(self) -> list[Found]:
        """What somebody suffers from, or soon will."""
        return [one for one in self.found if one.diagnosis.severity is not Severity.INFO]

    @property
    def remarks(self) -> list[Found]:
        """What is only worth knowing."""
        return [one for one in self.found if one.diagnosis.severity is Severity.INFO]

    @property
    def is_quiet(self) -> bool:
        """Nothing stands in the hub's way, and nothing has changed."""
        return (
            self.grid is not None and self.grid.lets_hub_pass and not self.troubles and not self.grid.changes
        )

    @cached_property
    def _answered(self) -> list[Cell]:
        cells = self.examination.answers(Question.MATRIX) if self.examination else ()
        return [cell for cell in cells if cell.call.status is not None]

    @property
    def took(self) -> PhaseTimings | None:
        """The median of each phase, in milliseconds. None: nothing was answered.

        Only requests that made a connection tell how long that takes.
        """
        timings = [cell.call.timings for cell in self._answered]
        if not timings:
            return None
        connecting = [one for one in timings if one.connect] or timings
        return PhaseTimings(
            resolve=median(one.resolve for one in connecting),
            connect=median(one.connect for one in connecting),
            tls=median(one.tls for one in connecting),
            wait=median(one.wait for one in timings),
            transfer=median(one.transfer for one in timings),
        )

    @property
    def answers_in_ms(self) -> int | None:
        """From sending a question to the end of its answer; None: nothing was answered."""
        took = self.took
        return None if took is None else max(1, round(took.wait + took.transfer))

    @property
    def addresses(self) -> tuple[str, ...]:
        """What the store's name resolves to."""
        name = self.examination.surroundings.name if self.examination else None
        return (*name.ipv4, *name.ipv6) if name else ()

    @property
    def protocol(self) -> str:
        """``TLS 1.3``; empty: not known."""
        certificate = self.examination.surroundings.certificate if self.examination else None
        return certificate.protocol.replace("TLSv", "TLS ") if certificate else ""

    @property
    def certificate_days(self) -> int | None:
        """Whole days for which the certificate is valid; None: there is none, or it is not."""
        certificate = self.examination.surroundings.certificate if self.examination else None
        if certificate is None or certificate.expires_at is None or certificate.problem is not None:
            return None
        return max(0, (certificate.expires_at - self.now).days)
