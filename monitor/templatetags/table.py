"""What the table of integrations draws."""

from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from monitor.charts.sparks import HEIGHT, WIDTH, Spark

register = template.Library()


@register.simple_tag
def spark(line: Spark, waiting_since: datetime | None) -> SafeString:
    """The small latency line, silent for screen readers (its figure stands beside it), and below it for how
    long orders have been waiting: a line of arrived orders alone would look best during a stall."""
    late = SafeString("")
    if waiting_since is not None:
        x = min(line.x_of(waiting_since), WIDTH - 2)
        late = format_html('<path class="wait" d="M{} {}H{}"/>', x, HEIGHT - 1, WIDTH)
    return format_html(
        '<svg viewBox="0 0 {} {}" aria-hidden="true">{}<path d="{}"/></svg>', WIDTH, HEIGHT, late, line.path
    )
