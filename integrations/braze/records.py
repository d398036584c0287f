"""What Braze answers, as far as it is read. Series hold no more than times and counts."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter

from integrations.documents import Record, Rows, UtcTime


def _with_hour(value: Any) -> Any:
    if not isinstance(value, str) or ":" not in value:
        raise ValueError("a day instead of an hour")
    return value


def _likely(moment: datetime) -> datetime:
    if not 1970 < moment.year < 2200:
        raise ValueError("no time an event can have")
    return moment


HourTime = Annotated[datetime, BeforeValidator(_with_hour), AfterValidator(_likely)]
"""Start of a bucket; whether it carries an offset is not documented."""
Count = Annotated[int, Field(ge=0, le=2_000_000_000)]


class EventNames(Record):
    events: Rows[str]


class EventBucket(Record):
    """An hour of ``/events/data_series`` (``count``) or ``/sessions/data_series`` (``sessions``)."""

    time: HourTime
    count: Count


class SessionBucket(Record):
    time: HourTime
    count: Count = Field(alias="sessions")


class Series(Record):
    data: Rows[EventBucket]


class SessionSeries(Record):
    data: Rows[SessionBucket]


class CatalogField(Record):
    name: str = ""


class Catalog(Record):
    name: str
    num_items: Count | None = None
    updated_at: UtcTime | None = None
    fields: tuple[CatalogField, ...] = ()

    @property
    def holds_shopify_products(self) -> bool:
        return any(field.name == "shopify_product_id" for field in self.fields)


class Catalogs(Record):
    catalogs: Rows[Catalog]


Bucket = EventBucket | SessionBucket

NAMES = TypeAdapter(EventNames)
SERIES = TypeAdapter(Series)
SESSIONS = TypeAdapter(SessionSeries)
CATALOGS = TypeAdapter(Catalogs)
