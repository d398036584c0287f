"""A report in words, in the active language: what a mail of it says, ready for its templates."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from integrations.contracts import ConditionKind
from monitor.alerts.weekly.facts import Latency, Quantile, Trouble, WeekFacts
from monitor.alerts.words import COLOURS
from monitor.charts.chosen import SHOPIFY
from monitor.health.states import State
from monitor.wording import clock, duration, explain

LOOK_AT = 3
"""So many things to look at: more are none."""
UNKNOWN_MUCH = 0.02
"""Of the time; above it is said that something could not be watched."""
FELL_MUCH = 0.01
"""By so much a share has to fall to be worth a look."""
CAUSES = {
    ConditionKind.EDGE: gettext_lazy("protection in front of the store"),
    ConditionKind.ACCESS: gettext_lazy("the store did not let the hub in"),
    ConditionKind.CREDENTIALS: gettext_lazy("keys that were refused"),
    ConditionKind.WEBHOOKS: gettext_lazy("webhooks of the store"),
    ConditionKind.THROTTLE: gettext_lazy("the hub fetched too rarely"),
    ConditionKind.IMPORTS: gettext_lazy("orders that did not arrive"),
    ConditionKind.TRACKING: gettext_lazy("tracking numbers"),
    ConditionKind.EVENTS: gettext_lazy("events that did not arrive"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name, and what it was the week before."""

    name: str
    value: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Something that leads further."""

    text: str
    link: str
    more: str = ""


@dataclass(frozen=True, slots=True)
class WeekWords:
    """What a mail about a week says."""

    subject: str
    title: str
    headline: str
    colour: str
    figures: list[Figure]
    look_at: list[str]
    """What deserves a look, in sentences; at most :data:`LOOK_AT`."""
    still_open: list[Line]
    longest: list[Line]
    causes: list[str]
    speeds: list[Figure]
    slowest: list[Line]
    rest: list[str]
    """Refreshes and tracking numbers."""
    link: str


def words_of_week(facts: WeekFacts, zone: ZoneInfo) -> WeekWords:
    """The words of a report, its times in ``zone``."""
    last = facts.end.astimezone(zone) - timedelta(days=1)
    days = _("%(first)s to %(last)s") % {
        "first": formats.date_format(facts.start.astimezone(zone), pgettext("date format", "j M")),
        "last": formats.date_format(last, pgettext("date format", "j M Y")),
    }
    verdict = _verdict(facts)
    bad = facts.still_open_count or facts.now.incidents
    return WeekWords(
        subject=_("[week %(week)d] %(verdict)s")
        % {"week": facts.start.astimezone(zone).isocalendar().week, "verdict": verdict},
        title=_("Your week: %(days)s") % {"days": days},
        headline=f"{verdict[:1].upper()}{verdict[1:]}.",
        colour=COLOURS[State.WARN] if bad else COLOURS[State.OK],
        figures=_figures(facts),
        look_at=list(_look_at(facts))[:LOOK_AT],
        still_open=[_open(one, facts.at, zone) for one in facts.still_open],
        longest=[_past(one, facts.at, zone) for one in facts.longest],
        causes=[
            _("%(cause)s: %(count)s") % {"cause": CAUSES[cause], "count": _number(count)}
            for cause, count in facts.causes
        ],
        speeds=[line for one in facts.latencies for line in _speeds(one)],
        slowest=[
            Line(
                one.title,
                settings.PUBLIC_URL + reverse("integration", args=[one.name]),
                _tail(one.tail),
            )
            for one in facts.slowest
        ],
        rest=_rest(facts),
        link=settings.PUBLIC_URL + reverse("overview"),
    )


def _verdict(facts: WeekFacts) -> str:
    if not facts.now.incidents and not facts.still_open_count:
        return _("a quiet week, no incidents")
    said = ngettext("%(count)d incident", "%(count)d incidents", facts.now.incidents) % {
        "count": facts.now.incidents
    }
    if not facts.still_open_count:
        return said
    return ngettext(
        "%(incidents)s, %(count)d still open", "%(incidents)s, %(count)d still open", facts.still_open_count
    ) % {"incidents": said, "count": facts.still_open_count}


def _figures(facts: WeekFacts) -> list[Figure]:
    now, before = facts.now, facts.before
    found = [
        Figure(_("Availability"), _share(now.available), _share(before.available)),
        Figure(_("Orders in time"), _share(now.on_time), _share(before.on_time)),
        Figure(_("Orders"), _number(now.orders), _number(before.orders)),
        Figure(_("Incidents"), _number(now.incidents), _number(before.incidents)),
    ]
    if now.unknown >= UNKNOWN_MUCH or before.unknown >= UNKNOWN_MUCH:
        found.insert(1, Figure(_("Time nothing is known of"), _share(now.unknown), _share(before.unknown)))
    return found


def _look_at(facts: WeekFacts) -> Iterator[str]:
    if facts.still_open_count:
        yield ngettext(
            "%(count)d incident is still open: answer it, or put it off with a reason.",
            "%(count)d incidents are still open: answer them, or put them off with a reason.",
            facts.still_open_count,
        ) % {"count": facts.still_open_count}
    if facts.numbers_missing:
        yield ngettext(
            "%(count)d tracking number of last week is still missing in its store: write it again.",
            "%(count)d tracking numbers of last week are still missing in their stores: write them again.",
            facts.numbers_missing,
        ) % {"count": facts.numbers_missing}
    if _fell(facts.now.on_time, facts.before.on_time):
        yield _("Fewer orders came in time than the week before: begin with the slowest below.")
    if facts.now.unknown >= UNKNOWN_MUCH:
        yield _(
            "Nothing is known of %(share)s of the time: see on the status page whether Syncwatch ran, and "
            "whether the stores can be read."
        ) % {"share": _share(facts.now.unknown)}
    if facts.causes and facts.causes[0][1] > 2:
        cause, count = facts.causes[0]
        yield _(
            "The most frequent cause, %(count)d times: %(cause)s. Finding the reason is worth the effort."
        ) % {
            "cause": CAUSES[cause],
            "count": count,
        }


def _fell(now: float | None, before: float | None) -> bool:
    return now is not None and before is not None and before - now >= FELL_MUCH


def _open(one: Trouble, now: datetime, zone: ZoneInfo) -> Line:
    told = explain(one.cause, one.rule, one.evidence, now=now, tz=zone, state=one.state)
    more = _("%(state)s for %(duration)s. %(headline)s") % {
        "state": told.state_word,
        "duration": duration(timedelta(seconds=one.lasted_s)),
        "headline": told.headline,
    }
    return Line(one.title, _incident(one), more)


def _past(one: Trouble, now: datetime, zone: ZoneInfo) -> Line:
    told = explain(one.cause, one.rule, one.evidence, now=now, tz=zone, state=one.state)
    more = (
        _("%(state)s for %(duration)s from %(start)s, still open")
        if one.is_open
        else _("%(state)s for %(duration)s from %(start)s")
    )
    more %= {
        "state": told.state_word,
        "duration": duration(timedelta(seconds=one.lasted_s)),
        "start": clock(one.started_at, now=now, tz=zone),
    }
    return Line(one.title, _incident(one), more)


def _incident(one: Trouble) -> str:
    return settings.PUBLIC_URL + reverse("incident", args=[one.pk])


def _speeds(one: Latency) -> list[Figure]:
    hosting = _("Shopify") if one.hosting == SHOPIFY else _("self-hosted shops")
    return [
        Figure(
            _("Half of the orders, %(shops)s") % {"shops": hosting}, _took(one.half), _took(one.half_before)
        ),
        Figure(
            _("95 %% of the orders, %(shops)s") % {"shops": hosting}, _took(one.tail), _took(one.tail_before)
        ),
    ]


def _rest(facts: WeekFacts) -> list[str]:
    said = []
    if facts.refreshes:
        said.append(
            _refreshed(facts.refreshes, facts.refreshes_moved)
            % {"count": facts.refreshes, "moved": facts.refreshes_moved}
        )
    if not facts.numbers_missing:
        said.append(_("No tracking number of the week is missing in its store."))
    return said


def _refreshed(count: int, moved: int) -> str:
    """What came of the refreshes, to be filled in."""
    if moved == 0:
        return ngettext(
            "%(count)d refresh was asked for, and no orders moved after it.",
            "%(count)d refreshes were asked for, and no orders moved after any of them.",
            count,
        )
    if moved == count:
        return ngettext(
            "%(count)d refresh was asked for, and orders moved after it.",
            "%(count)d refreshes were asked for, and orders moved after each of them.",
            count,
        )
    return _("%(count)d refreshes were asked for; after %(moved)d of them orders moved.")


def _took(quantile: Quantile | None) -> str:
    if quantile is None:
        return "–"
    took = duration(timedelta(seconds=quantile.value_s))
    return _("more than %(duration)s") % {"duration": took} if quantile.is_lower_bound else took


def _tail(quantile: Quantile) -> str:
    took = {"duration": duration(timedelta(seconds=quantile.value_s))}
    if quantile.is_lower_bound:
        return _("5 %% take longer than %(duration)s") % took
    return _("95 %% within %(duration)s") % took


def _share(share: float | None) -> str:
    """Rounded down, so that 100 % means all."""
    if share is None:
        return "–"
    tenths = int(share * 1000)
    return _("%(percent)s %%") % {"percent": formats.number_format(tenths / 10, 1 if tenths % 10 else 0)}


def _number(number: int) -> str:
    return formats.number_format(number, force_grouping=True)
