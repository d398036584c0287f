"""What a workspace tells of itself apart from its counts, as checks. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop as _noop

from integrations.braze.options import Settings
from integrations.braze.records import Catalog
from integrations.braze.series import HOUR, Hours
from integrations.contracts import Check, CheckState, ConditionKind

LEGACY = frozenset({"shopify_created_order", "shopify_abandoned_cart", "shopify_created_refund"})
"""Events of the connector that ended on 2025-08-28 (Braze's page on the legacy connector)."""
MODERN_PREFIX = "ecommerce."
ORDERS = ("order_placed", "order_paid")
MOST_NAMED = 5
FEWEST_SESSIONS = 5
"""Fewer in two hours a week ago prove no silence."""

_COUNTED = {
    "order_placed": _noop("Placed orders are counted as %(names)s."),
    "order_paid": _noop("Paid orders are counted as %(names)s."),
    "order_fulfilled": _noop("Fulfilled orders are counted as %(names)s."),
}
_MISSING = {
    "order_placed": _noop(
        "The workspace knows no event of a placed order; paid orders are compared instead."
    ),
    "order_paid": _noop("The workspace knows no event of a paid order."),
    "order_fulfilled": _noop("The workspace knows no event of a fulfilled order."),
}
_NO_ORDER = _noop("No order of a shop has ever reached the workspace: it knows none of %(names)s.")
_NO_FIGURES = _noop("Braze lists %(names)s, but gives no figures for it.")
_CONNECT = _noop(
    "Connect the shop in Braze under Partner Integrations > Technology Partners > Shopify. If it is "
    "connected, enter the names of its events in the settings of the account."
)
_LEGACY_ONLY = _noop(
    "The workspace knows only events of Braze's old connector (%(names)s), which ended in August 2025."
)
_CATALOG_SYNC = _noop(
    "See in Braze whether the catalog's sync reports an error: over the plan's limit it stops, and products "
    "without SKU are left out."
)
_APP_EMBED = _noop(
    "In Shopify: Online Store > Themes > Customize > App embeds: switch Braze on in the published theme. A "
    "new theme begins without it."
)


@dataclass(frozen=True, slots=True)
class Found:
    """The events of one meaning."""

    meaning: str
    wanted: tuple[str, ...]
    listed: tuple[str, ...]
    """Those of them that the workspace lists."""
    series: Mapping[str, Hours]
    """Counts of those that Braze gives figures for."""


def of_names(all_found: Sequence[Found]) -> Iterator[Check]:
    """Whether every meaning is counted, and under which names."""
    any_order = any(found.listed for found in all_found if found.meaning in ORDERS)
    for found in all_found:
        code, subject = "event_names_missing", found.meaning
        names = {"names": _named(tuple(found.series) or found.listed or found.wanted)}
        if found.series:
            yield _check(code, CheckState.OK, _COUNTED[subject], names, subject=subject)
        elif found.listed:
            remedy = _noop("Ask Braze's support, or enter other event names in the settings of the account.")
            yield _check(code, CheckState.UNKNOWN, _NO_FIGURES, names, remedy=remedy, subject=subject)
        elif subject == "order_placed" and not any_order:
            yield _check(code, CheckState.FAIL, _NO_ORDER, names, remedy=_CONNECT, subject=subject)
        else:
            yield _check(code, CheckState.INFO, _MISSING[subject], names, subject=subject)


def of_generation(names: Sequence[str], all_found: Sequence[Found]) -> Iterator[Check]:
    """Which connector sends the events, and whether it was exchanged within the hours read."""
    legacy = sorted(LEGACY.intersection(names))
    if any(name.startswith(MODERN_PREFIX) for name in names):
        text = _noop("The events come from Braze's present connector.")
        yield _check("connector_generation", CheckState.OK, text, {})
    elif legacy:
        values = {"names": _named(legacy)}
        yield _check("connector_generation", CheckState.WARN, _LEGACY_ONLY, values, remedy=_CONNECT)
    for found in all_found:
        begun, ended = _exchanged(found.series)
        if begun and ended:
            text = _noop("Within two days %(new)s took the place of %(old)s: the connector was exchanged.")
            values = {"new": _named(begun), "old": _named(ended)}
            yield _check("names_changed", CheckState.INFO, text, values, subject=found.meaning)


def _exchanged(series: Mapping[str, Hours]) -> tuple[list[str], list[str]]:
    """(names that are counted only in the newer half, names that are counted only in the older)"""
    begun, ended = [], []
    for name, hours in series.items():
        middle = min(hours) + (max(hours) - min(hours)) / 2
        older = sum(count for hour, count in hours.items() if hour < middle)
        newer = sum(count for hour, count in hours.items() if hour >= middle)
        if newer and not older:
            begun.append(name)
        elif older and not newer:
            ended.append(name)
    return begun, ended


def of_misplaced_hours(away: timedelta, zone: str) -> Check:
    """The newest hour is not near now: read in another zone than it was written in."""
    return _check(
        "hours_misplaced",
        CheckState.WARN,
        _noop("Read in %(zone)s, the newest hour that Braze gives lies %(hours)d hours away from now."),
        {"hours": max(1, round(abs(away) / HOUR)), "zone": zone},
        remedy=_noop(
            "Set the time zone of the hours in the settings of the account to the one that Braze shows under "
            "Settings > Company Settings."
        ),
    )


def of_catalogs(catalogs: Sequence[Catalog], settings: Settings, now: datetime) -> Iterator[Check]:
    """Whether the catalogs exist, how large they are and when they last changed."""
    known = {catalog.name: catalog for catalog in catalogs}
    for name in settings.catalogs or [c.name for c in catalogs if c.holds_shopify_products]:
        values, catalog = {"name": name}, known.get(name)
        if catalog is None:
            text = _noop("The catalog %(name)s is gone: switching its sync off deletes it.")
            remedy = _noop(
                "Switch the product sync on again in Braze under Partner Integrations > Technology "
                "Partners > Shopify, and see whether messages use the catalog."
            )
            yield _check("catalog_missing", CheckState.FAIL, text, values, remedy=remedy, subject=name)
            continue
        if settings.catalogs:
            text = _noop("The catalog %(name)s is there.")
            yield _check("catalog_missing", CheckState.OK, text, values, subject=name)
        yield _size(catalog, settings)
        yield _age(catalog, settings, now)


def _size(catalog: Catalog, settings: Settings) -> Check:
    code, least = "catalog_size", settings.catalog_least_items
    values = {"name": catalog.name, "count": catalog.num_items, "least": least}
    if catalog.num_items is None:
        text = _noop("Braze does not tell how many items the catalog %(name)s holds.")
        return _check(code, CheckState.UNKNOWN, text, values, subject=catalog.name)
    if catalog.num_items < least:
        text = _noop("The catalog %(name)s holds %(count)d items; at least %(least)d are expected.")
        return _check(code, CheckState.WARN, text, values, remedy=_CATALOG_SYNC, subject=catalog.name)
    text = _noop("The catalog %(name)s holds %(count)d items.")
    return _check(code, CheckState.OK, text, values, subject=catalog.name)


def _age(catalog: Catalog, settings: Settings, now: datetime) -> Check:
    code, most = "catalog_old", settings.catalog_most_hours
    if catalog.updated_at is None:
        text = _noop("Braze does not tell when the catalog %(name)s last changed.")
        return _check(code, CheckState.UNKNOWN, text, {"name": catalog.name}, subject=catalog.name)
    hours = max(0, int((now - catalog.updated_at) / HOUR))
    values = {"name": catalog.name, "hours": hours, "most": most}
    if most and hours > most:
        text = _noop("The catalog %(name)s last changed %(hours)d hours ago; %(most)d are allowed.")
        return _check(code, CheckState.WARN, text, values, remedy=_CATALOG_SYNC, subject=catalog.name)
    text = _noop("The catalog %(name)s last changed %(hours)d hours ago.")
    state = CheckState.OK if most else CheckState.INFO
    return _check(code, state, text, values, subject=catalog.name)


def of_sessions(newest: Sequence[int], week_ago: Sequence[int]) -> Check:
    """The last settled hours, and if they had no session the same hours a week ago."""
    code = "sessions_stopped"
    if any(newest):
        text = _noop("The shop's pages report sessions: %(count)d in the last two complete hours.")
        return _check(code, CheckState.OK, text, {"count": sum(newest)})
    values = {"count": sum(week_ago)}
    if sum(week_ago) < FEWEST_SESSIONS:
        text = _noop("No sessions in the last two complete hours; a week ago there were hardly any either.")
        return _check(code, CheckState.INFO, text, values)
    text = _noop(
        "No sessions in the last two complete hours; in the same hours a week ago there were %(count)d."
    )
    return _check(code, CheckState.WARN, text, values, remedy=_APP_EMBED)


def unread(code: str, reason: str, remedy: str) -> Check:
    """A part that Braze refuses to tell, while the rest could be read."""
    return _check(code, CheckState.UNKNOWN, "%(reason)s", {"reason": reason}, remedy=remedy)


def _named(names: Sequence[str]) -> str:
    more = ["…"] if len(names) > MOST_NAMED else []
    return ", ".join([*(name[:50] for name in names[:MOST_NAMED]), *more])


def _check(
    code: str,
    state: CheckState,
    text: str,
    values: Mapping[str, Any],
    *,
    remedy: str = "",
    subject: str = "",
) -> Check:
    return Check(ConditionKind.EVENTS, code, state, text, values, remedy, subject[:200])
