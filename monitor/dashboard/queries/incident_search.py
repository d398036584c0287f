"""Finding incidents by words, by what was wrong, where and when; a page at a time, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from monitor.dashboard.queries.table import CAUSES
from monitor.models import Incident, Member, Remark
from monitor.scope import Scope

STATES: Final = {
    "open": gettext_lazy("Open"),
    "nobody": gettext_lazy("Open, in nobody's hands"),
    "flapping": gettext_lazy("Coming and going"),
    "over": gettext_lazy("Over"),
}
WORDS_AT_MOST: Final = 6
_LONGEST_TEXT: Final = 120
_ABOUT: Final = ("integration__store", "integration__account", "integration__verdict")
_PEOPLE: Final = ("username", "first_name", "last_name")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an address asks for. What cannot be read is as if it were not there."""

    q: str = ""
    state: str = ""
    cause: str = ""
    hub: str = ""
    """The name of an account."""
    platform: str = ""
    tag: str = ""
    since: str = ""
    """A day of the reader's calendar, as ``2026-11-22``: what lasted at or after its beginning."""
    until: str = ""
    """The same: what began before its end."""

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Self:
        words = {
            one.name: str(given.get(one.name, "")).replace("\0", "").strip()[:_LONGEST_TEXT]
            for one in fields(cls)
        }
        readable = {
            "state": words["state"] in STATES,
            "cause": words["cause"] in CAUSES,
            "since": _day(words["since"]) is not None,
            "until": _day(words["until"]) is not None,
        }
        return cls(**{name: text for name, text in words.items() if readable.get(name, True)})

    @property
    def query(self) -> str:
        """As the part of an address behind the question mark."""
        return urlencode({one.name: text for one in fields(self) if (text := getattr(self, one.name))})

    @property
    def is_narrowed(self) -> bool:
        return bool(self.query)


@dataclass(frozen=True, slots=True)
class Found:
    """A page of incidents: the open ones first, each part with the newest first."""

    rows: Sequence[Incident]
    older: str
    """Names the place from which the next page goes on; empty: there is none."""


def matching(wanted: Wanted, scope: Scope) -> QuerySet[Incident]:
    """The incidents that are asked for, in no order."""
    rows = scope.limit(Incident.objects.select_related("acknowledged_by"))
    members = scope.limit(Member.objects.filter(incident=OuterRef("pk")))
    inside = members
    if wanted.hub:
        inside = inside.filter(integration__account__name=wanted.hub)
    if wanted.platform:
        inside = inside.filter(integration__store__platform=wanted.platform)
    if wanted.tag:
        inside = inside.filter(integration__store__tags__contains=[wanted.tag])
    if inside is not members:
        rows = rows.filter(Exists(inside))
    if wanted.cause:
        rows = rows.filter(cause=wanted.cause)
    if wanted.state:
        rows = rows.filter(_in_state(wanted.state))
    since, until = _day(wanted.since), _day(wanted.until)
    if since is not None:
        rows = rows.filter(Q(closed_at=None) | Q(closed_at__gte=_midnight(since)))
    if until is not None:
        rows = rows.filter(started_at__lt=_midnight(until + timedelta(days=1)))
    for word in wanted.q.split()[:WORDS_AT_MOST]:
        rows = rows.filter(_says(word, members))
    return rows


def found(wanted: Wanted, scope: Scope, *, after: str, size: int) -> Found:
    """A page; ``after`` is :attr:`Found.older` of the one before. At most three queries."""
    rows = matching(wanted, scope).prefetch_related(members_shown(scope)).order_by("-opened_at", "-pk")
    place = _place(after)
    taken: list[Incident] = []
    for is_open in (True, False):
        part = rows.filter(closed_at__isnull=is_open)
        if place is not None:
            was_open, at, pk = place
            if is_open and not was_open:
                continue
            if is_open == was_open:
                part = part.filter(Q(opened_at__lt=at) | Q(opened_at=at, pk__lt=pk), opened_at__lte=at)
        if len(taken) <= size:
            taken += part[: size + 1 - len(taken)]
    shown = taken[:size]
    return Found(shown, _name_of(shown[-1]) if len(taken) > size else "")


def members_shown(scope: Scope) -> Prefetch[Any]:
    """Who is in an incident, the first to join first, without secrets."""
    rows = Member.objects.select_related(*_ABOUT).defer(
        "integration__store__credentials", "integration__account__credentials"
    )
    return Prefetch("members", queryset=scope.limit(rows).order_by("joined_at", "pk"))


def _in_state(state: str) -> Q:
    if state == "over":
        return Q(closed_at__isnull=False)
    if state == "nobody":
        return Q(closed_at=None, acknowledged_at=None)
    if state == "flapping":
        return Q(flapping_since__isnull=False)
    return Q(closed_at=None)


def _says(word: str, members: QuerySet[Member]) -> Q:
    """Where a word stands in the name of a store, hub or person, or is what was wrong."""
    names = (
        Q(integration__name__icontains=word)
        | Q(integration__store__title__icontains=word)
        | Q(integration__account__title__icontains=word)
    )
    causes = [kind for kind, said in CAUSES.items() if word.casefold() in str(said).casefold()]
    remarks = Remark.objects.filter(
        _of_person("user", word) | Q(text__icontains=word), incident=OuterRef("pk")
    )
    says = (
        Q(Exists(members.filter(names)))
        | Q(evidence__shared__icontains=word)
        | Q(cause__in=causes)
        | _of_person("acknowledged_by", word)
        | Q(Exists(remarks))
    )
    number = word.removeprefix("#")
    # More digits would be no number of a row.
    return says | Q(pk=int(number)) if number.isascii() and number.isdigit() and len(number) < 19 else says


def _of_person(field: str, word: str) -> Q:
    condition = Q()
    for name in _PEOPLE:
        condition |= Q(**{f"{field}__{name}__icontains": word})
    return condition


def _name_of(row: Incident) -> str:
    micros = round(row.opened_at.timestamp() * 1_000_000)
    return f"{'o' if row.closed_at is None else 'c'}{micros}-{row.pk}"


def _place(text: str) -> tuple[bool, datetime, int] | None:
    try:
        micros, pk = (int(part) for part in text[1:].split("-"))
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
        return text[:1] == "o", at, min(pk, 2**62)
    except (ValueError, OverflowError):
        return None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # The calendar ends where a time zone could lead out of it.
    return day if 2000 <= day.year <= 2200 else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())
