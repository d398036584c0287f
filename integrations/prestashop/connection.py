"""The live connection test of a PrestaShop shop: what it needs, what it has, and what to do."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations.clocks import LARGEST_SKEW, clock_need
from integrations.contracts import CheckState, ConnectionReport, Need
from integrations.errors import CredentialsRefused, RemoteError, RemoteFault
from integrations.prestashop.checkup import REWRITE_REMEDY, rule_is_missing
from integrations.prestashop.orders import FIELDS, ROWS, Row
from integrations.prestashop.recognition import shop_time
from integrations.prestashop.refusals import TICK
from integrations.prestashop.rights import Right, Root, read_root
from integrations.prestashop.times import ShopClock, as_text

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from integrations.answer import Answer
    from integrations.prestashop.adapter import PrestaShopStore


async def test(store: PrestaShopStore, *, now: datetime) -> ConnectionReport:
    """Asks in the order in which things depend on each other, and stops where nothing more can be found."""
    facts: dict[str, str] = {"platform": store.label}
    reached, accepted = _("The shop's webservice answers"), _("The key is accepted")
    try:
        root, answer = await read_root(store, now=now)
    except CredentialsRefused as error:
        there = Need(reached, True, _("PrestaShop answers at %(url)s.") % {"url": store.api.root})
        return ConnectionReport((there, Need(accepted, False, str(error), error.remedy)), facts=facts)
    except RemoteError as error:
        remedy = error.remedy
        if isinstance(error, RemoteFault) and await rule_is_missing(store, now=now):
            remedy = _(REWRITE_REMEDY)
        return ConnectionReport((Need(reached, False, str(error), remedy),), facts=facts)
    facts[_noop("version")] = root.version
    needs = [
        Need(reached, True, _("PrestaShop answers at %(url)s.") % {"url": store.api.root}),
        Need(accepted, True, _("The shop knows the key.")),
        _clock(answer, now, facts),
    ]
    rights = root.used(states_are_configured=bool(store.settings.expected_states))
    needs += [_right(root, right) for right in rights]
    if all(root.has(right) for right in rights if right.missing is CheckState.FAIL):
        needs += await _times(store, now, facts)
    return ConnectionReport(tuple(needs), facts={name: value for name, value in facts.items() if value})


def _right(root: Root, right: Right) -> Need:
    words = {"method": right.verb, "resource": right.resource}
    name = _("The key may %(method)s %(resource)s") % words
    if root.has(right):
        return Need(name, True, _("It has that right."))
    met = False if right.missing is CheckState.FAIL else None
    return Need(name, met, _(right.without), _(TICK) % words)


def _clock(answer: Answer, now: datetime, facts: dict[str, str]) -> Need:
    shop = shop_time(answer)
    return clock_need(None if shop is None else shop - now, facts)


async def _times(store: PrestaShopStore, now: datetime, facts: dict[str, str]) -> list[Need]:
    """A list that is filtered wrongly silently hides orders; so it is proved with the newest one."""
    try:
        told = await store.read_zone(now=now)
        zone = told or store.entered_zone()
        facts[_noop("time zone")] = told.key if told else ""
        newest, answer = await _first(store, {"sort": "[date_upd_DESC,id_DESC]", "date": "1"}, now)
        if newest is None or newest.date_upd is None:
            name = _("Times are understood")
            return [Need(name, None, _("The shop has no order yet to try it with."))]
        facts[_noop("newest order")] = newest.reference or str(newest.id)
        found = await _is_found(store, newest, now)
    except RemoteError as error:
        return [Need(_("Orders can be read"), False, str(error), error.remedy)]
    return [_filters(found), _zone(told, zone, newest, shop_time(answer) or now)]


async def _first(store: PrestaShopStore, params: dict[str, str], now: datetime) -> tuple[Row | None, Answer]:
    rows, _count, answer = await store.api.rows(
        "orders", {"display": FIELDS, "limit": "1", **params}, ROWS, now=now
    )
    return (rows[0] if rows else None), answer


async def _is_found(store: PrestaShopStore, newest: Row, now: datetime) -> bool:
    """Every kind of question the reading asks, answered with the one order that must come, or without it."""
    assert newest.date_upd is not None
    stamp = as_text(newest.date_upd)
    at = {"filter[id]": f"[{newest.id}]", "date": "1"}
    within, _answer = await _first(store, {**at, "filter[date_upd]": f"[{stamp},{stamp}]"}, now)
    after, _answer = await _first(store, {**at, "filter[date_upd]": f">[{stamp}]"}, now)
    above, _answer = await _first(store, {"filter[id]": f">[{newest.id - 1}]", "sort": "[id_ASC]"}, now)
    return within is not None and after is None and above is not None and above.id == newest.id


def _filters(found: bool) -> Need:
    name = _("Times are understood")
    if found:
        return Need(name, True, _("The shop finds its newest order by its time and by its number."))
    return Need(
        name,
        False,
        _("Asked by time and by number, the shop does not find its newest order rightly."),
        _("Exempt the webservice from caches and firewalls that change addresses."),
    )


def _zone(told: ZoneInfo | None, zone: ZoneInfo, newest: Row, shop_now: datetime) -> Need:
    name = _("The shop's time zone is known")
    if told:
        return Need(name, True, _("The shop says %(zone)s.") % {"zone": zone.key})
    remedy = _(
        "Give the key GET for configurations, or enter the zone that PrestaShop shows under Localization."
    )
    if newest.date_upd and ShopClock(zone).earliest(newest.date_upd) > shop_now + LARGEST_SKEW:
        sentence = _("Read as a time of %(zone)s, the newest change lies in the future.")
        return Need(name, False, sentence % {"zone": zone.key}, remedy)
    return Need(name, None, _("The shop does not tell it; %(zone)s is used.") % {"zone": zone.key}, remedy)
