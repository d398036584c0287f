"""What the table of integrations draws, and the page of one shows besides."""

from datetime import datetime, timedelta
from typing import Final

import orjson
from django import template
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import pgettext

from integrations import links
from integrations.models import Store
from monitor import wording
from monitor.charts.sparks import HEIGHT, WIDTH, Spark
from monitor.health.states import State
from monitor.models import Condition
from monitor.wording import state_word, thresholds

register = template.Library()
SHORT_DAYS: Final = 2
"""What is so many days old needs no time of day to be told apart."""


@register.simple_tag
def spark(line: Spark, waiting_since: datetime | None, state: str = "") -> SafeString:
    """The small latency line, silent for screen readers (its figure stands beside it), and below it for how
    long orders have been waiting: a line of arrived orders alone would look best during a stall. What waits
    where all is well is drawn quietly."""
    late = SafeString("")
    if waiting_since is not None:
        x = min(line.x_of(waiting_since), WIDTH - 2)
        name = "wait" if state != State.OK else "wait quiet"
        late = format_html('<path class="{}" d="M{} {}H{}"/>', name, x, HEIGHT - 1, WIDTH)
    return format_html(
        '<svg viewBox="0 0 {} {}" aria-hidden="true">{}<path d="{}"/></svg>', WIDTH, HEIGHT, late, line.path
    )


@register.simple_tag(takes_context=True)
def since_short(context: template.Context, at: datetime) -> SafeString:
    """``13:42 (47 min)``, of what is older than two days ``12 Nov (11 d)``; without what one reads on hover:
    a table has hundreds of them."""
    now, zone = context["now"], timezone.get_current_timezone()
    if (days := (now - at).days) >= SHORT_DAYS:
        words = formats.date_format(at.astimezone(zone), pgettext("date format", "j M"))
        lasted = wording.duration(timedelta(days=days))
    else:
        words, lasted = wording.clock(at, now=now, tz=zone), wording.duration(now - at)
    return format_html(
        '<time datetime="{}">{}</time> <span class="nowrap">({})</span>', at.isoformat(), words, lasted
    )


@register.simple_tag(takes_context=True)
def ago_short(context: template.Context, at: datetime) -> SafeString:
    """How long ago, to the minute; the page's script does not count it on."""
    words = pgettext("age", "%(duration)s ago") % {"duration": wording.duration(context["now"] - at)}
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), words)


@register.simple_tag
def order_page(store: Store, order_key: str) -> str:
    """Where people open an order in the store's administration; empty where that is not known."""
    return links.order_page(store.platform, store.url, store.settings, order_key)


@register.simple_tag(takes_context=True)
def limit(context: template.Context, condition: Condition) -> str:
    """The limit by which a condition is judged, as a sentence; empty for one that needs none."""
    until = condition.observed_at or context["now"]
    return thresholds.threshold(condition.rule, condition.evidence, until=until)


@register.simple_tag
def confirmation() -> str:
    """How often something must be seen before it counts."""
    return thresholds.confirmation()


@register.filter
def state_plain(state: str) -> str:
    """A state's word."""
    return state_word(State(state), "")


@register.filter
def figures(condition: Condition) -> list[tuple[str, str]]:
    """The figures behind a condition, as they were stored."""
    kept = ((key, value) for key, value in condition.evidence.items() if value not in (None, "", [], {}))
    return [(key, value if isinstance(value, str) else orjson.dumps(value).decode()) for key, value in kept]
