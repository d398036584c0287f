"""The live connection test of a Sendcloud account."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations.contracts import ConnectionReport, Need
from integrations.errors import CredentialsRefused, RemoteError

if TYPE_CHECKING:
    from integrations.sendcloud.adapter import SendcloudHub


async def test(hub: SendcloudHub, *, now: datetime) -> ConnectionReport:
    """Lists the account's integrations, and asks for one arrived order, one log row and one parcel."""
    reached, accepted = _("Sendcloud answers"), _("The key pair is accepted")
    facts = {"platform": hub.label}
    try:
        integrations = await hub.read_integrations(now=now)
    except CredentialsRefused as error:
        refused = Need(accepted, False, str(error), error.remedy)
        return ConnectionReport(
            (Need(reached, True, _("Sendcloud answers at this address.")), refused), facts=facts
        )
    except RemoteError as error:
        return ConnectionReport((Need(reached, False, str(error), error.remedy),), facts=facts)
    facts["integrations"] = str(len(integrations))
    listed = Need(
        _("Integrations are listed"),
        bool(integrations),
        _("%(count)d integrations are listed.") % {"count": len(integrations)}
        if integrations
        else _("The account has no integration yet."),
        "" if integrations else _("Connect a shop in Sendcloud under Settings > Integrations."),
    )
    is_older = hub.versions.is_older("integrations", now)
    facts["version"] = "v2" if is_older else "v3"
    orders, logs, parcels = (
        (f"v2/integrations/{integrations[0].external_id}/shipments", "v2/integrations/logs", "v2/parcels")
        if is_older and integrations
        else ("v3/orders", "v3/integrations/logs", "v3/shipments")
    )
    needs = (
        Need(reached, True, _("Sendcloud answers at this address.")),
        Need(accepted, True, _("The key pair belongs to an account.")),
        listed,
        await _readable(hub, orders, _("Arrived orders can be read"), now),
        await _readable(hub, logs, _("The log of failed calls can be read"), now),
        await _readable(hub, parcels, _("Parcels can be read"), now),
    )
    return ConnectionReport(needs, tuple(integrations), facts)


async def _readable(hub: SendcloudHub, path: str, name: str, now: datetime) -> Need:
    try:
        await hub.api.get(path, {"page_size": "1"}, now=now)
    except RemoteError as error:
        return Need(name, False, str(error), error.remedy)
    return Need(name, True, _("Sendcloud lists them."))
