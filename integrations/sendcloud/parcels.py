"""Parcels as Sendcloud tells of them, in both versions of its API.

Names and addresses are read only to take them out of what a carrier said, and then dropped.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from pydantic import BeforeValidator, Field, TypeAdapter

from integrations.contracts import ShipmentRecord
from integrations.documents import Id, Record, Rows, UtcTime
from integrations.redaction import redact_text, without_words

LONGEST_PROBLEM = 300
NOT_MOVED_YET = frozenset({"READY_TO_SEND", "ANNOUNCING", "ANNOUNCED"})
"""Documented statuses of a parcel that the carrier cannot have yet."""
_WORDS = re.compile(r"[^\W_]+")
_CANCELLED_V2 = frozenset({"2000"})
_PERSONAL_PARAMETERS = ("verification", "post", "zip", "plz", "mail", "name", "phone", "address", "city")
_POSTAL_CODES = frozenset({"pc", "cp", "cap", "zc", "pcode"})
"""Short names under which carriers take a postal code."""


def _object(value: Any) -> Any:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else []


Object = Annotated[dict[str, Any], BeforeValidator(_object)]


class _Coded(Record):
    code: Id | None = None
    id: Id | None = None
    message: str | None = None


class _Said(Record):
    title: str | None = None
    detail: str | None = None


class Parcel(Record):
    """One of ``parcels`` in a row of v3 ``/shipments``."""

    id: Id
    status: Annotated[_Coded | None, BeforeValidator(_object)] = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    created_at: UtcTime | None = None
    updated_at: UtcTime | None = None
    announced_at: UtcTime | None = None

    @property
    def changed_at(self) -> datetime | None:
        return self.updated_at or self.announced_at or self.created_at


class Shipment(Record):
    """One row of v3 ``/shipments``. It names neither the integration nor the shop's id of the order."""

    id: Id | None = None
    order_number: Id | None = None
    carrier: Annotated[_Coded | None, BeforeValidator(_object)] = None
    errors: Annotated[list[_Said], BeforeValidator(_list)] = Field(default_factory=list)
    to_address: Object = Field(default_factory=dict, repr=False)
    parcels: Rows[Parcel] = Field(default_factory=list)

    def to_contract(
        self, parcel: Parcel, integration_id: str, *, scanned_at: datetime | None, is_return: bool = False
    ) -> ShipmentRecord | None:
        """The parcel, or ``None`` for one without any time."""
        if parcel.changed_at is None:
            return None
        status = parcel.status or _Coded()
        said = "; ".join(text for error in self.errors if (text := error.detail or error.title))
        return ShipmentRecord(
            integration_id=integration_id,
            hub_id=parcel.id[:80],
            order_number=(self.order_number or "").removeprefix("#")[:80],
            tracking_number=(parcel.tracking_number or "").strip()[:80],
            tracking_url=without_personal_data(parcel.tracking_url or "", self.to_address),
            carrier=((self.carrier and self.carrier.code) or "")[:60],
            changed_at=parcel.changed_at,
            announced_at=parcel.announced_at,
            scanned_at=scanned_at,
            status=redact_text(status.message or status.code or "")[:60],
            is_void=is_return or (status.code or "").upper().startswith("CANCEL"),
            problem="" if parcel.announced_at else _impersonal(said, self.to_address),
        )


class ShipmentList(Record):
    data: Rows[Shipment]


class _Event(Record):
    event_at: UtcTime
    event_type: str = ""


class _TrackingDetails(Record):
    is_return: bool | None = None


class Tracking(Record):
    """``/parcels/tracking/{number}``: what became of one parcel."""

    details: Annotated[_TrackingDetails, BeforeValidator(_object)] = Field(default_factory=_TrackingDetails)
    events: Rows[_Event] = Field(default_factory=list)

    @property
    def scanned_at(self) -> datetime | None:
        """The carrier's first word of the parcel."""
        return min((event.event_at for event in self.events if event.event_type == "carrier"), default=None)

    @property
    def is_return(self) -> bool:
        return bool(self.details.is_return)


def _older_time(value: Any) -> Any:
    """``01-01-2018 21:45:30``: day first; its zone is not documented and taken for UTC."""
    if isinstance(value, str):
        try:
            return datetime.strptime(value, "%d-%m-%Y %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            return value or None
    return value


OlderTime = Annotated[UtcTime | None, BeforeValidator(_older_time)]


class OlderParcel(Record):
    """One row of v2 ``/parcels``. It does not name the integration."""

    id: Id
    order_number: Id | None = None
    shipment_uuid: str | None = None
    status: Annotated[_Coded | None, BeforeValidator(_object)] = None
    carrier: Annotated[_Coded | None, BeforeValidator(_object)] = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    date_created: OlderTime = None
    date_updated: OlderTime = None
    date_announced: OlderTime = None
    is_return: bool | None = None
    errors: Object = Field(default_factory=dict)
    name: str | None = Field(default=None, repr=False)
    address: str | None = Field(default=None, repr=False)
    postal_code: str | None = Field(default=None, repr=False)
    city: str | None = Field(default=None, repr=False)

    def to_contract(self, integration_id: str, order_id: str) -> ShipmentRecord | None:
        """The parcel, or ``None`` for one without any time.

        Version 2 tells of no scan: a change after the label was made stands for it.
        """
        changed_at = self.date_updated or self.date_announced or self.date_created
        if changed_at is None:
            return None
        status = self.status or _Coded()
        said = "; ".join(
            str(text)
            for texts in self.errors.values()
            for text in (texts if isinstance(texts, list) else [texts])
        )
        people = {"name": self.name, "address": self.address, "code": self.postal_code, "city": self.city}
        has_moved = self.date_announced is not None and changed_at > self.date_announced
        return ShipmentRecord(
            integration_id=integration_id,
            hub_id=self.id[:80],
            order_number=(self.order_number or "").removeprefix("#")[:80],
            tracking_number=(self.tracking_number or "").strip()[:80],
            tracking_url=without_personal_data(self.tracking_url or "", people),
            carrier=((self.carrier and self.carrier.code) or "")[:60],
            changed_at=changed_at,
            announced_at=self.date_announced,
            scanned_at=changed_at if has_moved else None,
            order_id=order_id[:80],
            status=redact_text(status.message or "")[:60],
            is_void=bool(self.is_return) or status.id in _CANCELLED_V2,
            problem="" if self.date_announced else _impersonal(said, people),
        )


class OlderParcelList(Record):
    next: Id | None = None
    parcels: Rows[OlderParcel]


SHIPMENTS = TypeAdapter(ShipmentList)
TRACKING = TypeAdapter(Tracking)
OLDER_PARCELS = TypeAdapter(OlderParcelList)


def without_personal_data(url: str, people: Mapping[str, Any] = MappingProxyType({})) -> str:
    """A tracking page's address without the postal code that Sendcloud or a carrier wrote into it.

    Empty where it cannot be taken out, as from the path. ``people`` is the receiver's address.
    """
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or _tells(unquote(parts.path), people):
        return ""
    kept = [
        (name, value) for name, value in pairs if not _is_personal(name.lower()) and not _tells(value, people)
    ]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(kept), ""))[:300]


def _is_personal(name: str) -> bool:
    return name in _POSTAL_CODES or any(word in name for word in _PERSONAL_PARAMETERS)


def _tells(text: str, people: Mapping[str, Any]) -> bool:
    """Whether a piece of an address holds the receiver's postal code, name or street, however spaced."""
    words = _WORDS.findall(text.casefold())[:200]
    held = {"".join(words[start:end]) for start in range(len(words)) for end in range(start + 1, start + 5)}
    values = (
        "".join(_WORDS.findall(value.casefold())) for value in people.values() if isinstance(value, str)
    )
    return any(len(value) >= 4 and value in held for value in values)


def _impersonal(said: str, people: Mapping[str, Any]) -> str:
    """What a carrier said, without the receiver's own words in it."""
    words = [value for value in people.values() if isinstance(value, str)]
    return without_words(said[:2_000], words)[:LONGEST_PROBLEM]
