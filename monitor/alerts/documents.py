"""What a web-hook is sent: one JSON document per message, and the same for Slack and its kin.

The document is described in docs/notices.md. Its fields stay; new ones may join them. ``version`` grows if
one must change its meaning.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import orjson
from django.utils import translation
from django.utils.translation import gettext as _

from monitor.alerts.channels import message_key
from monitor.alerts.facts import NoticeFacts, Step, step_of
from monitor.alerts.message import Message
from monitor.alerts.words import Words, words_of
from monitor.health.states import State
from monitor.models import Notice

VERSION: Final = 1
_SECTION: Final = 3000
"""Characters of a text block, at most (Slack, "section block")."""
_BLOCKS: Final = 50
_ABOUT_NONE: Final = {Step.TEST: "test", Step.MAINTENANCE: "maintenance.ended"}


def document(told: Message) -> bytes:
    """The JSON document of a message, in the language of its notice."""
    notice = told.notice
    with translation.override(notice.language):
        words = told.words()
        incidents = [_incident(row, words_of(row)) for row in told.rows if row.incident_id is not None]
    return orjson.dumps(
        {
            "version": VERSION,
            "type": _type(told),
            "id": message_key(notice.message_id),
            "timestamp": _moment(notice),
            "data": {
                "language": notice.language,
                "subject": words.subject,
                "text": "\n".join(_plain(words)),
                "url": words.link,
                "incidents": incidents,
            },
        },
        option=orjson.OPT_UTC_Z | orjson.OPT_OMIT_MICROSECONDS,
    )


def _moment(notice: Notice) -> datetime:
    """When what it tells happened."""
    at = notice.context.get("at")
    return datetime.fromisoformat(at) if at else notice.created_at


def _type(told: Message) -> str:
    if not told.is_one and told.notice.step != Step.MAINTENANCE:
        return "incidents"
    step = step_of(told.notice.step if not told.is_one else told.rows[0].step)
    return _ABOUT_NONE.get(step, f"incident.{step}")


def _incident(row: Notice, words: Words) -> dict[str, Any]:
    facts = NoticeFacts.model_validate(row.context)
    step = step_of(row.step)
    return {
        "event": step,
        "id": row.incident_id,
        "url": words.link,
        "answer_url": words.answer_link or None,
        "title": facts.title,
        "state": State.OK if step is Step.RECOVERED else facts.state,
        "worst_state": facts.state,
        "cause": facts.cause,
        "rule": facts.rule,
        "since": facts.started_at,
        "at": facts.at,
        "waiting": facts.waiting,
        "oldest_waiting_since": facts.oldest_waiting_at,
        "peak_waiting": facts.peak_waiting,
        "sentence": words.headline,
        "lines": list(words.lines),
        "why": words.why,
        "steps": list(words.steps),
    }


def _plain(words: Words) -> Iterable[str]:
    """A message as lines of plain text."""
    yield _titled(words)
    yield words.headline
    yield from words.lines
    for item in words.items:
        yield ""
        yield from _plain(item)
    if words.why:
        yield f"{_('Why:')} {words.why}"
    if words.steps:
        yield _("What to do now:")
        yield from (f"{number}. {step}" for number, step in enumerate(words.steps, 1))
    yield _("%(text)s: %(link)s") % {"text": words.link_text, "link": words.link}


def _titled(words: Words) -> str:
    return _("%(title)s: %(state)s") % {"title": words.title, "state": words.state_word}


# --- Slack, Mattermost, Rocket.Chat ----------------------------------------------------------------


def slack(told: Message) -> bytes:
    """What incoming web-hooks of Slack take, and of those that imitate them.

    ``text`` is the whole message: Slack shows it where blocks do not fit, as in notifications, and Mattermost
    and Rocket.Chat show nothing else. Links stand in the text: a button would have Slack call an application
    that does not exist, and warn of it.
    """
    with translation.override(told.notice.language):
        parts = list(_parts(told.words()))
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": _cut(part, _SECTION)}}
        for part in parts[:_BLOCKS]
    ]
    return orjson.dumps({"text": "\n\n".join(parts), "blocks": blocks})


def _parts(words: Words) -> Iterable[str]:
    """A message as paragraphs of Slack's mark-up."""
    head = [f"*{escape(_titled(words))}*", escape(words.headline)]
    yield "\n".join((*head, *map(escape, words.lines)))
    for item in words.items:
        yield from _parts(item)
    if words.why:
        yield f"*{escape(_('Why:'))}* {escape(words.why)}"
    if words.steps:
        steps = (f"{number}. {escape(step)}" for number, step in enumerate(words.steps, 1))
        yield "\n".join((f"*{escape(_('What to do now:'))}*", *steps))
    links = [_link(words.link, words.link_text)]
    if words.answer_link:
        links.append(_link(words.answer_link, _("Acknowledge or snooze")))
    yield " · ".join(links)


def escape(text: str) -> str:
    """Slack, "formatting text for app surfaces": three characters are its own, all others stay."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _link(url: str, text: str) -> str:
    return f"<{escape(url)}|{escape(text).replace('|', '/')}>"


def _cut(text: str, length: int) -> str:
    """At most so many characters; never in the middle of an escaped one or of a link."""
    if len(text) <= length:
        return text
    kept = text[: length - 1]
    kept = kept[: kept.rfind("&")] if ";" not in kept[kept.rfind("&") :] and "&" in kept else kept
    return (kept[: kept.rfind("<")] if kept.rfind("<") > kept.rfind(">") else kept) + "…"
