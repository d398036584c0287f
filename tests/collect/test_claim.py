"""Work is claimed once, given back, taken over from the dead, and never stored by the overtaken."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from integrations.contracts import Watermark
from monitor.collect.claim import LEASE, LeaseLost, claim, claim_these, fence, finish, renew
from monitor.models import Job

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def make_jobs(count: int, **changes: object) -> list[Job]:
    fields = {"kind": "learn", "due_at": NOW, "interval_s": 60, "cursor": {}}
    return [Job.objects.create(target_id=n, **{**fields, **changes}) for n in range(count)]


def test_only_due_work_is_claimed_and_the_longest_due_first():
    old, new = make_jobs(2)
    Job.objects.filter(id=old.id).update(due_at=NOW - timedelta(minutes=5))
    Job.objects.create(kind="learn", target_id=9, due_at=NOW + timedelta(seconds=1), interval_s=60)
    assert [job.id for job in claim(NOW, limit=1)] == [old.id]
    assert [job.id for job in claim(NOW, limit=9)] == [new.id]
    assert claim(NOW, limit=9) == []


def test_no_more_than_the_limit_is_claimed_however_the_database_plans_it():
    make_jobs(5)
    with connection.cursor() as cursor:
        for way in ("hashjoin", "hashagg", "mergejoin", "material", "sort", "memoize"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
    assert len(claim(NOW, limit=1)) == 1
    assert len(claim(NOW, limit=2)) == 2


def test_a_dead_workers_claim_is_taken_over_when_its_lease_ends():
    make_jobs(1)
    (dead,) = claim(NOW, limit=1)
    assert claim(NOW + LEASE - timedelta(seconds=1), limit=1) == []
    (alive,) = claim(NOW + LEASE + timedelta(seconds=1), limit=1)
    assert alive.id == dead.id
    with pytest.raises(LeaseLost):
        fence(dead, Watermark(NOW))
    fence(alive, Watermark(NOW))


def test_a_living_worker_keeps_its_claims_by_renewing_them():
    make_jobs(1)
    (job,) = claim(NOW, limit=1)
    renew(job.token, NOW + LEASE)
    assert claim(NOW + LEASE + timedelta(seconds=1), limit=1) == []


def test_finishing_gives_the_job_back_and_remembers_the_last_failure():
    make_jobs(1)
    (job,) = claim(NOW, limit=1)
    finish(job, NOW, ok=False, error="TimedOut", message="It took too long.", retry_in=timedelta(seconds=5))
    row = Job.objects.get()
    assert (row.failures, row.last_error, row.due_at, row.last_ok_at) == (
        1,
        "TimedOut",
        NOW + timedelta(seconds=5),
        None,
    )

    (job,) = claim(NOW + timedelta(seconds=5), limit=1)
    finish(job, NOW + timedelta(seconds=6), ok=True)
    row = Job.objects.get()
    assert (row.failures, row.last_error) == (0, "")
    assert row.last_ok_at == row.caught_up_at == NOW + timedelta(seconds=6)


def test_the_overtaken_cannot_give_back_what_is_no_longer_theirs():
    make_jobs(1)
    (dead,) = claim(NOW, limit=1)
    (alive,) = claim(NOW + LEASE * 2, limit=1)
    finish(dead, NOW, ok=True)
    assert Job.objects.get().lease_token == alive.token


def test_work_that_is_done_once_disappears_when_it_is_done():
    make_jobs(1, interval_s=0)
    (job,) = claim(NOW, limit=1)
    finish(job, NOW, ok=True)
    assert not Job.objects.exists()


def test_named_jobs_are_claimed_before_they_are_due_unless_someone_holds_them():
    first, second = make_jobs(2, due_at=NOW + timedelta(hours=1))
    assert [job.id for job in claim_these([first.id], NOW)] == [first.id]
    assert [job.id for job in claim_these([first.id, second.id], NOW)] == [second.id]


@pytest.mark.django_db(transaction=True)
def test_many_workers_claim_every_job_exactly_once():
    make_jobs(60)

    def work(_: int) -> list[int]:
        try:
            return [job.id for job in claim(NOW, limit=10)]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        claimed = [pk for batch in workers.map(work, range(8)) for pk in batch]
    assert len(claimed) == len(set(claimed)) == 60
