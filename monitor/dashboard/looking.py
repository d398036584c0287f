"""What part of the history and of the fleet a page shows: read from its address, and written back to it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.translation import gettext_lazy

from monitor.charts.chosen import Chosen
from monitor.charts.hours import step_of
from monitor.scope import EVERYTHING, Scope

RANGES: Final = {
    "6h": timedelta(hours=6),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "90d": timedelta(days=90),
}
RANGE_WORDS: Final = {
    "6h": gettext_lazy("6 hours"),
    "24h": gettext_lazy("24 hours"),
    "7d": gettext_lazy("7 days"),
    "30d": gettext_lazy("30 days"),
    "90d": gettext_lazy("90 days"),
}
DEFAULT: Final = "24h"
SHORTEST, LONGEST = timedelta(hours=1), timedelta(days=366)
BY: Final = ("hosting", "platform", "hub", "tag", "store")
WITHIN_MIN: Final = (10, 30, 60, 240)
"""Minutes within which an order may be called on time."""
_LONGEST_TEXT = 120


@dataclass(frozen=True, slots=True)
class Look:
    """A range of time and a part of the fleet. All of it is in the address, so that it can be shared."""

    start_at: datetime
    end_at: datetime
    range: str = DEFAULT
    """A key of :data:`RANGES`; empty: from one moment to another, whatever the time is now."""
    by: str = "hosting"
    """What charts are drawn side by side for; see :data:`BY`."""
    within: int = 30
    """Minutes within which an order is on time."""
    platform: str = ""
    hub: str = ""
    """The name of an account."""
    tag: str = ""
    store: str = ""
    """The name of a store."""

    @classmethod
    def of(cls, given: Mapping[str, Any], now: datetime) -> Self:
        """The look that an address asks for. What cannot be read is as if it were not there.

        A moment without a time zone is meant in the reader's.
        """
        words = {name: str(given.get(name, ""))[:_LONGEST_TEXT] for name in _NAMED}
        words["by"] = words["by"] if words["by"] in BY else BY[0]
        within = given.get("within", "")
        minutes = int(within) if within in {str(one) for one in WITHIN_MIN} else 30
        start, end = _moment(given.get("from")), _moment(given.get("to")) or now
        if start is not None and start < now:
            end = max(min(end, now), start + SHORTEST)
            return cls(max(start, end - LONGEST), end, range="", within=minutes, **words)
        key = str(given.get("range") or given.get("span") or "")
        key = key if key in RANGES else DEFAULT
        return cls(now - RANGES[key], now, range=key, within=minutes, **words)

    @property
    def span(self) -> timedelta:
        return self.end_at - self.start_at

    @property
    def step(self) -> timedelta:
        """The width of one point of a chart."""
        return step_of(self.span)

    @property
    def is_narrowed(self) -> bool:
        """Whether only a part of the fleet is looked at."""
        return bool(self.platform or self.hub or self.tag or self.store)

    @property
    def query(self) -> str:
        """The address's question mark part, without what is as it is anyway."""
        return urlencode(self._parts())

    def but(self, **changes: Any) -> str:
        """:attr:`query` with other values: ``look.but(range="7d")``, ``look.but(tag="")``."""
        return replace(self, **changes).query

    def at(self, start: datetime, end: datetime) -> str:
        """:attr:`query` for another time."""
        return replace(self, start_at=start, end_at=end, range="").query

    @property
    def range_query(self) -> str:
        """The range alone, for the page of an integration."""
        if self.range:
            return urlencode({"range": self.range})
        return urlencode(address_of(self.start_at, self.end_at))

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """Names and values of what a form that chooses filters must keep."""
        return [(name, value) for name, value in self._parts().items() if name in _OF_TIME]

    def chosen(self, scope: Scope = EVERYTHING, *, of: str = "") -> Chosen:
        """The part of the fleet, and of it what one of the charts side by side is about."""
        chosen = Chosen(
            platforms=frozenset((self.platform,)) if self.platform else None,
            account=self.hub,
            tag=self.tag,
            store=self.store,
            scope=scope,
        )
        return chosen.narrowed(self.by, of) if of else chosen

    def _parts(self) -> dict[str, str]:
        parts = {"range": self.range} if self.range else {}
        if not self.range:
            parts = address_of(self.start_at, self.end_at)
        elif self.range == DEFAULT:
            parts = {}
        parts |= {name: getattr(self, name) for name in _NAMED if getattr(self, name)}
        if parts.get("by") == BY[0]:
            del parts["by"]
        return parts | ({"within": str(self.within)} if self.within != 30 else {})


_NAMED = tuple(one.name for one in fields(Look) if one.type is str and one.name != "range")
_OF_TIME = ("range", "from", "to")
_FORM = "%Y-%m-%dT%H:%MZ"


def _moment(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text or ""))
        # The calendar ends where a time zone could lead out of it.
        if not 2000 <= at.year <= 2200:
            return None
        at = at if at.tzinfo else at.replace(tzinfo=timezone.get_current_timezone())
        return at.astimezone(UTC)
    except ValueError:
        return None


def address_of(start: datetime, end: datetime) -> dict[str, str]:
    """How a time from one moment to another is written in an address."""
    return {"from": f"{start.astimezone(UTC):{_FORM}}", "to": f"{end.astimezone(UTC):{_FORM}}"}
