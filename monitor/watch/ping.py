"""Telling an outside monitor that we live. When it hears nothing, it is that monitor which calls people."""

from datetime import datetime
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from integrations.errors import RemoteError
from integrations.guard import GuardPolicy
from integrations.http import Patience, RemoteClient
from monitor.models import Heartbeat
from monitor.watch.parts import PING

PATIENCE = Patience(connect=5, read=10, whole=10)


def address(url: str, *, is_well: bool) -> str:
    """The address to ask: with ``/fail`` at the end of its path when we are not well, as Healthchecks
    (healthchecks.io, "Signaling failures") takes it."""
    if is_well:
        return url
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))


async def ping(url: str, now: datetime, *, is_well: bool) -> str:
    """Asks once; an error as a sentence, or nothing. The address is a secret and stands in no log."""
    policy = GuardPolicy(allowed_networks=settings.SYNCWATCH_ALLOWED_NETWORKS)
    try:
        async with RemoteClient(url, policy=policy, secrets=[url], patience=PATIENCE) as client:
            answer = await client.request("GET", address(url, is_well=is_well), now=now, keep=False)
    except RemoteError as error:
        return str(error)
    return "" if answer.status < 300 else f"HTTP {answer.status}"


def keep(error: str, now: datetime) -> None:
    """Keeps for the status page how the last ping ended. Raises DatabaseError."""
    row, _made = Heartbeat.objects.get_or_create(part=PING, defaults={"at": now})
    row.at, row.detail = (row.at, {"error": error}) if error else (now, {})
    row.save()
