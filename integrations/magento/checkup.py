"""Looks at a Magento shop apart from its orders: version, clock, zone, rights.

Maintenance, a lost database or refused credentials are raised, as by every other reading: they end sooner
than the next checkup comes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop as _noop

from integrations.clocks import LARGEST_SKEW
from integrations.contracts import Check, CheckState, ConditionKind, StoreCheckup
from integrations.magento import about
from integrations.magento.refusals import GRANT, RIGHTS, SHIP, SHIPMENT

if TYPE_CHECKING:
    from integrations.magento.adapter import MagentoStore


async def check(store: MagentoStore, *, now: datetime) -> StoreCheckup:
    """Six requests at most. Raises RemoteError when the shop's orders cannot be read."""
    await about.newest_order(store, now=now)
    skew = None if store.clock is None else store.clock - store.moment(now)
    missing = await about.missing_rights(store, now=now)
    config = await about.config(store, now=now)
    return StoreCheckup(
        checks=(_clock(skew), _reading(SHIPMENT in missing), _writing(SHIP in missing)),
        version=await about.version(store, now=now),
        time_zone=(config and config.timezone) or "",
        clock_skew=skew,
    )


def _clock(skew: timedelta | None) -> Check:
    kind, code = ConditionKind.IMPORTS, "clock_skew"
    if skew is None:
        return Check(kind, code, CheckState.UNKNOWN, _noop("The shop does not tell its time."))
    seconds = round(skew.total_seconds())
    if abs(skew) <= LARGEST_SKEW:
        return Check(
            kind,
            code,
            CheckState.OK,
            _noop("The shop's clock differs from ours by %(seconds)s seconds."),
            {"seconds": seconds},
        )
    return Check(
        kind,
        code,
        CheckState.WARN,
        _noop("The shop's clock differs from ours by %(seconds)s seconds; latencies are wrong by as much."),
        {"seconds": seconds},
        _noop("Set the clock of the shop's server by NTP."),
    )


def _reading(is_missing: bool) -> Check:
    kind, code, right = ConditionKind.TRACKING, "right_to_read_shipments", RIGHTS[SHIPMENT]
    if not is_missing:
        return Check(kind, code, CheckState.OK, _noop("The integration may read shipments."))
    return Check(
        kind,
        code,
        CheckState.WARN,
        _noop("The integration may not read shipments: whether tracking numbers arrive cannot be seen."),
        {"right": right},
        GRANT,
    )


def _writing(is_missing: bool) -> Check:
    kind, code, right = ConditionKind.TRACKING, "right_to_ship", RIGHTS[SHIP]
    if not is_missing:
        return Check(kind, code, CheckState.OK, _noop("The integration may write tracking numbers."))
    return Check(
        kind,
        code,
        CheckState.INFO,
        _noop("The integration may not ship orders: tracking numbers cannot be written again from here."),
        {"right": right},
        GRANT,
    )
