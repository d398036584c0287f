"""How each account and store stands, and what is missing next: for the list of connections."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.core.paginator import Page, Paginator
from django.db.models import Case, Count, Q, When
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext as _
from pydantic import ValidationError

from integrations.models import Account, Store
from integrations.registry import EDGES, HUBS, STORES, adapter_class
from monitor.dashboard.faces import Face
from monitor.models import Job
from monitor.models.work import JobKind
from monitor.wording.retold import retold

STORES_PER_PAGE: Final = 50


@dataclass(frozen=True)
class Connection:
    """One row of the list."""

    row: Account | Store
    kind: str
    """The kind's name as people know it."""
    url: str
    integrations: int
    face: Face
    sentence: str
    """What is to be said of it; empty when all is well."""
    next_step: str = ""
    """What is missing; empty when nothing is."""


@dataclass(frozen=True)
class Kind:
    """A kind of hub or store that can be added."""

    name: str
    label: str
    url: str


def hub_kinds() -> list[Kind]:
    return [Kind(kind, kind_label(kind), reverse("connect-account-add", args=[kind])) for kind in HUBS]


def edge_kinds() -> list[Kind]:
    return [Kind(kind, kind_label(kind), reverse("connect-account-add", args=[kind])) for kind in EDGES]


def store_kinds() -> list[Kind]:
    return [Kind(kind, kind_label(kind), reverse("connect-store-add", args=[kind])) for kind in STORES]


def kind_label(kind: str) -> str:
    return _(adapter_class(kind).label)


def accounts() -> list[Connection]:
    """Every hub account, by name. Two queries."""
    jobs = _newest_jobs([JobKind.HUB_STATE, JobKind.HUB_ARRIVALS, JobKind.HUB_EVENTS])
    return [
        _connection(
            account,
            account.kind,
            url=reverse("connect-account", args=[account.name]),
            job=jobs.get(account.pk),
            integrations=account.count,
            without_any=_("Test the connection and choose which of its integrations to watch."),
        )
        for account in Account.objects.filter(kind__in=HUBS)
        .annotate(count=Count("integrations"))
        .order_by("name")
    ]


def edges() -> list[Connection]:
    """Every account that reads zones, by name, with the number of its stores. Two queries."""
    jobs = _newest_jobs([JobKind.STORE_EDGE], by_account=True)
    return [
        _connection(
            account,
            account.kind,
            url=reverse("connect-account", args=[account.name]),
            job=jobs.get(account.pk),
            integrations=account.count,
            without_any=_("Choose it on the page of each store that is behind it."),
        )
        for account in Account.objects.filter(kind__in=EDGES)
        .annotate(count=Count("edge_stores"))
        .order_by("name")
    ]


def stores(search: str, number: str | None) -> Page[Any]:
    """A page of :class:`Connection` of stores, those first in which something is missing, then by name.

    Three queries, however many there are. ``search`` is sought in names, addresses and tags.
    """
    failing = Job.objects.filter(kind=JobKind.STORE_ORDERS).exclude(last_error="").values("target_id")
    rows = Store.objects.annotate(count=Count("integrations"))
    if search:
        named = Q(title__icontains=search) | Q(name__icontains=search) | Q(url__icontains=search)
        rows = rows.filter(named | Q(tags__contains=[search]))
    order = Case(
        When(is_active=True, pk__in=failing, then=0), When(is_active=True, count=0, then=1), default=2
    )
    page: Page[Any] = Paginator(rows.order_by(order, Lower("title"), "name"), STORES_PER_PAGE).get_page(
        number
    )
    shown: list[Any] = list(page.object_list)
    jobs = _newest_jobs([JobKind.STORE_ORDERS], {store.pk for store in shown})
    page.object_list = [
        _connection(
            store,
            store.platform,
            url=reverse("connect-store", args=[store.name]),
            job=jobs.get(store.pk),
            integrations=store.count,
            without_any=_("Link it to a hub: test the hub's connection and choose this store."),
        )
        for store in shown
    ]
    return page


def _has_key(row: Account | Store, kind: str) -> bool:
    """Whether what is stored is enough for the kind; some hubs need no key at all."""
    try:
        adapter_class(kind).Credentials.model_validate(row.credentials)
    except ValidationError:
        return False
    return True


def _newest_jobs(
    kinds: Iterable[JobKind], targets: Collection[int] | None = None, *, by_account: bool = False
) -> dict[int, Job]:
    """By target, or by account: the job that failed, if one did, else the one that ran last.

    ``targets``: of these only; None: of all.
    """
    jobs: dict[int, Job] = {}
    rows = Job.objects.filter(kind__in=list(kinds)).order_by("last_ok_at")
    for job in rows if targets is None else rows.filter(target_id__in=targets):
        key = job.account_id if by_account else job.target_id
        known = jobs.get(key) if key is not None else None
        if key is not None and (known is None or not known.last_error):
            jobs[key] = job
    return jobs


def _connection(
    row: Account | Store, kind: str, *, url: str, job: Job | None, integrations: int, without_any: str
) -> Connection:
    def made(shape: str, word: str, sentence: str, next_step: str = "") -> Connection:
        return Connection(row, kind_label(kind), url, integrations, Face(shape, word), sentence, next_step)

    if not row.is_active:
        return made("paused", _("paused"), _("Nothing is read while it is not active."))
    if not _has_key(row, kind):
        return made("unknown", _("no key"), _("There is no key to read with yet."), _("Enter its key."))
    if not integrations:
        return made("unknown", _("not linked"), _("Nothing uses it yet."), without_any)
    if job is None or job.last_started_at is None:
        return made("unknown", _("waiting"), _("Not read yet; the first reading starts by itself."))
    if job.last_error:
        return made(
            "fail", _("not read"), retold(job.last_message), _("Test the connection to see what to do.")
        )
    return made("ok", _("read"), "")
