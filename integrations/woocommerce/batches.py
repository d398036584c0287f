"""Reads orders by their ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter

from integrations.answer import Answer
from integrations.documents import Record, Rows
from integrations.errors import UnexpectedAnswer
from integrations.parsing import parse, parse_most

if TYPE_CHECKING:
    from integrations.woocommerce.adapter import WooCommerceStore

AT_ONCE = 25
"""Orders per request: with the fields of all their plug-ins they may be large."""


class Numbered(Record):
    """Anything that has the id of an order."""

    id: int


NumberedT = TypeVar("NumberedT", bound=Numbered)


async def orders_by_id(
    store: WooCommerceStore, model: type[NumberedT], order_ids: Sequence[str], fields: str, *, now: datetime
) -> Sequence[NumberedT]:
    """The orders that exist, in any status; unknown ids are left out.

    Lists leave out the bin and the statuses of plug-ins that were switched off: such orders are asked for
    one by one.
    """
    known = [order_id for order_id in dict.fromkeys(order_ids) if order_id.isdecimal()]
    found: dict[int, NumberedT] = {}
    one = TypeAdapter(model)
    many: TypeAdapter[list[NumberedT]] = TypeAdapter(Rows[model])  # type: ignore[valid-type]  # known at run time
    for batch in _batches(known):
        params = {"include": ",".join(batch), "per_page": str(AT_ONCE), "_fields": fields}
        answer = await store.get("wc/v3/orders", params, now=now)
        found.update((order.id, order) for order in parse_most(store.http, answer, many))
    for order_id in known:
        if int(order_id) not in found:
            answer = await store.ask("GET", f"wc/v3/orders/{order_id}", now=now, params={"_fields": fields})
            if is_unknown(answer):
                continue
            try:
                found[int(order_id)] = parse(store.http, store.agreed(answer), one)
            except UnexpectedAnswer:
                # Noted as a call already: one odd order must not keep back all others.
                continue
    return [found[int(order_id)] for order_id in known if int(order_id) in found]


def is_unknown(answer: Answer) -> bool:
    """WooCommerce itself says that there is no such order."""
    return answer.status == 404 and b"invalid_id" in answer.body[:200]


def _batches(order_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(order_ids), AT_ONCE):
        yield order_ids[start : start + AT_ONCE]
