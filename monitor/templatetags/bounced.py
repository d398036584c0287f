"""The warning that somebody is not told of anything any more."""

from typing import Any

from django import template

from monitor.alerts import bouncing

register = template.Library()


@register.inclusion_tag("dashboard/bounced.html", takes_context=True)
def bounced_addresses(context: dict[str, Any]) -> dict[str, Any]:
    """One line, for people who can do something about it. One query for them, none for others."""
    may_change = "monitor.change_subscription" in context.get("perms", ())
    return {"bounced": bouncing.bounced() if may_change else []}
