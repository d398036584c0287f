"""What changes rarely in a shop, its time zone and its order states: kept in this process for an hour."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.prestashop.states import State

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Knowledge:
    zone: ZoneInfo | None
    """``None``: the shop does not tell it."""
    states: dict[int, State]
    """Empty: the key may not read them."""
    until: datetime


_kept: dict[tuple[str, str], Knowledge] = {}


def recall(root: str, key: str, *, now: datetime) -> Knowledge | None:
    kept = _kept.get((root, key))
    return kept if kept and now < kept.until else None


def remember(root: str, key: str, knowledge: Knowledge) -> Knowledge:
    _kept[root, key] = knowledge
    return knowledge


def forget() -> None:
    """Everything, about all shops."""
    _kept.clear()


def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that name; ``None`` when there is none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
