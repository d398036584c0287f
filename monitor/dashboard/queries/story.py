"""The story of an incident: everything that happened in it as sentences, for its page and as Markdown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from monitor import wording
from monitor.alerts.windows import Span
from monitor.dashboard.faces import NOTICE_STEPS, Face, face_of
from monitor.health.states import State
from monitor.models import Incident, Maintenance, Member, Notice, Refresh, Remark, Transition, User
from monitor.models.maintenance import RemarkKind
from monitor.wording.retold import retold

TOGETHER = timedelta(minutes=1)
"""What is sent about one step within this time is one line."""


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the story."""

    at: datetime
    text: str
    face: Face | None = None
    """Of a changed verdict."""
    about: str = ""
    """Which integration it is about, where there are several."""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Material:
    """The rows an incident's story is told from."""

    incident: Incident
    members: Sequence[Member]
    now: datetime
    transitions: Sequence[Transition] = ()
    refreshes: Sequence[Refresh] = ()
    remarks: Sequence[Remark] = ()
    notices: Sequence[Notice] = ()
    windows: Sequence[tuple[Maintenance, Span]] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    """Of the integrations, by their keys; empty where there is but one."""


def told(material: Material) -> list[Event]:
    """The story, oldest first."""
    parts: Iterable[Iterator[Event]] = (
        _course(material),
        _changes(material),
        _comings(material),
        _notices(material),
        _remarks(material),
        _refreshes(material),
        _windows(material),
    )
    return sorted((event for part in parts for event in part), key=lambda event: event.at)


def person(user: User | None, *, is_by_mail: bool = False) -> str:
    """How a person is called in a sentence."""
    if user is not None:
        return user.called
    return _("Somebody, by mail") if is_by_mail else _("Somebody who was removed since")


def _course(material: Material) -> Iterator[Event]:
    incident = material.incident
    is_hushed = incident.hushed_at is not None and incident.hushed_at == incident.opened_at
    yield Event(
        incident.opened_at,
        _("Incident opened; nobody told because of maintenance") if is_hushed else _("Incident opened"),
    )
    if incident.flapping_since:
        yield Event(incident.flapping_since, _("It comes and goes: it stays open until it has been calm"))
    if incident.calm_since and not incident.closed_at:
        yield Event(incident.calm_since, _("Calm since then"))
    if incident.acknowledged_at and not any(
        remark.kind == RemarkKind.ACKNOWLEDGED for remark in material.remarks
    ):
        who = person(incident.acknowledged_by, is_by_mail=incident.acknowledged_by is None)
        yield Event(incident.acknowledged_at, _("%(who)s acknowledged the incident") % {"who": who})
    if incident.closed_at:
        lasted = wording.duration(incident.closed_at - incident.started_at)
        yield Event(incident.closed_at, _("Incident over after %(duration)s") % {"duration": lasted})


def _changes(material: Material) -> Iterator[Event]:
    zone = timezone.get_current_timezone()
    for row in material.transitions:
        face = face_of(row.new_state, row.new_rule)
        said = wording.explain(
            row.evidence.get("cause", ""),
            row.new_rule,
            row.evidence,
            now=row.at,
            tz=zone,
            state=State(row.new_state),
        )
        yield Event(row.at, said.headline, face, material.names.get(row.integration_id, ""))


def _comings(material: Material) -> Iterator[Event]:
    """Who joined after the beginning, and who was well again before the end."""
    incident = material.incident
    for member in material.members:
        name = {"name": str(member.integration)}
        if member.joined_at > incident.opened_at:
            yield Event(member.joined_at, _("%(name)s joined") % name)
        if member.left_at is not None and member.left_at != incident.closed_at:
            yield Event(member.left_at, _("%(name)s is well again") % name)


def _notices(material: Material) -> Iterator[Event]:
    """What was sent at one time about one step, as one line that says how it was delivered."""
    groups: list[list[Notice]] = []
    for notice in sorted(material.notices, key=lambda row: (row.step, row.created_at)):
        last = groups[-1][-1] if groups else None
        if last is None or last.step != notice.step or notice.created_at - last.created_at > TOGETHER:
            groups.append([])
        groups[-1].append(notice)
    for group in groups:
        sent = sum(notice.sent_at is not None for notice in group)
        refused = sum(notice.failed_at is not None for notice in group)
        step = str(NOTICE_STEPS.get(group[0].step.partition("-")[0], group[0].step))
        parts = [ngettext("%(n)d notice sent", "%(n)d notices sent", sent) % {"n": sent}] if sent else []
        if refused:
            parts.append(ngettext("%(n)d refused", "%(n)d refused", refused) % {"n": refused})
        if waiting := len(group) - sent - refused:
            parts.append(ngettext("%(n)d on its way", "%(n)d on their way", waiting) % {"n": waiting})
        at = min(notice.sent_at or notice.failed_at or notice.created_at for notice in group)
        words = {"step": step, "delivery": ", ".join(parts)}
        yield Event(at, _("Told (%(step)s): %(delivery)s") % words)


def _remarks(material: Material) -> Iterator[Event]:
    zone = timezone.get_current_timezone()
    for row in material.remarks:
        text = f"{person(row.user, is_by_mail=row.is_by_mail)} {row.get_kind_display()}"
        if row.until is not None:
            until = wording.clock(row.until, now=material.now, tz=zone)
            text += " " + _("until %(time)s") % {"time": until}
        yield Event(row.at, f"{text}: {row.text}" if row.text else text)


def _refreshes(material: Material) -> Iterator[Event]:
    for row in material.refreshes:
        about, url = material.names.get(row.integration_id, ""), reverse("refresh", args=[row.pk])
        words = {"who": retold(row.who), "reason": retold(row.reason)}
        yield Event(
            row.requested_at, _("%(who)s asked for a refresh: %(reason)s") % words, about=about, url=url
        )
        if row.finished_at is not None:
            words = {"outcome": row.get_outcome_display(), "detail": retold(row.detail)}
            yield Event(row.finished_at, _("Refresh: %(outcome)s. %(detail)s") % words, about=about, url=url)


def _windows(material: Material) -> Iterator[Event]:
    for window, span in material.windows:
        title = {"title": window.title}
        yield Event(span.start, pgettext("window", "Maintenance began: %(title)s") % title)
        if span.end <= material.now:
            yield Event(span.end, pgettext("window", "Maintenance over: %(title)s") % title)
