"""Addresses that lead to a moment, or to what helps: what templates of the overview need."""

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from django import template
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy, pgettext

from integrations.models import Integration
from monitor.dashboard.bands import Segment
from monitor.dashboard.looking import Look, address_of
from monitor.dashboard.picture import Column
from monitor.templatetags.face import moment

register = template.Library()
LEAST = timedelta(hours=1)
_HELPS: Final = {
    "show_fix": ("#access", gettext_lazy("Show the fix")),
    "show_orders": ("#waiting", gettext_lazy("Show the orders")),
    "show_tracking": ("#tracking", gettext_lazy("Show the numbers")),
    "show_failures": ("?tab=checks#failed-calls", gettext_lazy("Show the failed calls")),
    "show_checks": ("?tab=checks#checks", gettext_lazy("Show the checks")),
}
"""Where on the page of an integration that stands which helps most, by the action of its verdict."""
_STEPS: Final = ("#what-to-do", gettext_lazy("What to do"))


@register.filter
def zoom(look: Look, column: Column) -> str:
    """The address of the same page for the time of a column."""
    return look.at(column.start_at, column.end_at)


@register.simple_tag(takes_context=True)
def until(context: template.Context, end: datetime, start: datetime) -> SafeString:
    """The end of a time, with its day unless it is that of the start."""
    zone = timezone.get_current_timezone()
    local = end.astimezone(zone)
    if (
        local.date() == start.astimezone(zone).date()
        or local.date() != context["now"].astimezone(zone).date()
    ):
        return moment(context, end)
    words = formats.date_format(local, pgettext("date format", "j M, H:i"))
    return format_html('<time datetime="{}">{}</time>', end.isoformat(), words)


@register.filter
def around(segment: Segment) -> str:
    """The range that shows a segment with what was before and after it."""
    margin = max((segment.end_at - segment.start_at) / 2, LEAST)
    return urlencode(address_of(segment.start_at - margin, segment.end_at + margin))


@register.simple_tag
def helping(integration: Integration, action: str, is_first: bool = False) -> SafeString:
    """The button that leads to what helps most; the main one of the page where it ``is_first``."""
    place, words = _HELPS.get(action, _STEPS)
    address = reverse("integration", args=[integration.name]) + place
    return format_html('<a class="button{}" href="{}">{}</a>', " primary" if is_first else "", address, words)
