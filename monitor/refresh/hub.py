"""Asking a hub: what it can do for an integration, and the refresh request itself."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from integrations.contracts import CallRecord, RefreshAnswer
from integrations.errors import RemoteError, TimedOut
from integrations.models import Integration
from integrations.opening import open_hub
from monitor.collect.hubs import record_calls
from monitor.collect.pacing import AccountPacer
from monitor.collect.run import policy
from monitor.models import HubState

DEADLINE = timedelta(seconds=60)
"""For the whole request, waiting for the account's rate limit included."""


@dataclass(frozen=True, slots=True)
class Abilities:
    """The ways to refresh an integration."""

    can_ask: bool
    panel_url: str
    """The hub's own page of the integration; empty when there is none."""


def abilities(integration: Integration, system: str | None = None) -> Abilities:
    """Asks the adapter, not the network. ``system`` is the hub's word for the shop, where it is known."""

    async def look(system: str) -> Abilities:
        account = integration.account
        async with open_hub(account.target(), account.kind, policy=policy()) as hub:
            return Abilities(hub.can_refresh(), hub.panel_url(integration.external_id, system))

    if system is None:
        newest = HubState.objects.filter(integration=integration).order_by("-at", "-pk").first()
        system = newest.system if newest else ""
    return asyncio.run(look(system))


def ask(integration: Integration, *, now: datetime) -> RefreshAnswer:
    """Sends the account's refresh request, under its rate limit, and keeps what was answered.

    Raises RemoteError.
    """
    account = integration.account
    calls: list[CallRecord] = []

    async def send() -> RefreshAnswer:
        pacer = AccountPacer(account.pk, slots_at_once=1)
        async with open_hub(account.target(), account.kind, policy=policy(), pacer=pacer) as hub:
            try:
                async with asyncio.timeout(DEADLINE.total_seconds()):
                    return await hub.refresh(integration.external_id, now=now)
            except TimeoutError as error:
                raise TimedOut(
                    _("No answer within %(seconds)d s.") % {"seconds": DEADLINE.seconds}
                ) from error
            finally:
                calls.extend(hub.calls())

    try:
        return asyncio.run(send())
    except RemoteError as error:
        if error.call and error.call not in calls:
            calls.append(error.call)
        raise
    finally:
        record_calls(calls, account_id=account.pk)
