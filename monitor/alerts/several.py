"""One mail about several incidents: what opened together, was held in quiet hours, or hushed by a window."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitor.alerts.facts import MaintenanceFacts, Step
from monitor.alerts.quiet import is_held
from monitor.alerts.words import COLOURS, THROTTLED_COLOUR, Words, words_of
from monitor.health.states import State
from monitor.models import Notice

NAMED = 2
"""So many incidents are named in a subject; the others are counted."""


def newest_of_each(rows: Sequence[Notice]) -> list[Notice]:
    """The last notice about each incident, in order; a maintenance window's own note is about none."""
    newest = {row.incident_id or -row.pk: row for row in rows if row.step != Step.MAINTENANCE}
    return list(newest.values())


def words_of_several(notice: Notice, rows: Sequence[Notice]) -> Words:
    """The words of a notice's mail that carries these."""
    items = tuple(words_of(row) for row in rows)
    if notice.step == Step.MAINTENANCE:
        return _after_maintenance(MaintenanceFacts.model_validate(notice.context), items)
    counts = Counter(item.state_word for item in items)
    listed = ", ".join(f"{count} {word}" for word, count in counts.items())
    return replace(
        _plain(items),
        subject=f"[{listed}] {_names(items)}",
        state_word=listed,
        headline=_("What came up in your quiet hours:")
        if is_held(notice)
        else _("Several things happened together:"),
    )


def _after_maintenance(facts: MaintenanceFacts, items: tuple[Words, ...]) -> Words:
    title = facts.title or _("A maintenance window")
    count = len(items)
    verdict, headline = _("all is well"), _("All is well.")
    if items:
        verdict = ngettext(
            "%(count)d still not well: %(names)s", "%(count)d still not well: %(names)s", count
        ) % {"count": count, "names": _names(items)}
        headline = ngettext("%(count)d is still not well.", "%(count)d are still not well.", count) % {
            "count": count
        }
    lines = []
    if facts.over:
        over = ngettext(
            "%(count)d trouble began and ended meanwhile: %(names)s.",
            "%(count)d troubles began and ended meanwhile: %(names)s.",
            len(facts.over),
        )
        lines.append(over % {"count": len(facts.over), "names": ", ".join(dict.fromkeys(facts.over))})
    words = _plain(items)
    return replace(
        words,
        subject=_("[maintenance over] %(title)s: %(verdict)s") % {"title": title, "verdict": verdict},
        state_word=_("maintenance over"),
        colour=words.colour if items else COLOURS[State.OK],
        title=title,
        headline=headline,
        lines=[_("Nobody was told of it while the maintenance lasted."), *lines],
    )


def _plain(items: tuple[Words, ...]) -> Words:
    colours = {item.colour for item in items}
    order = (COLOURS[State.FAIL], THROTTLED_COLOUR, COLOURS[State.WARN], COLOURS[State.OK])
    worst = next((colour for colour in order if colour in colours), COLOURS[State.OK])
    return Words(
        subject="",
        state_word="",
        colour=worst,
        title="Syncwatch",
        headline="",
        lines=[],
        link=settings.PUBLIC_URL + reverse("incidents"),
        link_text=_("Open the incidents"),
        items=items,
    )


def _names(items: Sequence[Words]) -> str:
    named = ", ".join(item.title for item in items[:NAMED])
    more = len(items) - NAMED
    if more <= 0:
        return named
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % {
        "names": named,
        "count": more,
    }
