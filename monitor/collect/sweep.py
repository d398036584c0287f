"""One full round now, in this process, without broker or worker."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F, Q
from django.utils import timezone

from integrations.models import Integration
from monitor.collect import run
from monitor.collect.claim import claim_these
from monitor.collect.judging import judge
from monitor.collect.plan import ensure_jobs
from monitor.models import Condition, Job, Progress
from monitor.models.work import OF_ACCOUNT, OF_STORE, JobKind

# Judging needs what was learned, learning needs the history, and the hub must be asked after the
# store: an order placed between the two readings would otherwise seem to be missing at the hub. The
# numbers of parcels are looked for once the parcels are known.
ROUNDS = (
    (
        JobKind.STORE_ORDERS,
        JobKind.STORE_ACCESS,
        JobKind.STORE_CHECK,
        JobKind.STORE_EDGE,
        JobKind.HUB_STATE,
    ),
    (
        JobKind.STORE_EXAMINATION,
        JobKind.HUB_ARRIVALS,
        JobKind.HUB_HISTORY,
        JobKind.HUB_SHIPMENTS,
        JobKind.HUB_CHECK,
        JobKind.HUB_EVENTS,
    ),
    (JobKind.STORE_TRACKING, JobKind.LEARN),
)


def sweep(integration_names: Sequence[str], now: datetime) -> Sequence[Integration]:
    """Collects and judges the named integrations (all active ones when empty).

    What a first look finds doubtful is looked at once more, as the worker would do a moment later;
    and so is what was judged before anything had been learned of it.
    A job that a worker is running at this moment is left to it. Returns the integrations.
    """
    ensure_jobs(now)
    chosen = Integration.objects.filter(account__is_active=True, store__is_active=True, is_paused=False)
    if integration_names:
        chosen = chosen.filter(name__in=integration_names)
    integrations = list(chosen.select_related("store", "account"))
    unknown = Progress.objects.filter(integration__in=integrations, learned_at=None)
    again = set(unknown.values_list("integration_id", flat=True))
    _rounds(integrations)
    doubtful = Condition.objects.filter(integration__in=integrations, candidate_count__gt=0)
    again.update(doubtful.values_list("integration_id", flat=True))
    if again:
        _rounds([item for item in integrations if item.pk in again])
    return integrations


def _rounds(integrations: Sequence[Integration]) -> None:
    stores = {item.store_id for item in integrations}
    accounts = {item.account_id for item in integrations}
    own = {item.pk for item in integrations}
    targets = {
        kind: stores if kind in OF_STORE else accounts if kind in OF_ACCOUNT else own for kind in JobKind
    }
    for kinds in ROUNDS:
        ids = [
            pk
            for kind in kinds
            for pk in Job.objects.filter(kind=kind, target_id__in=targets[kind]).values_list("id", flat=True)
        ]
        moment = timezone.now()
        while ids and (claimed := claim_these(ids, moment)):
            run.run(claimed, moment)
            ids, moment = _with_more_to_read(ids), timezone.now()
    judge([item.pk for item in integrations], timezone.now())


def _with_more_to_read(job_ids: Sequence[int]) -> list[int]:
    """Those of the jobs that ended between two pages of a long reading."""
    ended_well = Job.objects.filter(id__in=job_ids, lease_token=None, last_error="")
    before_the_end = Q(last_ok_at=None) | Q(last_ok_at__lt=F("last_started_at"))
    return list(ended_well.filter(before_the_end).values_list("id", flat=True))
