"""Sends whole orders to an integration: v3 ``POST /orders``.

At most 100 at once, all or nothing, matched by the shop's id and the integration, so that sending twice
changes nothing; saved some time after the answer (sendcloud.dev, v3, create/update orders in batch).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from integrations.access.classify import Classification
from integrations.answer import Answer
from integrations.contracts import Outcome, RefreshAnswer
from integrations.documents import Record
from integrations.full_orders import FullOrder
from integrations.http import RemoteClient
from integrations.redaction import without_words
from integrations.sendcloud.addresses import shipping_address
from integrations.sendcloud.api import SendcloudApi

BATCH = 100
CURRENCIES = ("EUR", "GBP", "USD")
WAIT = timedelta(seconds=3)
"""Between two attempts while Sendcloud still works on what was sent before."""
MOST_ATTEMPTS = 4
MOST_NAMED = 5
_NUMBERED = re.compile(r"/\[(\d{1,4})\](?:/(.*))?")


def _object(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


class _Source(Record):
    pointer: str = ""


class _Error(Record):
    detail: str = ""
    title: str = ""
    source: Annotated[_Source, BeforeValidator(_object)] = Field(default_factory=_Source)


class _Errors(Record):
    errors: list[_Error]


_ERRORS = TypeAdapter(_Errors)


@dataclass(slots=True)
class _Course:
    """What became of the orders so far."""

    sent: int = 0
    refused: list[str] = field(default_factory=list)
    """A sentence each."""
    is_busy: bool = False


async def push_orders(
    http: RemoteClient,
    api: SendcloudApi,
    integration_id: str,
    orders: Sequence[FullOrder],
    *,
    now: datetime,
) -> RefreshAnswer:
    """What Sendcloud took and what it refused, by the orders' numbers. Raises RemoteError."""
    course = _Course()
    good: list[FullOrder] = []
    for order in orders:
        obstacle = _obstacle(order)
        if obstacle:
            course.refused.append(_named(order, obstacle))
        else:
            good.append(order)
    for start in range(0, len(good), BATCH):
        await _send_batch(http, api, integration_id, good[start : start + BATCH], course, now=now)
    return RefreshAnswer(course.sent > 0, _told(course))


async def _send_batch(
    http: RemoteClient,
    api: SendcloudApi,
    integration_id: str,
    batch: Sequence[FullOrder],
    course: _Course,
    *,
    now: datetime,
) -> None:
    """Sends again without the orders that were refused: one of them keeps all others back."""
    left = list(batch)
    attempts = 0
    while left:
        documents = [order_document(integration_id, order) for order in left]
        answer = await api.post("v3/orders", documents, now=now)
        if answer.status in (200, 201):
            course.sent += len(left)
            return
        if answer.status != 400 or not answer.looks_like_json:
            raise await api.error(answer)
        errors = _errors(answer)
        if any("still processing" in error.detail.lower() for error in errors):
            attempts += 1
            if attempts == MOST_ATTEMPTS:
                course.is_busy = True
                return
            await http.pause(WAIT)
            continue
        reasons = _by_order(errors, left)
        sentence = _("Sendcloud refused some of the orders that were sent.")
        http.note(answer, Classification(Outcome.PASSED, "Sendcloud", sentence))
        if not reasons:
            # Nobody knows which one is meant, so sending the others again cannot help.
            general = _general(errors, left)
            course.refused += [_named(order, general) for order in left]
            return
        course.refused += [_named(left[place], reason) for place, reason in sorted(reasons.items())]
        left = [order for place, order in enumerate(left) if place not in reasons]


def order_document(integration_id: str, order: FullOrder) -> dict[str, Any]:
    """One element of the array that is sent."""
    record = order.record
    lines = [
        {
            "name": line.name[:255] or line.sku or "-",
            "quantity": line.quantity,
            "unit_price": _price(order, float(line.unit_price)),
            "total_price": _price(order, float(line.unit_price * line.quantity)),
            **({"sku": line.sku} if line.sku else {}),
            **({"measurement": {"weight": {"value": line.weight_g, "unit": "g"}}} if line.weight_g else {}),
        }
        for line in order.lines
        if line.quantity > 0
    ]
    number = int(integration_id) if integration_id.isdecimal() else integration_id
    contact = {"email": order.email, "phone_number": order.phone}
    shipping = {"delivery_indicator": order.shipping_method} if order.shipping_method else {}
    return {
        "order_id": record.external_id,
        "order_number": record.number or record.external_id,
        "order_details": {
            "integration": {"id": number},
            "status": {"code": record.status, "message": record.status},
            "order_created_at": record.ordered_at.isoformat(),
            "order_updated_at": record.changed_at.isoformat(),
            "order_items": lines,
        },
        "payment_details": {
            "total_price": _price(order, float(order.total)),
            "status": {"code": order.payment_status or "unknown"},
        },
        "shipping_address": shipping_address(order),
        "shipping_details": {"is_local_pickup": False, **shipping},
        "customer_details": {
            "name": order.name or order.company,
            **{name: value for name, value in contact.items() if value},
        },
    }


def _price(order: FullOrder, value: float) -> dict[str, Any]:
    return {"value": round(value, 2), "currency": order.currency.upper()}


def _obstacle(order: FullOrder) -> str:
    """Why Sendcloud would not take an order; empty when it would."""
    if order.currency.upper() not in CURRENCIES:
        return _("Sendcloud takes orders in EUR, GBP and USD only.")
    if not any(line.quantity > 0 for line in order.lines):
        return _("it has nothing to send.")
    missing = {"name", "address_line_1", "postal_code", "city", "country_code"} - shipping_address(
        order
    ).keys()
    if missing:
        words = ", ".join(sorted(missing)).replace("_", " ")
        return _("its address lacks: %(fields)s.") % {"fields": words}
    return ""


def _errors(answer: Answer) -> list[_Error]:
    try:
        return _ERRORS.validate_json(answer.payload).errors
    except ValidationError:
        return []


def _by_order(errors: Sequence[_Error], sent: Sequence[FullOrder]) -> dict[int, str]:
    """Place in the batch -> what was wrong, without the customer's own words."""
    reasons: dict[int, str] = {}
    for error in errors:
        found = _NUMBERED.search(error.source.pointer)
        place = int(found[1]) if found else len(sent)
        if found is None or place >= len(sent) or place in reasons:
            continue
        order = sent[place]
        said = without_words((error.detail or error.title)[:2_000], _personal(order))
        reasons[place] = f"{said[:160]} ({(found[2] or '')[:80]})" if found[2] else said[:160]
    return reasons


def _general(errors: Sequence[_Error], sent: Sequence[FullOrder]) -> str:
    said = next((error.detail or error.title for error in errors if error.detail or error.title), "")[:2_000]
    for order in sent:
        said = without_words(said, _personal(order))
    return said[:160] or _("Sendcloud gave no reason.")


def _personal(order: FullOrder) -> list[str]:
    """What of an order must be in no sentence that is kept: who bought, where, and what."""
    address = (order.address_1, order.address_2, order.postal_code, order.city)
    lines = (line.name for line in order.lines)
    return [order.name, order.company, *address, order.email, order.phone, *lines]


def _named(order: FullOrder, reason: str) -> str:
    return _("Order %(number)s was not taken: %(reason)s") % {
        "number": order.record.number or order.record.external_id,
        "reason": reason,
    }


def _told(course: _Course) -> str:
    sentences = []
    if course.sent:
        text = ngettext("Sendcloud took %(count)d order.", "Sendcloud took %(count)d orders.", course.sent)
        sentences.append(text % {"count": course.sent})
    if course.is_busy:
        sentences.append(
            _("Sendcloud is still working on orders that were sent before; send the rest again in a minute.")
        )
    sentences += course.refused[:MOST_NAMED]
    if len(course.refused) > MOST_NAMED:
        more = len(course.refused) - MOST_NAMED
        text = ngettext("%(count)d more order was not taken.", "%(count)d more orders were not taken.", more)
        sentences.append(text % {"count": more})
    return " ".join(sentences) or _("There was no order to send.")
