"""What a Magento shop tells of itself: version, zone, units, and which rights an integration has.

Rights are tried by questions that change nothing: what Magento allows it answers with the data or with "400,
something is missing"; what it does not allow it answers with 401 before it looks at anything else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import orjson
from pydantic import TypeAdapter

from integrations.access.classify import json_document
from integrations.documents import Record, Rows
from integrations.magento import search
from integrations.magento.orders import ORDERS, Order
from integrations.magento.recognition import is_refusal
from integrations.magento.refusals import SHIP, SHIPMENT, refused_right
from integrations.magento.search import Listing, Row, Text
from integrations.parsing import parse

if TYPE_CHECKING:
    from integrations.magento.adapter import MagentoStore

_VERSION_PAGE = re.compile(r"\s*([\w-]{1,20})/(\d[\d.]{0,15})(?: \(([\w ]{1,20})\))?\s*")
_SCHEMA_HEAD = re.compile(r'"info":\{"version":"(\d[\d.]{0,15})","title":"([\w -]{1,30})"')
_ENOUGH_OF_A_SCHEMA = 4096


class StoreConfig(Record):
    """The part of a store view's settings that is of use here."""

    timezone: Text = None
    """IANA name."""
    weight_unit: Text = None
    """``kgs`` or ``lbs``."""


_CONFIGS = TypeAdapter(Rows[StoreConfig])
_SHIPMENTS = TypeAdapter(Listing[Row])


async def newest_order(store: MagentoStore, *, now: datetime) -> Order | None:
    """Raises RemoteError when orders cannot be read."""
    params = search.criteria([], size=1, fields=f"items[{_NEWEST}],total_count", direction="DESC")
    rows = (await store.lists("orders", ORDERS, now=now)(params)).items
    return rows[0] if rows else None


_NEWEST = "entity_id,increment_id,status,created_at,updated_at"


async def config(store: MagentoStore, *, now: datetime) -> StoreConfig | None:
    """The settings of the first store view; ``None`` where the integration may not read them."""
    answer = await store.ask("GET", "store/storeConfigs", now=now)
    if refused_right(answer) is not None:
        return None
    if answer.status != 200 or not answer.looks_like_json:
        raise await store.refusal(answer, now=now)
    found = parse(store.http, answer, _CONFIGS)
    return found[0] if found else None


async def version(store: MagentoStore, *, now: datetime) -> str:
    """``Magento 2.4 (Community)``; empty where the shop keeps it to itself. Only the first two numbers
    are ever told."""
    url = f"{store.http.target_url}/magento_version"
    page = await store.http.request("GET", url, now=now, truncate_at=_ENOUGH_OF_A_SCHEMA, keep=False)
    told = _VERSION_PAGE.fullmatch(page.text(200)) if page.status == 200 else None
    if told:
        return f"{told[1]} {told[2]}" + (f" ({told[3]})" if told[3] else "")
    root = store.settings.api_root.partition("rest")[0]
    url = f"{store.http.target_url}/{root}rest/all/schema"
    params = {"services": "salesOrderRepositoryV1"}
    schema = await store.http.request(
        "GET", url, now=now, params=params, truncate_at=_ENOUGH_OF_A_SCHEMA, keep=False
    )
    told = _SCHEMA_HEAD.search(schema.text()) if schema.status == 200 else None
    return f"{told[2]} {told[1]}" if told else ""


async def missing_rights(store: MagentoStore, *, now: datetime) -> Sequence[str]:
    """Which of the rights about tracking the integration lacks. Only meaningful while it reads orders.

    The question about shipping names order 0, which exists nowhere, and has a body: without one, a real
    order would be shipped.
    """
    missing = []
    params = search.criteria([], size=1, fields="items[entity_id],total_count")
    shipments = await store.ask("GET", "shipments", params, now=now)
    if refused_right(shipments) is not None:
        missing.append(SHIPMENT)
    elif shipments.status == 200:
        parse(store.http, shipments, _SHIPMENTS)
    else:
        raise await store.refusal(shipments, now=now)
    nothing = orjson.dumps({"notify": False, "tracks": []})
    shipping = await store.ask("POST", "order/0/ship", now=now, content=nothing)
    if refused_right(shipping) is not None:
        missing.append(SHIP)
    elif shipping.status not in (400, 404) or not is_refusal(shipping, json_document(shipping)):
        raise await store.refusal(shipping, now=now)
    return missing
