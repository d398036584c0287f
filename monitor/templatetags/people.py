"""What templates about people need."""

from django import template

from monitor.dashboard.people_forms import role_word as _role_word

register = template.Library()


@register.filter
def role_word(group: str) -> str:
    """A role as one word."""
    return _role_word(group)
