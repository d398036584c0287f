"""Simulated changes of verdicts through the real alerting, in a transaction that is taken back."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.apps import apps
from django.db import connection, transaction
from django.db.models import AutoField

from integrations.models import Account, Integration, Store
from monitor.alerts import flapping, shared
from monitor.alerts.react import react
from monitor.alerts.settling import settle
from monitor.health.records import VerdictChange
from monitor.laboratory.fleet import Fleet
from monitor.laboratory.readings import EPOCH, at
from monitor.laboratory.shop import Course
from monitor.models import Incident, Member, Notice, Subscription

APPS = frozenset({"integrations", "monitor"})
FIRST_KEY = 1_000_000_000
TOGETHER_S = 5.0
"""Changes of so many seconds reach the alerting in one call, as a worker's batch does."""


@dataclass(frozen=True, slots=True)
class Told:
    """One mail."""

    at: float
    step: str
    incident: int
    scope: str
    members: tuple[int, ...]
    """Numbers of the integrations in the incident, whenever they joined; of one that was merged into a shared
    one, whom it was about."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that was told, and when each integration was in an incident."""

    told: Sequence[Told]
    bad: Mapping[int, Sequence[tuple[float, float, int]]]
    """By integration: (joined, left, incident); ``inf``: not yet left."""


def tell(fleet: Fleet, courses: Sequence[Course]) -> Story:
    """Runs every change, in order of time, through ``react``. Stores nothing, sends nothing.

    It works on temporary tables that stand before the real ones, in a transaction that is rolled back: what
    is stored is neither seen nor locked.
    """
    with transaction.atomic():
        _make_tables()
        numbers = _make_rows(fleet)
        Subscription.objects.create(email="laboratory@example.org")
        peers = _peers_at(courses, numbers)
        for moment, changes in _calls(courses, numbers):
            _settle_until(at(moment))
            react(changes, now=at(moment), peers=peers(moment))
        _settle_until(at(fleet.end))
        story = _story({pk: number for number, pk in numbers.items()})
        transaction.set_rollback(True)
    return story


def _make_tables() -> None:
    """Empty tables that hide the real ones until the transaction ends. Their numbers begin so high that no
    advisory lock on an account is one that the product could wait for; two laboratories take turns."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('syncwatch.laboratory'))")
        for model in apps.get_models(include_auto_created=True):
            if model._meta.app_label in APPS:
                table = connection.ops.quote_name(model._meta.db_table)
                cursor.execute(f"CREATE TEMPORARY TABLE {table} (LIKE {table} INCLUDING ALL) ON COMMIT DROP")
                if isinstance(model._meta.pk, AutoField):
                    cursor.execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {FIRST_KEY}")


def _make_rows(fleet: Fleet) -> dict[int, int]:
    """Rows to hang incidents on; from number to primary key."""
    accounts = {
        number: Account.objects.create(
            name=f"laboratory-{number}", kind="sendcloud", url="https://hub.invalid", credentials={}
        )
        for number in sorted({subject.account for subject in fleet.subjects})
    }
    numbers = {}
    for subject in fleet.subjects:
        store = Store.objects.create(
            name=f"laboratory-{subject.number}",
            platform=subject.platform,
            url=f"https://{subject.host}.invalid",
            credentials={},
        )
        row = Integration.objects.create(
            name=f"laboratory-{subject.number}",
            account=accounts[subject.account],
            store=store,
            external_id=str(subject.number),
        )
        numbers[subject.number] = row.pk
    return numbers


def _calls(
    courses: Sequence[Course], numbers: Mapping[int, int]
) -> Iterator[tuple[float, list[VerdictChange]]]:
    """Changes that come together, under the database's keys."""
    flat = sorted(
        ((moment, change) for course in courses for moment, change in course.changes), key=lambda row: row[0]
    )
    group: list[VerdictChange] = []
    began = 0.0
    for moment, change in flat:
        if group and moment - began > TOGETHER_S:
            yield began, group
            group = []
        if not group:
            began = moment
        group.append(replace(change, integration_id=numbers[change.integration_id]))
    if group:
        yield began, group


def _settle_until(now: datetime) -> None:
    """Ends what has been calm for long enough, each when the product would."""
    while True:
        calm = Incident.objects.filter(closed_at=None, calm_since__isnull=False)
        if not (ends := [end for one in calm if (end := flapping.over_at(one)) is not None and end <= now]):
            return
        settle(min(ends))


def _peers_at(courses: Sequence[Course], numbers: Mapping[int, int]) -> Callable[[float], shared.Peers]:
    """What is known of the others of an account comes from the simulation, not from stored verdicts."""
    by_account: dict[int, list[Course]] = {}
    accounts = dict(Integration.objects.values_list("pk", "account_id"))
    for course in courses:
        by_account.setdefault(accounts[numbers[course.number]], []).append(course)

    def at_moment(moment: float) -> shared.Peers:
        return lambda ids: {
            account: {numbers[course.number]: peer_at(course, moment) for course in by_account[account]}
            for account in ids
        }

    return at_moment


def peer_at(course: Course, moment: float) -> shared.Peer:
    """An integration as its last judgement before that moment knew it."""
    place = bisect_right(course.imports, moment - 30) - 1
    if place < 0:
        return shared.Peer(None, None)
    following = course.firsts[place]
    return shared.Peer(
        waiting_since=at(following) if following <= moment else None,
        newest_arrived_at=at(course.imports[place]),
        rhythm=timedelta(seconds=course.rhythm_s),
    )


def _story(numbers: Mapping[int, int]) -> Story:
    members: dict[int, list[int]] = {}
    bad: dict[int, list[tuple[float, float, int]]] = {}
    for row in Member.objects.all():
        members.setdefault(row.incident_id, []).append(numbers[row.integration_id])
        left = _second(row.left_at) if row.left_at else float("inf")
        bad.setdefault(numbers[row.integration_id], []).append(
            (_second(row.joined_at), left, row.incident_id)
        )
    scopes = dict(Incident.objects.values_list("pk", "scope"))
    for incident, scope in scopes.items():
        kind, _, key = scope.partition(":")
        if kind == "integration":
            members.setdefault(incident, [numbers[int(key)]])
    notices = Notice.objects.order_by("created_at", "pk")
    told = [
        Told(
            _second(row.created_at),
            row.step,
            row.incident_id or 0,
            scopes.get(row.incident_id or 0, ""),
            tuple(members.get(row.incident_id or 0, ())),
        )
        for row in notices
    ]
    return Story(told, bad)


def _second(moment: datetime) -> float:
    return (moment - EPOCH).total_seconds()
