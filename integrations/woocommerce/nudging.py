"""Touches an order so that its time of change moves, and with it whatever waits for changes.

With order tables even an empty PUT saves the order anew; with orders kept as posts nothing moves without a
real change, and then there is no harmless way.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.errors import NotPossible
from integrations.parsing import parse
from integrations.woocommerce.batches import is_unknown
from integrations.woocommerce.orders import Row

if TYPE_CHECKING:
    from integrations.woocommerce.adapter import WooCommerceStore

_ROW = TypeAdapter(Row)
_FIELDS = {"_fields": "id,status,date_modified_gmt"}
JUST_NOW = timedelta(seconds=5)


async def nudge(store: WooCommerceStore, order_id: str, *, now: datetime) -> None:
    """An empty PUT. Raises NotPossible when the order is not there, or its time of change did not move."""
    path = f"wc/v3/orders/{order_id}"
    answer = await store.ask("GET", path, now=now, params=_FIELDS) if order_id.isdecimal() else None
    if answer is None or is_unknown(answer):
        raise NotPossible(_("The shop has no order %(order)s any more.") % {"order": order_id[:40]})
    before = parse(store.http, store.agreed(answer), _ROW).changed_at
    after = parse(store.http, await store.send("PUT", path, {}, now=now), _ROW).changed_at
    if after is not None and (before is None or after > before or after >= now - JUST_NOW):
        return
    raise NotPossible(
        _("This shop keeps orders as posts: touching one without changing it moves nothing."),
        remedy=_(
            "In WooCommerce > Settings > Advanced > Features choose high-performance order storage, or open "
            "and save the order by hand."
        ),
    )
