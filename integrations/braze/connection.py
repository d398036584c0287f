"""The live connection test of a Braze workspace: each permission by its name."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations import errors
from integrations.contracts import ConnectionReport, Need

if TYPE_CHECKING:
    from integrations.braze.adapter import BrazeHub


async def test(hub: BrazeHub, *, now: datetime) -> ConnectionReport:
    """Asks each question once. That nothing is accepted says the key is wrong, not its permissions."""
    facts = {"platform": hub.label}
    name = _("The key may list events (events.list)")
    try:
        names = await hub.read_names(now=now)
    except errors.RemoteError as error:
        needs = [Need(name, False, str(error), error.remedy)]
        if not isinstance(error, errors.CredentialsRefused):
            return ConnectionReport(tuple(needs), facts=facts)
        names = []
    else:
        needs = [Need(name, True, _("The workspace knows %(count)d events.") % {"count": len(names)})]
    found = [event for wanted in hub.settings.names().values() for event in wanted if event in names]
    if needs[0].met:
        needs.append(_orders(found))
        facts[_noop("events found")] = ", ".join(found[:8])
    series = {"event": found[0] if found else hub.settings.order_placed[0], "length": "1", "unit": "hour"}
    questions = [
        (_("The key may count events (events.data_series)"), "events/data_series", series),
        (_("The key may list catalogs (catalogs.get)"), "catalogs", {}),
    ]
    if hub.settings.shopify_app_id:
        name = _("The key may count sessions (sessions.data_series)")
        series = {"app_id": hub.settings.shopify_app_id, "length": "1", "unit": "hour"}
        questions.append((name, "sessions/data_series", series))
    needs += [await _allowed(hub, name, path, params, now) for name, path, params in questions]
    if not any(need.met for need in needs):
        needs = [
            Need(
                _("The key is accepted"),
                False,
                _("Braze refuses the key for every question: it is wrong, or belongs to another instance."),
                _(
                    "Compare the address with the REST endpoint that Braze shows under Settings > APIs and "
                    "Identifiers, enter the key again, and look at its list of allowed addresses."
                ),
            )
        ]
    return ConnectionReport(tuple(needs), facts=facts)


def _orders(found: list[str]) -> Need:
    name = _("Orders of a shop reach the workspace")
    if found:
        return Need(name, True, _("Found: %(names)s.") % {"names": ", ".join(found[:8])})
    return Need(
        name,
        None,
        _("None of the event names in the settings is known there yet."),
        _("Connect the shop in Braze first, or enter the names of its events in the settings."),
    )


async def _allowed(hub: BrazeHub, name: str, path: str, params: dict[str, str], now: datetime) -> Need:
    try:
        answer = await hub.api.ask(path, params or None, now=now)
        if answer.looks_like_json and answer.status in (200, 400, 404):
            # The question itself was understood, whether or not such an event or app is known.
            return Need(name, True, _("Braze answers."))
        raise await hub.api.error(answer, path)
    except errors.RemoteError as error:
        met = False if isinstance(error, errors.CredentialsRefused) else None
        return Need(name, met, str(error), error.remedy)
