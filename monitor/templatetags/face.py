"""What templates need to draw states and times, and to say what is the matter."""

import re
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext

from integrations.contracts import CheckState, ConditionKind
from integrations.models import Account
from integrations.registry import adapter_class
from monitor import wording
from monitor.alerts.current import evidence_now
from monitor.dashboard import faces, progress
from monitor.health.states import State
from monitor.models import Incident, Refresh, Shipment, Transition, User, Verdict
from monitor.models.refreshes import RefreshStrategy
from monitor.wording import flapping
from monitor.wording.retold import retold

register = template.Library()
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


@register.filter
def startswith(text: str, prefix: str | None) -> bool:
    return bool(prefix) and text.startswith(str(prefix))


# --- states ------------------------------------------------------------------------------------


@register.simple_tag
def shape(name: str) -> SafeString:
    """A state's shape, silent for screen readers: a word stands beside it."""
    return format_html(
        '<svg class="shape is-{}" aria-hidden="true"><use href="{}#{}"/></svg>',
        name, static("monitor/shapes.svg"), name,
    )  # fmt: skip


@register.simple_tag
def state(face: faces.Face) -> SafeString:
    """A state as shape and word."""
    return format_html('<span class="state is-{}">{} {}</span>', face.shape, shape(face.shape), face.word)


@register.filter
def face(row: Any) -> faces.Face:
    """The face of a condition, a verdict, an incident or an integration."""
    if getattr(row, "calm_since", None) is not None and row.closed_at is None:
        return faces.calm()
    return faces.face_of_integration(row) if hasattr(row, "store") else faces.face_of(row.state, row.rule)


@register.simple_tag
def check_state(answer: str) -> SafeString:
    """A check's answer as shape and word."""
    shape_name, word = faces.CHECKS[CheckState(answer)]
    return format_html('<span class="state is-{}">{} {}</span>', shape_name, shape(shape_name), word)


@register.filter
def why_missing(parcel: Shipment) -> str:
    """What the last look into the store found of a parcel's number."""
    return str(faces.MISSING[parcel.missing_reason if parcel.order_key else "unknown_order"])


@register.filter
def plain(value: Any) -> str:
    """A recorded value as people write it: lists by commas, nothing as a dash."""
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, str) and _MOMENT.fullmatch(value):
        # People give names, and what they look like is up to them.
        with suppress(ValueError, OverflowError):
            at = timezone.localtime(datetime.fromisoformat(value))
            return formats.date_format(at, pgettext("date format", "j M Y, H:i:s"))
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@register.filter
def person(user: User | None) -> str:
    """How a person is called; a dash for one who was removed."""
    return "–" if user is None else user.called


@register.filter
def new_face(transition: Transition) -> faces.Face:
    return faces.face_of(transition.new_state, transition.new_rule)


@register.filter
def platform(kind: str) -> str:
    """How a platform or a hub writes its own name."""
    return gettext(adapter_class(kind).label)


@register.filter
def question(kind: str) -> str:
    """The question a condition answers."""
    return str(faces.QUESTIONS[ConditionKind(kind)])


@register.filter
def step_words(step: str) -> str:
    """What a notice was about."""
    return str(faces.NOTICE_STEPS.get(step.partition("-")[0], step))


@register.filter
def way_button(way: str) -> str:
    """What the button of a way to refresh says."""
    return str(faces.WAYS[RefreshStrategy(way)][0])


@register.filter
def way_words(way: str, account: Account) -> str:
    """What a way to refresh does."""
    return str(faces.WAYS[RefreshStrategy(way)][1]) % {"account": account}


@register.filter
def steps(refresh: Refresh) -> list[progress.Step]:
    return progress.steps_of(refresh)


# --- sentences -----------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def explain(
    context: template.Context, row: Any, evidence: dict[str, Any] | None = None
) -> wording.Explanation:
    """The sentences about a condition, a verdict or an incident; of a past one, as it was at its end.
    Of an incident that lasts the evidence of now can be given."""
    kind = row.kind if hasattr(row, "kind") else row.cause
    now = getattr(row, "closed_at", None) or context["now"]
    return _explain(row, kind, row.rule, row.state, now=now, evidence=evidence)


@register.filter
def evidence_by_now(incident: Incident) -> dict[str, Any]:
    """The figures of its sentences as they are by now. Its members' verdicts must have been read."""
    return evidence_now(incident, [one.integration for one in incident.members.all() if one.left_at is None])


@register.simple_tag(takes_context=True)
def comes_and_goes(context: template.Context, incident: Incident | None) -> str:
    """The sentence about an incident that comes and goes, or came and went; empty for any other."""
    if incident is None or incident.flapping_since is None:
        return ""
    say = flapping.comes_and_goes if incident.closed_at is None else flapping.came_and_went
    return say(incident.evidence, now=context["now"], tz=timezone.get_current_timezone())


@register.simple_tag(takes_context=True)
def headline_now(context: template.Context, verdict: Verdict) -> str:
    """What is wrong, in one sentence."""
    zone = timezone.get_current_timezone()
    return wording.headline(verdict.cause, verdict.rule, verdict.evidence, now=context["now"], tz=zone)


@register.simple_tag
def headline(transition: Transition) -> str:
    """The sentence about the state that began with a transition of the verdict, as it was then."""
    kind = transition.evidence.get("cause", "")
    return _explain(transition, kind, transition.new_rule, transition.new_state, now=transition.at).headline


def _explain(
    row: Any, kind: str, rule: str, state: str, *, now: datetime, evidence: dict[str, Any] | None = None
) -> wording.Explanation:
    found = row.evidence if evidence is None else evidence
    zone = timezone.get_current_timezone()
    return wording.explain(kind, rule, found, now=now, tz=zone, state=State(state))


@register.filter
def told(text: str) -> str:
    """A sentence that was stored in English, in the reader's language."""
    return retold(text)


# --- times -----------------------------------------------------------------------------------------


@register.simple_tag(takes_context=True)
def moment(context: template.Context, at: datetime | None) -> SafeString:
    """A time as short as it is clear: ``13:42`` today, ``21 Nov, 13:42`` otherwise; exact on hover."""
    return SafeString("–") if at is None else _time(at, _clock(context, at))


@register.simple_tag(takes_context=True)
def since(context: template.Context, at: datetime | None) -> SafeString:
    """``13:42 (47 min)``."""
    if at is None:
        return SafeString("–")
    return format_html("{} ({})", _time(at, _clock(context, at)), wording.duration(context["now"] - at))


@register.simple_tag(takes_context=True)
def ago(context: template.Context, at: datetime | None) -> SafeString:
    """How long ago, to the minute here and to the second once the page's script counts on."""
    if at is None:
        return SafeString(gettext("never"))
    age = context["now"] - at
    text = (
        gettext("just now")
        if age < timedelta(minutes=1)
        else pgettext("age", "%(duration)s ago") % {"duration": wording.duration(age)}
    )
    return _time(at, text, " data-ago")


@register.simple_tag(takes_context=True)
def age(context: template.Context, at: datetime) -> str:
    """How long it is since then, in words."""
    return wording.duration(context["now"] - at)


@register.simple_tag(takes_context=True, name="clock")
def clock_tag(context: template.Context, at: datetime) -> str:
    """The time alone, for places where markup cannot stand."""
    return _clock(context, at)


@register.filter
def duration(value: timedelta | None) -> str:
    return "–" if value is None else wording.duration(value)


@register.filter
def instant(text: str | None) -> datetime | None:
    """A time out of a JSON document."""
    return datetime.fromisoformat(text) if text else None


def _clock(context: template.Context, at: datetime) -> str:
    return wording.clock(at, now=context["now"], tz=timezone.get_current_timezone())


def _time(at: datetime, text: str, attributes: str = "") -> SafeString:
    local = timezone.localtime(at)
    form = pgettext("date format", "D j M Y, H:i:s")
    exact = f"{formats.date_format(local, form)} {timezone.get_current_timezone_name()}"
    return format_html(
        '<time datetime="{}" title="{}"{}>{}</time>', at.isoformat(), exact, SafeString(attributes), text
    )
