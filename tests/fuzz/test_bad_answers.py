"""Whatever a remote answers, its batch goes on, its neighbours are read, and nothing of it is judged ok."""

from collections.abc import Iterator

import pytest

from integrations.models import Account, Integration, Store
from integrations.registry import EDGES, HUBS, STORES
from monitor.collect.runners import RUNNERS
from monitor.health.verdict import NOT_WATCHED
from monitor.models import CheckResult, Condition
from monitor.models.work import JobKind
from tests.fuzz.answers import STRANGE_DATES, every, make_bombs, spread
from tests.fuzz.conftest import LONG
from tests.fuzz.front import BadAnswer
from tests.fuzz.world import BAD, BAD_ACCOUNTS, BAD_SHOPS, World

pytestmark = pytest.mark.integration

ABREAST = len(BAD)
ANSWERS = spread(list(every()), 2 * ABREAST + 1)
"""Neighbours are of different families: one batch holds one heavy answer, as its memory is measured by."""
GROUPS = -(-len(ANSWERS) // ABREAST)
ATTEMPTS = 3
"""A bad remote is given so little time that on a busy machine it may be over before it was asked."""
MOST_MB = 150
MOST_S = 60
TELLS_WHAT_IT_FOUND = {
    JobKind.STORE_ACCESS: "a bad answer to a probe is what it is to find out",
    JobKind.STORE_EXAMINATION: "likewise",
    JobKind.STORE_CHECK: "what cannot be found out is a check of its own, which is unknown",
    JobKind.STORE_EDGE: "likewise",
    JobKind.HUB_CHECK: "likewise",
    JobKind.HUB_EVENTS: "likewise",
}
"""Jobs that may end well although every answer was bad; every other must fail."""

DATES_DO_NOT_MATTER = {("magento", JobKind.STORE_TRACKING), ("magento", "tracking")}
"""Magento's orders are looked up by id for their numbers: with strange dates, that answer is a good one."""


def given(group: int, turn: int) -> dict[str, tuple[str, BadAnswer]]:
    """Another answer for each bad remote. In ``ABREAST`` turns every remote gives every answer."""
    return {
        name: ANSWERS[(ABREAST * group + (place + group + turn) % ABREAST) % len(ANSWERS)]
        for place, name in enumerate(BAD)
    }


def depends_on(name: str, kind: str) -> set[str]:
    """The remotes that must answer well before that condition of an integration can be ok."""
    store, account = name.split("-")
    return {
        "access": {store},
        "credentials": {store},
        "webhooks": {store},
        "throttle": {account},
        "edge": {"zones"},
        "events": {account},
    }.get(kind, {store, account})


def check_is_of(source: str, target: int) -> str:
    if source == CheckResult.Source.STORE:
        return Store.objects.get(pk=target).name
    if source == CheckResult.Source.EDGE:
        return "zones"
    if source == CheckResult.Source.ACCOUNT:
        return Account.objects.get(pk=target).name
    return Integration.objects.get(pk=target).account.name


def harm(world: World, bad: set[str]) -> Iterator[str]:
    """What the batch did not come through, or what does not depend on the bad remotes and was not read."""
    yield from world.complaints
    for job in world.jobs():
        if not world.is_of_interest(job):
            continue
        if job.lease_token is not None:
            yield f"{job} was not finished"
        if world.remote_of[job.pk] not in bad:
            if job.last_error:
                yield f"{job} of a neighbour: {job.last_error} {job.last_message}"
            elif job.last_ok_at is None or job.last_ok_at < world.now:
                yield f"{job} of a neighbour was not run"
    if world.last_mb > MOST_MB:
        yield f"the batch took {world.last_mb:.0f} MB"
    if world.last_s > MOST_S:
        yield f"the batch took {world.last_s:.0f} s"


def is_good_enough(remote: str, what: str, answers: dict[str, tuple[str, BadAnswer]]) -> bool:
    return (remote, what) in DATES_DO_NOT_MATTER and answers[remote][0] in STRANGE_DATES


def belief(world: World, answers: dict[str, tuple[str, BadAnswer]]) -> Iterator[str]:
    """What was taken for good although its remote answered badly."""
    for name, (answer, _) in answers.items():
        if not world.front.mounts[f"/{name}"].spoiled:
            yield f"{name} was not asked ({answer})"
    for job in world.jobs():
        remote = world.remote_of[job.pk]
        if remote not in BAD or job.last_error or job.kind in TELLS_WHAT_IT_FOUND:
            continue
        if not is_good_enough(remote, job.kind, answers):
            yield f"{job} of {remote} took this for good: {answers[remote][0]}"
    names = dict(Integration.objects.values_list("pk", "name"))
    for pk, kind in world.judged_ok():
        remotes = depends_on(names[pk], kind) & set(BAD)
        for remote in remotes:
            if is_good_enough(remote, kind, answers):
                continue
            yield f"{names[pk]} {kind} is ok by {remote}: {answers[remote][0]}"
    for check in CheckResult.objects.filter(state="ok"):
        remote = check_is_of(check.source, check.target_id)
        if remote in BAD:
            yield f"check {check.code} is ok by {remote}: {answers[remote][0]}"


def assert_nothing_is_missing(world: World) -> None:
    """Every adapter, every kind of job, and every condition that is watched: else nothing could fail."""
    assert {Store.objects.get(name=name).platform for name in BAD_SHOPS} == set(STORES)
    assert {Account.objects.get(name=name).kind for name in BAD_ACCOUNTS} == {*HUBS, *EDGES}
    world.forget()
    asking = {job.kind for job in world.jobs() if world.remote_of[job.pk] in BAD}
    assert asking == set(RUNNERS) - {JobKind.LEARN}
    world.run_batch()
    assert list(harm(world, set())) == []
    ok = world.judged_ok()
    rows = Condition.objects.select_related("integration")
    lacking = {
        (row.integration.name, row.kind, row.rule) for row in rows if (row.integration_id, row.kind) not in ok
    }
    assert {row for row in lacking if row[2] not in NOT_WATCHED} == set()


def test_nothing_is_ok_that_answers_badly_and_its_neighbours_are_read(world: World) -> None:
    make_bombs()
    assert_nothing_is_missing(world)
    wrong = []
    for turn in range(ABREAST if LONG else 1):
        for group in range(GROUPS):
            answers = given(group, turn)
            for _attempt in range(ATTEMPTS):
                world.forget()
                for name, (_, answer) in answers.items():
                    world.front.mounts[f"/{name}"].bad = answer
                world.run_batch()
                wrong += harm(world, set(BAD))
                if all(world.front.mounts[f"/{name}"].spoiled for name in answers):
                    break
            wrong += belief(world, answers)
    assert wrong == [], "\n".join(wrong)
