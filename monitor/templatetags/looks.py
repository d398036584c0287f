"""Addresses that lead to a moment: what templates of the overview need."""

from datetime import timedelta
from urllib.parse import urlencode

from django import template

from monitor.dashboard.bands import Segment
from monitor.dashboard.looking import Look, address_of
from monitor.dashboard.picture import Column

register = template.Library()
LEAST = timedelta(hours=1)


@register.filter
def zoom(look: Look, column: Column) -> str:
    """The address of the same page for the time of a column."""
    return look.at(column.start_at, column.end_at)


@register.filter
def around(segment: Segment) -> str:
    """The range that shows a segment with what was before and after it."""
    margin = max((segment.end_at - segment.start_at) / 2, LEAST)
    return urlencode(address_of(segment.start_at - margin, segment.end_at + margin))
