"""The live connection test of a WooCommerce shop: what it needs, what it has, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop
from pydantic import TypeAdapter

from integrations.access.classify import json_document
from integrations.clocks import clock_need
from integrations.contracts import CheckState, ConnectionReport, Need
from integrations.documents import Record, Rows
from integrations.errors import CredentialsRefused, RemoteError, RemoteFault
from integrations.parsing import parse
from integrations.woocommerce.checkup import clock_skew, write_right, zone_name
from integrations.woocommerce.diagnosis import explained
from integrations.woocommerce.orders import ROWS, SECOND, Row, naive_utc
from integrations.woocommerce.refusals import error_of_refusal

if TYPE_CHECKING:
    from integrations.answer import Answer
    from integrations.woocommerce.adapter import WooCommerceStore


class Index(Record):
    """WordPress' description of its API."""

    namespaces: Rows[str] = []
    timezone_string: str = ""
    gmt_offset: float | str = ""


_INDEX = TypeAdapter(Index)


async def test(store: WooCommerceStore, *, now: datetime) -> ConnectionReport:
    """Asks in the order in which things depend on each other, and stops where nothing more can be found."""
    facts: dict[str, str] = {"platform": store.label}
    needs: list[Need] = []
    try:
        answer = await _index(store, now)
        index = parse(store.http, answer, _INDEX)
    except RemoteError as error:
        return ConnectionReport((_unmet(_("The shop's API answers"), error),), facts=facts)
    needs.append(
        Need(_("The shop's API answers"), True, _("WordPress answers at %(url)s.") % {"url": store.root})
    )
    facts[_noop("time zone")] = zone_name(index.timezone_string, index.gmt_offset) or str(index.gmt_offset)
    needs.append(_clock(answer, now, facts))
    active = "wc/v3" in index.namespaces
    needs.append(
        Need(
            _("WooCommerce is active"),
            active,
            _("The interface wc/v3 is offered.") if active else _("WordPress does not offer wc/v3."),
            "" if active else _("Activate WooCommerce, or update it."),
        )
    )
    try:
        newest = await _newest(store, now)
    except RemoteError as refused:
        needs.append(_unmet(_("The key may read orders"), await explained(store, refused, now=now)))
        return ConnectionReport(tuple(needs), facts=facts)
    needs.append(Need(_("The key may read orders"), True, _("Orders can be read.")))
    needs.append(await _times(store, newest, now))
    needs.append(await _write_right(store, now))
    if newest:
        facts[_noop("newest order")] = newest.number or str(newest.id)
    return ConnectionReport(tuple(needs), facts=facts)


async def _index(store: WooCommerceStore, now: datetime) -> Answer:
    params = {"_fields": "namespaces,timezone_string,gmt_offset"}
    answer = await store.http.request("GET", f"{store.root}/", now=now, params=params)
    if answer.status == 200 and answer.looks_like_json:
        return answer
    if answer.status in (404, 200) and await _describes(store, "index.php/wp-json/", {}, now):
        sentence = _("WordPress is there, but not at /%(root)s: the web server's rewrite rules are missing.")
        raise RemoteFault(
            sentence % {"root": store.settings.api_root},
            remedy=_(
                "In WordPress > Settings > Permalinks save once; or enter index.php/wp-json as the API path "
                "in the store's settings."
            ),
        )
    if answer.status in (404, 200) and await _describes(store, "", {"rest_route": "/"}, now):
        sentence = _("WordPress is there, but not at /%(root)s: its permalinks are set to Plain.")
        raise RemoteFault(
            sentence % {"root": store.settings.api_root},
            remedy=_("In WordPress > Settings > Permalinks choose anything but Plain and save."),
        )
    raise error_of_refusal(store.http, answer)


async def _describes(store: WooCommerceStore, path: str, params: Mapping[str, str], now: datetime) -> bool:
    """Whether WordPress describes its API there. It proves no more: keys are not read at ``?rest_route=``."""
    url = f"{store.http.target_url}/{path}"
    asked = {**params, "_fields": "namespaces"}
    answer = await store.http.request("GET", url, now=now, params=asked, keep=False)
    document = json_document(answer) if answer.looks_like_json else None
    return isinstance(document, dict) and "namespaces" in document


async def _newest(store: WooCommerceStore, now: datetime) -> Row | None:
    params = {
        "orderby": "modified",
        "order": "desc",
        "per_page": "1",
        "_fields": "id,number,status,date_created_gmt,date_modified_gmt",
    }
    rows = parse(store.http, await store.get("wc/v3/orders", params, now=now), ROWS)
    return rows[0] if rows else None


async def _times(store: WooCommerceStore, newest: Row | None, now: datetime) -> Need:
    """A wrong reading of time bounds silently hides the newest hours; so it is proved with one order."""
    name = _("Times are understood")
    if newest is None or newest.changed_at is None:
        return Need(name, None, _("The shop has no order yet to try it with."))
    found = []
    for bound in (newest.changed_at - SECOND, newest.changed_at + SECOND):
        params = {
            "modified_after": naive_utc(bound),
            "dates_are_gmt": "true",
            "include": str(newest.id),
            "per_page": "1",
            "_fields": "id,status",
        }
        try:
            rows = parse(store.http, await store.get("wc/v3/orders", params, now=now), ROWS)
        except RemoteError as error:
            return _unmet(name, error)
        found.append(len(rows))
    if found == [1, 0]:
        return Need(name, True, _("The shop finds its newest order by its time in UTC."))
    return Need(
        name,
        False,
        _("Asked by time, the shop does not find its newest order rightly."),
        _("Update WooCommerce, and exempt its API from caches."),
    )


async def _write_right(store: WooCommerceStore, now: datetime) -> Need:
    """Reading is enough for watching, so a key that may only read is no unmet need."""
    found = await write_right(store, now)
    met = {CheckState.OK: True, CheckState.WARN: False}.get(found.state)
    detail, remedy = _(found.text) % found.values, _(found.remedy) if found.remedy else ""
    return Need(_("Tracking numbers can be written"), met, detail, remedy)


def _clock(answer: Answer, now: datetime, facts: dict[str, str]) -> Need:
    return clock_need(clock_skew(answer, now), facts)


def _unmet(name: str, error: RemoteError) -> Need:
    remedy = error.remedy
    if not remedy and isinstance(error, CredentialsRefused):
        remedy = _("Make a new REST key in WooCommerce and enter both its parts.")
    return Need(name, False, str(error), remedy)
