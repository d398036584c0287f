"""Time zones as people choose them: by continent, with their distance from UTC, the own one first.

Pages with such a field link ``monitor/choices.js``, which shortens the list while one types.
"""

from datetime import datetime
from functools import lru_cache
from itertools import groupby
from typing import cast
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _

from monitor.dashboard.middleware import ZONES

Choice = tuple[str, object]
_CONTINENTS = frozenset(
    "Africa America Antarctica Arctic Asia Atlantic Australia Europe Indian Pacific".split()  # noqa: SIM905
)


def offer_zones(field: forms.Field, now: datetime, *first: str, empty: str = "") -> None:
    """Gives a choice field the zones of :func:`grouped_zones`."""
    zones = cast(forms.ChoiceField, field)
    zones.choices = grouped_zones(now, *first, empty=empty)
    search_choices(zones, _("Find a city"))


def search_choices(field: forms.ChoiceField, label: str) -> None:
    """Gives a long list of choices a field of that label, by which it is shortened."""
    field.widget.attrs["data-search"] = label
    field.widget.attrs["data-search-nothing"] = _("Nothing matches. Your choice stays as it was.")


def grouped_zones(now: datetime, *first: str, empty: str = "") -> list[tuple[str, object]]:
    """Choices for a select: first an empty one if it has a label, then the named zones, then continents.

    Older names of the same places (``US/Pacific``) are left out, unless they are among the named ones.
    """
    chosen = [name for name in dict.fromkeys(first) if name in ZONES]
    groups: list[tuple[str, object]] = [("", empty)] if empty else []
    if chosen:
        groups.append((_("Yours"), [(name, _label(name, now, name.replace("_", " "))) for name in chosen]))
    if "UTC" not in chosen:
        groups.append(("UTC", "UTC"))
    for continent, names in groupby(_names(), lambda name: name.partition("/")[0]):
        groups.append((continent, [(name, _label(name, now)) for name in names]))
    return groups


@lru_cache
def _names() -> tuple[str, ...]:
    return tuple(sorted(name for name in ZONES if name.partition("/")[0] in _CONTINENTS))


def _label(name: str, now: datetime, place: str = "") -> str:
    """``Paris (UTC+1)``."""
    if name == "UTC":
        return name
    shown = place or name.partition("/")[2].replace("_", " ").replace("/", ", ")
    offset = ZoneInfo(name).utcoffset(now)
    minutes = int(offset.total_seconds() // 60) if offset is not None else 0
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"{shown} (UTC{sign}{hours}{f':{rest:02}' if rest else ''})"
