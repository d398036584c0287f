"""The live connection test of a described hub: does the description fit what the hub answers?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations.contracts import ConnectionReport, HubIntegration, Need
from integrations.errors import RemoteError
from integrations.generic.records import ArrivalRow

if TYPE_CHECKING:
    from integrations.generic.adapter import GenericHub

TRIED = timedelta(days=7)
"""How far back arrivals are asked for: an hour may well hold none."""


async def test(hub: GenericHub, *, now: datetime) -> ConnectionReport:
    """Lists the integrations and reads the first page of what arrived within a week; changes nothing."""
    needs = list(_secrets(hub))
    listed: Sequence[HubIntegration] = ()
    name = _("Integrations can be read")
    try:
        listed = await hub.read_integrations(now=now)
    except RemoteError as error:
        needs.append(Need(name, False, str(error), error.remedy))
    else:
        detail = _("%(count)d integrations are listed.") % {"count": len(listed)}
        needs.append(Need(name, True if listed else None, detail))
    name = _("Arrived orders can be read")
    try:
        page = await hub.arrivals.first_page(now - TRIED, now=now)
        rows = hub.arrivals.rows(page)
    except RemoteError as error:
        needs.append(Need(name, False, str(error), error.remedy))
    else:
        needs.append(_counted(name, rows))
        needs += _fitting(hub, rows, listed)
    return ConnectionReport(tuple(needs), tuple(listed), {"platform": _(hub.label)})


def _secrets(hub: GenericHub) -> Iterator[Need]:
    """Whether what stands in headers and in the refresh request was entered."""
    unsent = [name for name, text in hub.settings.headers.items() if "{token}" in text]
    if unsent and not hub.credentials.token:
        yield Need(
            _("The token is entered"),
            None,
            _("There is none, so the header %(name)s is not sent.") % {"name": unsent[0]},
            _("Enter it under credentials if the hub asks for one."),
        )
    request = hub.settings.refresh
    if request is None:
        return
    name = _("The refresh request is complete")
    if "{refresh_secret}" in request.model_dump_json() and not hub.credentials.refresh_secret:
        yield Need(
            name, False, _("It asks for a secret that is not there."), _("Enter it under credentials.")
        )
    else:
        yield Need(name, True, _("It was not tried: it would start a fetch."))


def _counted(name: str, rows: Sequence[ArrivalRow]) -> Need:
    if not rows:
        return Need(name, None, _("The list has the agreed form, but nothing arrived within a week."))
    newest = max(row.arrived_at for row in rows)
    detail = _("%(count)d orders on the first page, the newest of %(time)s UTC.")
    return Need(name, True, detail % {"count": len(rows), "time": f"{newest:%Y-%m-%d %H:%M}"})


def _fitting(hub: GenericHub, rows: Sequence[ArrivalRow], listed: Sequence[HubIntegration]) -> Iterator[Need]:
    """Whether the orders belong to integrations that are listed, and are sorted as described."""
    ids = {integration.external_id for integration in listed}
    if rows and ids:
        strange = [row.integration_id for row in rows if row.integration_id not in ids]
        name = _("Orders belong to integrations that are listed")
        if len(strange) == len(rows):
            yield Need(
                name,
                False,
                _("None does: the first order belongs to “%(id)s”.") % {"id": strange[0][:60]},
                _("Correct the path of integration_id or of external_id in the fields."),
            )
        else:
            yield Need(name, True, _("They do."))
    times = [row.arrived_at for row in rows]
    order = hub.settings.arrivals.order
    if order != "any" and len(set(times)) > 1:
        is_sorted = times == sorted(times, reverse=order == "newest_first")
        name = _("Arrived orders are listed in the order that is described")
        remedy = "" if is_sorted else _("Set the order of the list to “any” in the settings of the account.")
        yield Need(name, is_sorted, _("They are.") if is_sorted else _("They are not."), remedy)
