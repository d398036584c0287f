"""Touches an order so that its time of change moves: importers that ask by that time then see it again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations import errors
from integrations.documents import Record, Rows
from integrations.prestashop.markup import write_xml
from integrations.prestashop.orders import Text
from integrations.prestashop.recognition import major_version
from integrations.prestashop.tracking import FIRST_WITH_PATCH, one_of

if TYPE_CHECKING:
    from integrations.prestashop.adapter import PrestaShopStore


class _Order(Record):
    id: int
    shipping_number: Text = ""


_ORDERS = TypeAdapter(Rows[_Order])


async def nudge(store: PrestaShopStore, order_id: str, *, now: datetime) -> None:
    """Writes the order's shipping number as it is, which mails nobody. See Nudges.

    The number is read a moment before. PUT would need the whole order, and with it its state and its mails.
    """
    wanted = one_of([order_id])
    orders: list[_Order] = []
    version = 0
    if wanted:
        params = {"filter[id]": wanted, "display": "[id,shipping_number]"}
        orders, _count, answer = await store.api.rows("orders", params, _ORDERS, now=now, strict=True)
        version = major_version(answer)
    if not orders:
        raise errors.NotPossible(
            _("The shop does not have the order %(order)s.") % {"order": order_id},
            remedy=_("Look the order up in the shop; it may have been deleted."),
        )
    if version < FIRST_WITH_PATCH:
        raise errors.NotPossible(
            _("PrestaShop before version 8 has no harmless way to touch an order."),
            remedy=_("Refresh the import in the hub instead."),
        )
    number = orders[0].shipping_number
    content = write_xml("order", {"id": str(orders[0].id), "shipping_number": number})
    await store.api.ask("PATCH", f"orders/{orders[0].id}", now=now, content=content)
