"""Incidents as files: a row each as CSV, and one as Markdown for a post-mortem."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from monitor import wording
from monitor.dashboard.exports import iso
from monitor.dashboard.faces import calm, face_of
from monitor.dashboard.queries.incident_search import Wanted, found
from monitor.dashboard.queries.incidents import IncidentPage
from monitor.health.states import State
from monitor.models import Incident, Notice, Refresh
from monitor.models.refreshes import RefreshOutcome
from monitor.scope import Scope
from monitor.wording import flapping

COLUMNS = (
    "id", "what", "state", "cause", "rule", "started_at_utc", "opened_at_utc", "closed_at_utc", "duration_s",
    "members", "integrations", "most_waiting", "acknowledged_by", "acknowledged_by_account",
    "acknowledged_at_utc", "notices_sent", "notices_refused", "resolved_by", "comes_and_goes_since_utc",
    "link",
)  # fmt: skip
AT_ONCE = 200
_MARKED = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#|~"})


def rows(wanted: Wanted, scope: Scope) -> Iterator[list[Any]]:
    """A row for every incident that is asked for; four queries for each :data:`AT_ONCE`."""
    after = ""
    while True:
        part = found(wanted, scope, after=after, size=AT_ONCE)
        yield from _rows(part.rows)
        if not part.older:
            return
        after = part.older


def _rows(incidents: Iterable[Incident]) -> Iterator[list[Any]]:
    shown = list(incidents)
    told = {
        pk: (sent, refused)
        for pk, sent, refused in Notice.objects.filter(incident__in=shown)
        .values_list("incident")
        .annotate(sent=Count("sent_at"), refused=Count("failed_at"))
    }
    moved = _moved(shown)
    for row in shown:
        names = [member.integration.name for member in row.members.all()]
        sent, refused = told.get(row.pk, (0, 0))
        yield [
            row.pk, row.shared_title or ", ".join(str(member.integration) for member in row.members.all()),
            row.state, row.cause, row.rule, iso(row.started_at), iso(row.opened_at), iso(row.closed_at),
            round((row.closed_at - row.started_at).total_seconds()) if row.closed_at else None,
            len(names), " ".join(names), row.peak_waiting,
            row.acknowledged_by.called if row.acknowledged_by else None,
            row.acknowledged_by.get_username() if row.acknowledged_by else None, iso(row.acknowledged_at),
            sent, refused, moved.get(row.pk, "by itself") if row.closed_at else None,
            iso(row.flapping_since), link(row),
        ]  # fmt: skip


def _moved(incidents: list[Incident]) -> dict[int, str]:
    """By incident that is over: who asked for the last refresh in it after which orders moved."""
    over = [row for row in incidents if row.closed_at is not None]
    if not over:
        return {}
    ids = {member.integration_id for row in over for member in row.members.all()}
    asked = Refresh.objects.filter(
        outcome=RefreshOutcome.MOVED,
        integration__in=ids,
        requested_at__gte=min(row.started_at for row in over),
    ).order_by("requested_at")
    refreshes = list(asked.select_related("requested_by").defer("before", "after", "tries"))
    found_by: dict[int, str] = {}
    for row in over:
        mine = {member.integration_id for member in row.members.all()}
        for one in refreshes:
            at = one.requested_at
            is_in_it = row.closed_at is not None and row.started_at <= at <= row.closed_at
            if one.integration_id in mine and is_in_it:
                found_by[row.pk] = f"refresh by {one.who}"
    return found_by


def link(incident: Incident) -> str:
    """Its address, to be shared."""
    return urljoin(f"{settings.PUBLIC_URL}/", reverse("incident", args=[incident.pk]).lstrip("/"))


def markdown(about: IncidentPage) -> str:
    """The incident as a document to go on writing in: what is known, the story, and what is to be asked."""
    incident, zone = about.incident, timezone.get_current_timezone()
    said = wording.explain(
        incident.cause,
        incident.rule,
        about.evidence,
        now=about.end_at,
        tz=zone,
        state=State(incident.state),
    )
    headline = said.headline
    if incident.closed_at:
        headline = f"{_('What was wrong:')} {headline}"
    elif incident.calm_since:
        headline = f"{_('What it was when it failed last:')} {headline}"
    coming = flapping.came_and_went if incident.closed_at else flapping.comes_and_goes
    flaps = coming(incident.evidence, now=about.end_at, tz=zone)
    face = face_of(incident.state, incident.rule)
    facts = [
        (_("State"), _("over") if incident.closed_at else (calm() if incident.calm_since else face).word),
        (_("Began"), _stamp(incident.started_at)),
        (_("Over"), _stamp(incident.closed_at) if incident.closed_at else "–"),
        (_("Lasted"), wording.duration(about.duration)),
        (_("Most orders waiting"), str(incident.peak_waiting)),
        (_("Integrations"), ", ".join(_plain(str(member.integration)) for member in about.members)),
        (_("Link"), f"<{link(incident)}>"),
    ]
    lines = [f"# {_plain(about.title)}", "", _plain(headline), "", _plain(said.why), ""]
    lines += [_plain(flaps), ""] if flaps else []
    lines += [f"- **{name}**: {value}" for name, value in facts]
    lines += ["", f"## {_('What happened')}", ""]
    lines += [f"_{_('Times are in %(zone)s.') % {'zone': timezone.get_current_timezone_name()}}_", ""]
    lines += [f"- {_line(event.at, event.face.word if event.face else '', event.about, event.text)}"
              for event in about.story]  # fmt: skip
    for heading in (_("Why did it happen?"), _("What helped?"), _("What will be changed?")):
        lines += ["", f"## {heading}", "", "…"]
    return "\n".join(_single(lines)) + "\n"


def _line(at: datetime, word: str, about: str, text: str) -> str:
    parts = [f"**{word}**" if word else "", _plain(about), _plain(text)]
    return f"{_stamp(at)}: " + " – ".join(part for part in parts if part)


def _single(lines: list[str]) -> list[str]:
    """Without an empty line after another."""
    return [here for here, after in pairwise([*lines, "end"]) if here or after]


def _stamp(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M:%S}"


def _plain(text: str) -> str:
    """Words of people and hosts as words, not as marks of Markdown or HTML."""
    return " ".join(text.split()).translate(_MARKED)
