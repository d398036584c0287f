"""What a notice says: the words of a mail about one step of one incident, in the active language."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from django.utils.translation import ngettext

from integrations.contracts import ConditionKind
from monitor.alerts.facts import NoticeFacts, Step, step_of
from monitor.alerts.links import answer_link
from monitor.health.states import State
from monitor.models import Notice
from monitor.wording import Explanation, clock, duration, explain, since, waiting
from monitor.wording.flapping import came_and_went, comes_and_goes, coming_and_going, heard_again
from monitor.wording.retold import retold

COLOURS = {State.WARN: "#9a6200", State.FAIL: "#c3261c", State.OK: "#567866"}
THROTTLED_COLOUR = "#7447b0"
"""On pages a throttled integration has a colour of its own too."""
MAX_STEPS = 3


@dataclass(frozen=True, slots=True)
class Words:
    """What a mail says, ready for its templates."""

    subject: str
    state_word: str
    colour: str
    title: str
    """Whom it is about."""
    headline: str
    """What it is about."""
    lines: list[str]
    """How much, and how it ended."""
    why: str = ""
    steps: tuple[str, ...] = ()
    link: str = ""
    link_text: str = ""
    answer_link: str = ""
    """Where to acknowledge or snooze it; empty: there is nothing to answer."""
    items: tuple["Words", ...] = ()
    """Of a mail about several incidents: each of them."""


def words_of(notice: Notice) -> Words:
    """The words of a notice, as of its step. Raises what a broken context raises."""
    step = step_of(notice.step)
    if step is Step.TEST:
        return Words(
            subject=_("[test] Syncwatch reaches you"),
            state_word=_("test"),
            colour=COLOURS[State.OK],
            title="Syncwatch",
            headline=_("This is how Syncwatch will write to you."),
            lines=[_("It took the same way as every notice about an incident. There is nothing to do.")],
            link=settings.PUBLIC_URL + reverse("overview"),
            link_text=_("Open Syncwatch"),
        )
    facts = NoticeFacts.model_validate(notice.context)
    zone = ZoneInfo(notice.time_zone)
    link = settings.PUBLIC_URL + reverse("incident", args=[notice.incident_id])
    told = explain(facts.cause, facts.rule, facts.evidence, now=facts.at, tz=zone, state=facts.state)
    if step is Step.RECOVERED:
        return _recovery(facts, told, link, zone)
    return _trouble(facts, told, step, zone, link=link, answer=answer_link(notice))


_MORE = {
    Step.WORSENED: _noop("It was a warning and has become worse."),
    Step.REMINDER: _noop("Nobody has acknowledged it yet."),
    Step.WOKEN: _noop("The time for which it was snoozed is over."),
}
"""Why it is told again."""


def _trouble(
    facts: NoticeFacts, told: Explanation, step: Step, zone: ZoneInfo, *, link: str, answer: str
) -> Words:
    subject = told.headline
    lines = [_("Since %(since)s.") % {"since": since(facts.started_at, now=facts.at, tz=zone)}]
    if facts.waiting:
        oldest = clock(facts.oldest_waiting_at or facts.started_at, now=facts.at, tz=zone)
        subject = ngettext(
            "%(count)d order waiting since %(time)s", "%(count)d orders waiting since %(time)s", facts.waiting
        ) % {"count": facts.waiting, "time": oldest}
        lines[0] += f" {waiting(facts.waiting)}."
    elif facts.waiting is None:
        lines[0] += " " + _("How many orders wait is unknown: the store cannot be read.")
    elif _over(facts) == _ORDERS_MOVE:
        lines[0] += " " + _("No orders are waiting yet.")
    if facts.unanswered_for_s:
        waited = duration(timedelta(seconds=facts.unanswered_for_s))
        lines.append(
            _("Nobody has acknowledged it for %(duration)s, so you are told too.") % {"duration": waited}
        )
    if facts.let_in_again_at:
        lines.append(
            _("The store can be reached since %(time)s, but the hub still lags behind: force a refresh now.")
            % {"time": clock(facts.let_in_again_at, now=facts.at, tz=zone)}
        )
    if comes := comes_and_goes(facts.evidence, now=facts.at, tz=zone):
        lines.append(f"{comes} {heard_again(facts.evidence)}")
    if step in _MORE:
        lines.append(_(_MORE[step]))
    again = step in {Step.REMINDER, Step.WOKEN}
    return Words(
        subject=(
            _("[still %(state)s] %(title)s: %(subject)s")
            if again
            else _("[%(state)s] %(title)s: %(subject)s")
        )
        % {"state": told.state_word, "title": facts.title, "subject": subject},
        state_word=told.state_word,
        colour=THROTTLED_COLOUR if facts.rule == "throttled" else COLOURS[facts.state],
        title=facts.title,
        headline=told.headline,
        lines=lines,
        why=told.why,
        steps=told.steps[:MAX_STEPS],
        link=link,
        link_text=_("Open the incident"),
        answer_link=answer,
    )


_ORDERS_MOVE = _noop("Orders are syncing again.")
_OVER = {
    ConditionKind.TRACKING: _noop("Tracking numbers reach the store again."),
    ConditionKind.EVENTS: _noop("Events arrive again."),
}
_OVER_BY_RULE = {
    "method_blocked": _noop("The store takes the hub's calls again."),
    "writes_blocked": _noop("The store takes the hub's calls again."),
    "certificate_expires": _noop("The shop's certificate was renewed."),
}


def _over(facts: NoticeFacts) -> str:
    """What is well again, in English: not every trouble is one of orders."""
    if facts.cause == ConditionKind.ACCESS and facts.rule in _OVER_BY_RULE:
        return _OVER_BY_RULE[facts.rule]
    return _OVER.get(facts.cause, _ORDERS_MOVE)


def _recovery(facts: NoticeFacts, told: Explanation, link: str, zone: ZoneInfo) -> Words:
    came_for = coming_and_going(facts.evidence)
    lasted = duration(came_for or facts.at - facts.started_at)
    lines = [
        came_and_went(facts.evidence, now=facts.at, tz=zone)
        or _("It was %(state)s from %(start)s until %(end)s (%(duration)s).")
        % {
            "state": told.state_word,
            "start": clock(facts.started_at, now=facts.at, tz=zone),
            "end": clock(facts.at, now=facts.at, tz=zone),
            "duration": lasted,
        },
    ]
    about = {"title": facts.title, "duration": lasted, "count": facts.peak_waiting}
    if facts.peak_waiting:
        subject = _recovered_after_waiting(facts.peak_waiting, comes_and_goes=came_for is not None) % about
        lines.append(
            ngettext("%(count)d order waited.", "Up to %(count)d orders waited.", facts.peak_waiting) % about
        )
    elif came_for is None:
        subject = _("[recovered] %(title)s: after %(duration)s") % about
    else:
        subject = _("[recovered] %(title)s: after coming and going for %(duration)s") % about
    if facts.refresh:
        lines.append(
            _("It recovered after the refresh that %(actor)s asked for at %(time)s (“%(reason)s”).")
            % {
                "actor": facts.refresh.actor,
                "time": clock(facts.refresh.asked_at, now=facts.at, tz=zone),
                "reason": retold(facts.refresh.reason),
            }
        )
    else:
        lines.append(_("It recovered without a refresh."))
    return Words(
        subject=subject,
        state_word=_("recovered"),
        colour=COLOURS[State.OK],
        title=facts.title,
        headline=_(_over(facts)),
        lines=lines,
        link=link,
        link_text=_("Open the incident"),
    )


def _recovered_after_waiting(count: int, *, comes_and_goes: bool) -> str:
    """The subject of a recovery for which orders waited, to be filled in."""
    if comes_and_goes:
        return ngettext(
            "[recovered] %(title)s: after coming and going for %(duration)s, %(count)d order waited",
            "[recovered] %(title)s: after coming and going for %(duration)s, up to %(count)d orders waited",
            count,
        )
    return ngettext(
        "[recovered] %(title)s: after %(duration)s, %(count)d order waited",
        "[recovered] %(title)s: after %(duration)s, up to %(count)d orders waited",
        count,
    )
