"""The live connection test of a Magento shop: what it needs, what it has, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations.clocks import clock_need
from integrations.contracts import ConnectionReport, Need
from integrations.errors import RemoteError
from integrations.magento import about, search
from integrations.magento.orders import ORDERS, Order
from integrations.magento.refusals import GRANT, RIGHTS, SHIP, SHIPMENT, error_of_refusal, refused_right
from integrations.magento.search import naive_utc

if TYPE_CHECKING:
    from integrations.magento.adapter import MagentoStore

SECOND = timedelta(seconds=1)


async def test(store: MagentoStore, *, now: datetime) -> ConnectionReport:
    """Asks in the order in which things depend on each other, and stops where nothing more can be found."""
    facts: dict[str, str] = {"platform": store.label}
    needs: list[Need] = []
    name = _("The shop's API answers")
    try:
        await _reach(store, now)
        needs.append(Need(name, True, _("Magento answers at %(url)s.") % {"url": store.root}))
        version = await about.version(store, now=now)
        if version:
            facts[_noop("version")] = version
        name = _("The integration may read orders")
        newest = await about.newest_order(store, now=now)
        needs.append(Need(name, True, _("Orders can be read.")))
        needs.append(_clock(store, now, facts))
        name = _("Times are understood")
        needs.append(await _times(store, newest, now))
        name = _("Tracking numbers can be read")
        needs += _rights(await about.missing_rights(store, now=now))
        config = await about.config(store, now=now)
    except RemoteError as error:
        return ConnectionReport((*needs, Need(name, False, str(error), error.remedy)), facts=facts)
    if config and config.timezone:
        facts[_noop("time zone")] = config.timezone
    if newest:
        facts[_noop("newest order")] = newest.increment_id or str(newest.entity_id)
    return ConnectionReport(tuple(needs), facts=facts)


async def _reach(store: MagentoStore, now: datetime) -> None:
    """Without credentials: Magento's own refusal proves that it was reached."""
    answer = await store.http.request("GET", f"{store.root}/orders/0", now=now)
    if refused_right(answer) is None:
        raise error_of_refusal(store.http, answer)


async def _times(store: MagentoStore, newest: Order | None, now: datetime) -> Need:
    """A value that Magento does not take for a time matches everything; so it is proved with one order."""
    name = _("Times are understood")
    if newest is None or newest.changed_at is None:
        return Need(name, None, _("The shop has no order yet to try it with."))
    fetch = store.lists("orders", ORDERS, now=now)
    found = []
    for begin in (newest.changed_at, newest.changed_at + SECOND):
        filters = [
            ("entity_id", "eq", str(newest.entity_id)),
            ("updated_at", "gteq", naive_utc(begin)),
            ("updated_at", "lt", naive_utc(begin + SECOND)),
        ]
        found.append(len((await fetch(search.criteria(filters, size=1, fields="items[entity_id]"))).items))
    if found == [1, 0]:
        return Need(name, True, _("The shop finds its newest order by its time in UTC."))
    return Need(
        name,
        False,
        _("Asked by time, the shop does not find its newest order rightly."),
        _("Exempt Magento's API from caches, and see which module changes its lists."),
    )


def _clock(store: MagentoStore, now: datetime, facts: dict[str, str]) -> Need:
    return clock_need(None if store.clock is None else store.clock - store.moment(now), facts)


def _rights(missing: Sequence[str]) -> list[Need]:
    """Writing is needed only by who wants numbers to be written again: without it nothing is unmet."""
    may_read, may_write = SHIPMENT not in missing, SHIP not in missing
    return [
        Need(
            _("Tracking numbers can be read"),
            may_read,
            _("Shipments can be read.")
            if may_read
            else _("The integration lacks the right %(right)s.") % {"right": RIGHTS[SHIPMENT]},
            "" if may_read else _(GRANT) % {"right": RIGHTS[SHIPMENT]},
        ),
        Need(
            _("Tracking numbers can be written"),
            True if may_read and may_write else None,
            _("The integration may ship orders.")
            if may_write
            else _("The integration may not ship orders. Only writing tracking numbers again needs that."),
            "" if may_write else _(GRANT) % {"right": RIGHTS[SHIP]},
        ),
    ]
