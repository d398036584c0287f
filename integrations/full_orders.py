"""Whole orders on their way from a store to a hub."""

from dataclasses import dataclass
from decimal import Decimal

from integrations.contracts import OrderRecord


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order on its way to a hub."""

    name: str
    quantity: int
    unit_price: Decimal
    sku: str = ""
    weight_g: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class FullOrder:
    """An order with its customer's data, on its way from a store to a hub.

    It lives in memory between reading and sending only: never stored, never logged (no ``repr``).
    """

    record: OrderRecord
    currency: str
    total: Decimal
    payment_status: str
    shipping_method: str
    lines: tuple[OrderLine, ...]
    name: str
    company: str
    address_1: str
    address_2: str
    house_number: str
    """Empty where the shop keeps it within ``address_1``."""
    postal_code: str
    city: str
    state: str
    country_code: str
    """ISO 3166-1 alpha-2."""
    email: str = ""
    phone: str = ""
