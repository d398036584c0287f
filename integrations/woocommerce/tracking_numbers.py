"""Finds tracking numbers in what a WooCommerce order says of its shipping. Pure functions.

WooCommerce has no field for a tracking number. Hubs write a note; plug-ins keep meta fields of their own.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

ITEM_KEYS = ("_wc_shipment_tracking_items", "_aftership_tracking_items")
"""Lists of documents with ``tracking_number``: Shipment Tracking, Advanced Shipment Tracking, AfterShip."""
NUMBER_KEYS = (
    "_tracking_number",
    "tracking_number",
    "_aftership_tracking_number",
    "ywot_tracking_code",
    "_wcshipping_tracking_number",
)
"""Meta fields that hold one number, or several with commas."""
FULFILMENT_KEY = "_tracking_number"
LONGEST = 80

_TOKEN = re.compile(r"[A-Za-z0-9]+(?:[-_./][A-Za-z0-9]+)*")
_PIECE = re.compile(r"[A-Za-z0-9]+")
_GROUPS = re.compile(r"\b[A-Z0-9]{2,8}(?: [A-Z0-9]{2,8}){1,9}\b")
_PAYING = re.compile(
    r"transaction|charge|payment|paid|refund|paypal|stripe|mollie|klarna|invoice|capture", re.IGNORECASE
)
_SHIPPING = re.compile(
    r"track|trace|ship|parcel|package|carrier|deliver|consignment|verzend|pakket|suivi|colis|exp[ée]di|"
    r"sendung|versand|paket|spedizione|env[íi]o",
    re.IGNORECASE,
)


def in_meta(meta: Mapping[str, Any]) -> Iterator[str]:
    """Numbers in meta fields, by their names; whatever shape a plug-in gave the values."""
    for key in ITEM_KEYS:
        items = meta.get(key)
        rows = items.values() if isinstance(items, dict) else items if isinstance(items, list) else ()
        for item in rows:
            if isinstance(item, dict):
                yield from _parts(item.get("tracking_number"))
    for key in NUMBER_KEYS:
        yield from _parts(meta.get(key))


def in_note(text: str) -> Iterator[str]:
    """What may be a tracking number in the text of a note.

    The wording of hubs is not known and differs by language, so everything of the right look counts, but
    not in notes that speak of paying only: their transaction ids look the same.
    """
    if _PAYING.search(text) and not _SHIPPING.search(text):
        return
    for group in _GROUPS.findall(text):
        joined = group.replace(" ", "")
        if _looks_right(joined):
            yield joined
    for token in _TOKEN.findall(text):
        if _looks_right(token):
            yield token
        for piece in _PIECE.findall(token):
            if piece != token and _looks_right(piece):
                yield piece


def holds(text: str, number: str) -> bool:
    """Whether a text holds a number, however it is grouped or written, and not as part of a longer one."""
    wanted = r"\s*".join(re.escape(letter) for letter in plain(number))
    return bool(wanted) and re.search(rf"(?<![a-z0-9]){wanted}(?![a-z0-9])", text.casefold()) is not None


def plain(number: str) -> str:
    """Carriers print numbers in groups, and people type them in either case."""
    return "".join(number.split()).casefold()


def distinct(numbers: Iterable[str]) -> tuple[str, ...]:
    """Each number once, in the order of their appearance."""
    first: dict[str, str] = {}
    for number in numbers:
        first.setdefault(plain(number), number)
    return tuple(first.values())


def lacking(numbers: Sequence[str], found: Iterable[str], notes: Sequence[str]) -> tuple[str, ...]:
    """Those of ``numbers`` that stand neither in a field nor in a note."""
    fields = {plain(number) for number in found}
    return tuple(
        number
        for number in distinct(numbers)
        if plain(number) not in fields and not any(holds(note, number) for note in notes)
    )


def _looks_right(token: str) -> bool:
    """Six characters or more, four digits or more: shorter ones are dates, amounts and postcodes."""
    return 6 <= len(token) <= 40 and sum(letter.isdigit() for letter in token) >= 4


def _parts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _parts(each)
    elif isinstance(value, str | int) and not isinstance(value, bool):
        for part in re.split(r"[,;\n]", str(value)):
            if part.strip():
                yield part.strip()[:LONGEST]
