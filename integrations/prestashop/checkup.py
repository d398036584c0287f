"""Looks at everything of a PrestaShop shop but its orders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop as _noop

from integrations.access.matrix import ENOUGH_OF_A_BODY
from integrations.clocks import LARGEST_SKEW
from integrations.contracts import Check, CheckState, ConditionKind, StoreCheckup
from integrations.errors import RemoteError, RemoteFault
from integrations.prestashop.recognition import asked_for_a_key, is_webservice, shop_time
from integrations.prestashop.refusals import TICK
from integrations.prestashop.rights import read_root

if TYPE_CHECKING:
    from integrations.prestashop.adapter import PrestaShopStore

REWRITE_REMEDY = _noop(
    "Let PrestaShop write its .htaccess again: in Shop Parameters > Traffic & SEO switch friendly URLs off "
    "and on. On nginx add the rule ^/api/?(.*)$ to /webservice/dispatcher.php?url=$1."
)


async def check(store: PrestaShopStore, *, now: datetime) -> StoreCheckup:
    """Rights, version, clock, zone, and whether the shop's front page is closed. Raises RemoteError."""
    try:
        root, answer = await read_root(store, now=now)
    except RemoteFault:
        if await rule_is_missing(store, now=now):
            return StoreCheckup((_rewrite_missing(),))
        raise
    checks = [_version(root.version)]
    for right in root.used(states_are_configured=bool(store.settings.expected_states)):
        has = root.has(right)
        checks.append(
            Check(
                ConditionKind.CREDENTIALS,
                "right",
                CheckState.OK if has else right.missing,
                _noop("The key has %(method)s for %(resource)s.") if has else right.without,
                {"method": right.verb, "resource": right.resource},
                "" if has else TICK,
                subject=f"{right.verb} {right.resource}",
            )
        )
    zone = await store.read_zone(now=now)
    checks.append(_zone(zone.key if zone else "", store.target.time_zone))
    shop_now = shop_time(answer)
    skew = shop_now - now if shop_now else None
    checks += [_clock(skew), await _front_page(store, now)]
    return StoreCheckup(tuple(checks), root.version, zone.key if zone else "", skew)


async def rule_is_missing(store: PrestaShopStore, *, now: datetime) -> bool:
    """The webservice is there, but the web server does not lead /api to it."""
    url = f"{store.http.target_url}/webservice/dispatcher.php"
    try:
        answer = await store.http.request("GET", url, now=now, params={"url": "orders/0"}, keep=False)
    except RemoteError:
        return False
    return asked_for_a_key(answer) or is_webservice(answer)


def _rewrite_missing() -> Check:
    return Check(
        ConditionKind.ACCESS,
        "rewrite_missing",
        CheckState.FAIL,
        _noop("PrestaShop's webservice is there, but its address /api does not lead to it."),
        remedy=REWRITE_REMEDY,
    )


def _version(version: str) -> Check:
    known = bool(version)
    return Check(
        ConditionKind.ACCESS,
        "version",
        CheckState.INFO if known else CheckState.UNKNOWN,
        _noop("PrestaShop %(version)s.") if known else _noop("The shop does not tell its version."),
        {"version": version},
    )


def _zone(told: str, entered: str) -> Check:
    values = {"told": told, "entered": entered}
    if not told:
        return Check(
            ConditionKind.ACCESS,
            "time_zone",
            CheckState.UNKNOWN,
            _noop("The shop does not tell its time zone; its times are read as those of %(entered)s."),
            values,
            _noop("Give the key GET for configurations, or see that the zone entered here is the shop's."),
        )
    if told != entered:
        sentence = _noop(
            "The shop's time zone is %(told)s, not %(entered)s as entered here; the shop's is used."
        )
        return Check(ConditionKind.ACCESS, "time_zone", CheckState.INFO, sentence, values)
    return Check(
        ConditionKind.ACCESS, "time_zone", CheckState.OK, _noop("The shop's time zone is %(told)s."), values
    )


def _clock(skew: timedelta | None) -> Check:
    if skew is None:
        sentence = _noop("The shop does not tell its time.")
        return Check(ConditionKind.ACCESS, "clock", CheckState.UNKNOWN, sentence)
    seconds = round(skew.total_seconds())
    if abs(skew) <= LARGEST_SKEW:
        sentence = _noop("The shop's clock is right.")
        return Check(ConditionKind.ACCESS, "clock", CheckState.OK, sentence, {"seconds": seconds})
    return Check(
        ConditionKind.ACCESS,
        "clock",
        CheckState.WARN,
        _noop("The shop's clock differs from ours by %(seconds)s seconds; latencies are wrong by as much."),
        {"seconds": seconds},
        _noop("Set the clock of the shop's server by NTP."),
    )


async def _front_page(store: PrestaShopStore, now: datetime) -> Check:
    """Maintenance closes the front page and leaves the webservice as it is."""
    kind, code = ConditionKind.ACCESS, "front_page"
    try:
        answer = await store.http.request(
            "GET",
            f"{store.http.target_url}/",
            now=now,
            redirects=2,
            truncate_at=ENOUGH_OF_A_BODY,
            keep=False,
        )
    except RemoteError:
        return Check(kind, code, CheckState.UNKNOWN, _noop("The shop's front page did not answer."))
    if answer.status == 503:
        is_page = "page-maintenance" in answer.text()
        return Check(
            kind,
            code,
            CheckState.WARN,
            _noop("The shop is in maintenance: nobody can order, while the webservice works as ever.")
            if is_page
            else _noop("The shop's front page is closed (status 503)."),
            remedy=_noop("End it in PrestaShop under Shop Parameters > General > Maintenance."),
        )
    if answer.status >= 400:
        sentence = _noop("The shop's front page answers with status %(status)d to us.")
        return Check(kind, code, CheckState.INFO, sentence, {"status": answer.status})
    return Check(kind, code, CheckState.OK, _noop("The shop's front page is open."))
