"""What templates about people need."""

from typing import Any

from django import template

from monitor.access_control import FORCE_REFRESH
from monitor.dashboard.people_forms import role_word as _role_word
from monitor.scope import scope_of

register = template.Library()


@register.filter
def role_word(group: str) -> str:
    """A role as one word."""
    return _role_word(group)


@register.filter
def enters_administration(user: Any) -> bool:
    """Whether the administration, which knows no limits to some stores, is open to somebody."""
    return bool(user.is_staff) or scope_of(user, FORCE_REFRESH).is_everything
