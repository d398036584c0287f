"""The segments of a band. Markup made in one go: a fleet's picture holds more than a thousand of them."""

from datetime import datetime

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString

from monitor import wording
from monitor.dashboard.bands import Band
from monitor.templatetags.looks import around

register = template.Library()


@register.simple_tag(takes_context=True)
def segments(context: template.Context, band: Band, of: str = "") -> SafeString:
    """Of every state a stretch with its words on hover; ``of`` is the name of the integration to whose page
    at that time the ones that were not healthy lead, empty: to none."""
    now, zone = context["now"], timezone.get_current_timezone()
    page = reverse("integration", args=[of]) if of else ""
    clocks: dict[datetime, str] = {}

    def clock(at: datetime) -> str:
        if at not in clocks:
            clocks[at] = wording.clock(at, now=now, tz=zone)
        return clocks[at]

    drawn = []
    for one in band.segments:
        shape, place = one.face.shape, f'x="{one.x}" width="{one.width}" height="16"'
        words = escape(f"{one.face.word}: {clock(one.start_at)} – {clock(one.end_at)}")
        cover = "" if shape == "unknown" else f'<rect class="band-cover" {place}/>'
        markup = f'{cover}<rect class="band-{shape}" {place}><title>{words}</title></rect>'
        if page and shape != "ok":
            markup = f'<a href="{page}?{escape(around(one))}" tabindex="-1">{markup}</a>'
        drawn.append(markup)
    return SafeString("".join(drawn))
