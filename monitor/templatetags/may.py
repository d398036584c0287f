"""Whether whoever looks at a page may do something to the very row that it shows.

A permission alone says only that it holds for some stores: a button that it brings to another store's page
would answer "not found".
"""

from collections.abc import Collection, Sequence
from typing import Any

from django import template
from django.db.models import Model

from monitor.scope import scope_of

register = template.Library()


@register.simple_tag(takes_context=True)
def may(context: dict[str, Any], permission: str, row: Model) -> bool:
    """``{% may "monitor.force_refresh" integration as may_refresh %}``; see :meth:`Scope.covers`."""
    return scope_of(context["request"].user, permission).covers(row)


@register.simple_tag(takes_context=True)
def which_may(context: dict[str, Any], permission: str, lines: Sequence[Any]) -> Collection[int]:
    """Of the incidents in ``lines`` of the overview those that may be changed, by primary key; one query."""
    incidents = [line.incident for line in lines if line.incident is not None]
    return scope_of(context["request"].user, permission).covered(incidents)
