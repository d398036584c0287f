"""Shipping addresses as Sendcloud wants them: the house number apart, codes instead of names."""

import re

from integrations.full_orders import FullOrder

_NUMBER_FIRST = frozenset({"FR", "GB", "IE", "US", "CA", "AU", "NZ", "LU", "MC", "IN", "ZA", "SG", "MT"})
"""Where one writes ``12 Rue Haute``; elsewhere it is ``Hauptstraße 12``."""
_LEADING = re.compile(
    r"(?P<number>\d{1,6}(?:\s?[-/]\s?\d{1,6})?(?:\s?(?:bis|ter|quater|[a-z]))?)[\s,]+(?P<street>\D.*)", re.I
)
_TRAILING = re.compile(
    r"(?P<street>.*?\D)[\s,]+(?P<number>\d{1,6}\s?[a-z]?(?:\s?[-/+]\s?\d{0,6}\s?[a-z]{0,3})?)", re.I
)
_STATE = re.compile(r"[A-Z0-9]{1,3}")


def street_and_number(order: FullOrder) -> tuple[str, str]:
    """(street, house number). Where none can be told apart the number is empty and the line stays whole."""
    line = " ".join(order.address_1.split())[:300]
    if order.house_number:
        return line, order.house_number
    pattern = _LEADING if order.country_code.upper() in _NUMBER_FIRST else _TRAILING
    found = pattern.fullmatch(line)
    return (found["street"].strip(" ,"), found["number"].strip()) if found else (line, "")


def shipping_address(order: FullOrder) -> dict[str, str]:
    """The object ``shipping_address`` of v3 ``POST /orders``; empty fields are left out."""
    street, number = street_and_number(order)
    country = order.country_code.upper()
    state = order.state.upper().removeprefix(f"{country}-")
    fields = {
        "name": order.name or order.company,
        "company_name": order.company,
        "address_line_1": street,
        "house_number": number,
        "address_line_2": order.address_2,
        "postal_code": order.postal_code,
        "city": order.city,
        "state_province_code": f"{country}-{state}" if _STATE.fullmatch(state) else "",
        "country_code": country,
        "email": order.email,
        "phone_number": order.phone,
    }
    return {name: value for name, value in fields.items() if value}
