"""Writing a notice as a mail: in its recipient's language and time zone, as text and as HTML."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import formatdate
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from monitor.alerts.facts import NoticeFacts, Step
from monitor.health.states import State
from monitor.models import Notice
from monitor.wording import Explanation, duration, explain

LIST_ID = "Syncwatch <incidents.syncwatch>"
COLOURS = {State.WARN: "#9a6200", State.FAIL: "#c3261c", State.OK: "#567866"}
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


def write(notice: Notice, *, now: datetime) -> EmailMultiAlternatives:
    """The mail of a notice. What it tells is as of the notice's step, however late it is sent.

    Raises whatever a broken context or template raises; the caller decides.
    """
    with translation.override(notice.language), timezone.override(ZoneInfo(notice.time_zone)):
        words = _words(notice)
        context = {
            "words": words,
            "notice": notice,
            "zone": notice.time_zone,
            "public_url": settings.PUBLIC_URL,
        }
        text = render_to_string("mail/notice.txt", context)
        html = render_to_string("mail/notice.html", {**context, "language": notice.language})
    mail = EmailMultiAlternatives(
        subject=" ".join(words.subject.split()),
        body=text,
        to=[notice.recipient],
        headers=_headers(notice, now),
    )
    mail.attach_alternative(html, "text/html")
    return mail


def _headers(notice: Notice, now: datetime) -> dict[str, str]:
    headers = {
        "Message-ID": notice.message_id,
        "Date": formatdate(now.timestamp()),
        # RFC 3834: so that no holiday answer comes back.
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Id": LIST_ID,
    }
    opening = (
        Notice.objects.filter(
            incident=notice.incident_id, recipient=notice.recipient, step=Step.OPENED, pk__lt=notice.pk
        )
        .values_list("message_id", flat=True)
        .first()
        if notice.incident_id
        else None
    )
    if opening:
        headers["In-Reply-To"] = headers["References"] = opening
    return headers


def _words(notice: Notice) -> Words:
    if notice.step == Step.TEST:
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
    link = settings.PUBLIC_URL + reverse("incident", args=[notice.incident_id])
    told = explain(facts.cause, facts.rule, facts.evidence, now=facts.at, tz=timezone.get_current_timezone())
    if notice.step == Step.RECOVERED:
        return _recovery(facts, told, link)
    return _trouble(facts, told, link, worsened=notice.step == Step.WORSENED)


def _trouble(facts: NoticeFacts, told: Explanation, link: str, *, worsened: bool) -> Words:
    lines = [_since(facts)]
    if worsened:
        lines.insert(0, _("It was a warning and has become worse."))
    return Words(
        subject=f"[{told.state_word}] {facts.title}: {_waiting(facts) or told.headline}",
        state_word=str(told.state_word),
        colour=COLOURS[facts.state],
        title=facts.title,
        headline=str(told.headline),
        lines=[*lines, *([_waiting(facts) + "."] if facts.waiting else [_("No orders are waiting yet.")])],
        why=str(told.why),
        steps=tuple(str(step) for step in told.steps[:MAX_STEPS]),
        link=link,
        link_text=_("Open the incident"),
    )


def _recovery(facts: NoticeFacts, told: Explanation, link: str) -> Words:
    lasted = duration(facts.at - facts.started_at)
    affected = ngettext(
        "%(count)d order was affected", "up to %(count)d orders were affected", facts.peak_waiting
    )
    lines = [
        _("It was %(state)s from %(start)s until %(end)s (%(duration)s).")
        % {
            "state": told.state_word,
            "start": _clock(facts.started_at, facts.at),
            "end": _clock(facts.at, facts.at),
            "duration": lasted,
        },
    ]
    subject = _("[recovered] %(title)s: after %(duration)s") % {"title": facts.title, "duration": lasted}
    if facts.peak_waiting:
        subject += ", " + affected % {"count": facts.peak_waiting}
        lines.append((affected % {"count": facts.peak_waiting}).capitalize() + ".")
    if facts.refresh:
        lines.append(
            _("It recovered after the refresh that %(actor)s asked for at %(time)s (“%(reason)s”).")
            % {
                "actor": facts.refresh.actor,
                "time": _clock(facts.refresh.asked_at, facts.at),
                "reason": facts.refresh.reason,
            }
        )
    else:
        lines.append(_("It recovered without a refresh."))
    return Words(
        subject=subject,
        state_word=_("recovered"),
        colour=COLOURS[State.OK],
        title=facts.title,
        headline=_("Orders are syncing again."),
        lines=lines,
        link=link,
        link_text=_("Open the incident"),
    )


def _since(facts: NoticeFacts) -> str:
    return _("Since %(time)s (%(duration)s).") % {
        "time": _clock(facts.started_at, facts.at),
        "duration": duration(max(facts.at - facts.started_at, timedelta())),
    }


def _waiting(facts: NoticeFacts) -> str:
    if not facts.waiting:
        return ""
    return ngettext(
        "%(count)d order waiting since %(time)s", "%(count)d orders waiting since %(time)s", facts.waiting
    ) % {"count": facts.waiting, "time": _clock(facts.oldest_waiting_at or facts.started_at, facts.at)}


def _clock(at: datetime, now: datetime) -> str:
    """The time of day in the recipient's zone, with the date when it is another day's."""
    local = timezone.localtime(at)
    same_day = local.date() == timezone.localtime(now).date()
    return formats.date_format(local, "H:i" if same_day else "j M, H:i")
