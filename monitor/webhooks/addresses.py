"""Where stores and hubs send their webhooks."""

from django.conf import settings


def webhook_url(kind: str, name: str) -> str:
    """The address of the receiver for one store or account; empty when none is reachable from outside."""
    base: str = settings.SYNCWATCH_WEBHOOK_URL.rstrip("/")
    return f"{base}/hooks/{kind}/{name}" if base else ""
