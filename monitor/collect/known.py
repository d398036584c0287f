"""What the jobs of a batch need to know of the database, looked up once for all of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q

from integrations.contracts import Outcome
from integrations.models import Account, Integration, Store
from monitor.collect.claim import Claimed
from monitor.models import Call
from monitor.models.work import OF_ACCOUNT, OF_STORE

SUCCESS_SAMPLE = timedelta(minutes=30)
"""How often a call that went well is kept."""


@dataclass(slots=True)
class Known:
    """Stores and accounts by id, and who is concerned by whom."""

    stores: dict[int, Store] = field(default_factory=dict)
    accounts: dict[int, Account] = field(default_factory=dict)
    integrations: Sequence[tuple[int, int, int]] = ()
    """(integration, store, account)"""
    sampled_stores: set[int] = field(default_factory=set)
    """Of which a call that went well was kept a short while ago."""
    sampled_accounts: set[int] = field(default_factory=set)

    def concerned(self, job: Claimed) -> set[int]:
        """The integrations about which a job finds something out."""
        place = 1 if job.kind in OF_STORE else 2 if job.kind in OF_ACCOUNT else 0
        return {row[0] for row in self.integrations if row[place] == job.target_id}

    def url(self, job: Claimed) -> str:
        """The address that a job asks; empty when it asks nobody, or it is not known."""
        if job.kind in OF_STORE:
            return self.stores[job.target_id].url if job.target_id in self.stores else ""
        account = self.accounts.get(job.account_id or 0)
        return account.url if account is not None else ""

    def is_sample_due(self, store_id: int | None, account_id: int | None) -> bool:
        """Whether to keep a call that went well now; at most once in a batch."""
        for held, pk in ((self.sampled_stores, store_id), (self.sampled_accounts, account_id)):
            if pk is not None and pk not in held:
                held.add(pk)
                return True
        return False


def look_up(claimed: Iterable[Claimed], now: datetime) -> Known:
    """A handful of queries, however many jobs."""
    stores = {job.target_id for job in claimed if job.kind in OF_STORE}
    accounts = {job.target_id for job in claimed if job.kind in OF_ACCOUNT}
    others = {job.target_id for job in claimed if job.kind not in (*OF_STORE, *OF_ACCOUNT)}
    concerned = Q(store__in=stores) | Q(account__in=accounts) | Q(id__in=others)
    known = Known(
        integrations=list(Integration.objects.filter(concerned).values_list("id", "store_id", "account_id"))
    )
    of_batch = Q(store__in=stores) | Q(account__in=accounts)
    kept = Call.objects.filter(of_batch, is_probe=False, outcome=Outcome.PASSED, at__gt=now - SUCCESS_SAMPLE)
    for store, account in kept.values_list("store_id", "account_id"):
        if store is not None:
            known.sampled_stores.add(store)
        if account is not None:
            known.sampled_accounts.add(account)
    try:
        known.stores, known.accounts = Store.objects.in_bulk(stores), Account.objects.in_bulk(accounts)
    except ImproperlyConfigured:
        # Somebody's credentials cannot be decrypted: each job looks for itself, and only theirs fails.
        known.stores, known.accounts = {}, {}
    return known
