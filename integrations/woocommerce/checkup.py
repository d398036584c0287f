"""Looks at everything of a WooCommerce shop but its orders: about ten small requests.

Only the first must succeed. What a key may not see is reported as unknown, with the right that is missing.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop as _noop
from pydantic import TypeAdapter

from integrations.access.classify import json_document
from integrations.access.wordpress import is_refusal
from integrations.answer import Answer
from integrations.contracts import Check, CheckState, ConditionKind, Outcome, StoreCheckup
from integrations.documents import Record, Rows
from integrations.errors import RemoteError, UnexpectedAnswer
from integrations.numbers import number_of
from integrations.parsing import parse
from integrations.woocommerce import webhooks
from integrations.woocommerce.diagnosis import explained
from integrations.woocommerce.findings import (
    Backlog,
    Shop,
    StatusTotal,
    judge_statuses,
    judge_storage,
    judge_webhooks,
)
from integrations.woocommerce.orders import ROWS, Row, naive_utc

if TYPE_CHECKING:
    from integrations.woocommerce.adapter import WooCommerceStore

MOST_ASKED = 6
"""Webhooks whose backlog is asked for."""
_NEWEST = "id,status,version,date_created_gmt,date_modified_gmt"


class _Zone(Record):
    timezone_string: str = ""
    gmt_offset: float | str = ""


class _Newest(Row):
    version: str = ""


class _Environment(Record):
    version: str = ""
    wp_cron: bool | None = None


class _StatusSettings(Record):
    HPOS_enabled: bool | None = None


class _SystemStatus(Record):
    environment: _Environment = _Environment()
    settings: _StatusSettings = _StatusSettings()


_ZONE = TypeAdapter(_Zone)
_NEWEST_ROWS = TypeAdapter(Rows[_Newest])
_STATUS = TypeAdapter(_SystemStatus)
_TOTALS = TypeAdapter(Rows[StatusTotal])


async def check(store: WooCommerceStore, *, now: datetime) -> StoreCheckup:
    """Raises RemoteError when the shop cannot be read at all."""
    began = time.monotonic()
    params = {"orderby": "modified", "order": "desc", "per_page": "1", "_fields": _NEWEST}
    try:
        answer = await store.get("wc/v3/orders", params, now=now)
    except RemoteError as error:
        raise await explained(store, error, now=now) from None
    skew = clock_skew(answer, now + timedelta(seconds=time.monotonic() - began))
    changed = parse(store.http, answer, _NEWEST_ROWS)
    shop = await _system_status(store, now)
    version = shop.version or (changed[0].version if changed else "")
    checks = [*judge_storage(shop), *await _statuses(store, now)]
    checks += await _webhooks(store, shop, now, skew or timedelta(0))
    checks.append(await write_right(store, now))
    return StoreCheckup(tuple(checks), version[:60], await _time_zone(store, now), skew)


def clock_skew(answer: Answer, now: datetime) -> timedelta | None:
    """The shop's clock minus ours, by the answer's Date header; ``None``: it tells no time."""
    try:
        told = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return None
    return told - now if told.tzinfo else None


def zone_name(timezone_string: str, gmt_offset: float | str) -> str:
    """The IANA name of WordPress' zone: a city, or an offset in whole hours; else empty."""
    if timezone_string:
        return timezone_string[:60]
    try:
        hours = float(gmt_offset)
    except ValueError:
        return ""
    if hours == 0:
        return "UTC"
    # The signs of these names are turned round: Etc/GMT-1 is an hour ahead of UTC.
    return f"Etc/GMT{-int(hours):+d}" if hours == int(hours) and -12 <= hours <= 14 else ""


async def _time_zone(store: WooCommerceStore, now: datetime) -> str:
    params = {"_fields": "timezone_string,gmt_offset"}
    answer = await store.http.request("GET", f"{store.root}/", now=now, params=params, keep=False)
    if answer.status != 200 or not isinstance(json_document(answer), dict):
        return ""
    try:
        found = parse(store.http, answer, _ZONE)
    except UnexpectedAnswer:
        return ""
    return zone_name(found.timezone_string, found.gmt_offset)


async def _system_status(store: WooCommerceStore, now: datetime) -> Shop:
    params = {"_fields": "environment.version,environment.wp_cron,settings.HPOS_enabled"}
    answer = await store.ask("GET", "wc/v3/system_status", now=now, params=params, keep=False)
    if answer.status != 200 or not isinstance(json_document(answer), dict):
        return Shop()
    try:
        status = parse(store.http, answer, _STATUS)
    except UnexpectedAnswer:
        return Shop()
    return Shop(status.environment.version, status.environment.wp_cron, status.settings.HPOS_enabled)


async def _statuses(store: WooCommerceStore, now: datetime) -> Sequence[Check]:
    answer = await store.ask("GET", "wc/v3/reports/orders/totals", now=now, keep=False)
    if answer.status != 200 or not isinstance(json_document(answer), list):
        return ()
    try:
        totals = parse(store.http, answer, _TOTALS)
    except UnexpectedAnswer:
        return ()
    return judge_statuses(totals, store.settings.expected_statuses)


async def _webhooks(store: WooCommerceStore, shop: Shop, now: datetime, skew: timedelta) -> Sequence[Check]:
    answer = await store.ask("GET", "wc/v3/webhooks", now=now, params=webhooks.PARAMS, keep=False)
    if answer.status in (401, 403):
        return [
            Check(
                ConditionKind.WEBHOOKS,
                "webhooks_unread",
                CheckState.UNKNOWN,
                _noop("The key may not see the shop's webhooks."),
                remedy=_noop("Give the user of the key the role Shop manager."),
            )
        ]
    try:
        hooks = await webhooks.read(store, answer, now=now)
        backlogs = {hook.id: await _backlog(store, hook, now) for hook in _announcing(hooks)}
    except RemoteError as error:
        return [_unread("webhooks_unread", ConditionKind.WEBHOOKS, error)]
    return judge_webhooks(
        hooks,
        backlogs,
        shop,
        ours_at=store.target.webhook_url,
        hubs=store.settings.hub_webhooks,
        now=now + skew,
    )


def _announcing(hooks: Sequence[webhooks.Webhook]) -> Sequence[webhooks.Webhook]:
    active = [hook for hook in hooks if hook.status == "active" and hook.topic in webhooks.TOPICS]
    return [hook for hook in active if hook.used_at is not None][:MOST_ASKED]


async def _backlog(store: WooCommerceStore, hook: webhooks.Webhook, now: datetime) -> Backlog:
    """The orders placed or changed since the webhook was last used. By the shop's own clock throughout."""
    assert hook.used_at is not None
    bound, by = ("after", "date") if hook.topic == "order.created" else ("modified_after", "modified")
    params = {
        bound: naive_utc(hook.used_at),
        "dates_are_gmt": "true",
        "orderby": by,
        "order": "asc",
        "per_page": "1",
        "_fields": "id,status,date_created_gmt,date_modified_gmt",
    }
    answer = await store.get("wc/v3/orders", params, now=now)
    rows = parse(store.http, answer, ROWS)
    if not rows:
        return Backlog()
    oldest_at = rows[0].date_created_gmt if by == "date" else rows[0].changed_at
    return Backlog(number_of(answer.headers.get("x-wp-total", "")) or 1, oldest_at)


def _unread(code: str, kind: ConditionKind, error: RemoteError) -> Check:
    values: Mapping[str, str] = {"reason": str(error)[:200]}
    return Check(kind, code, CheckState.UNKNOWN, _noop("This could not be read: %(reason)s"), values)


async def write_right(store: WooCommerceStore, now: datetime) -> Check:
    """PUT on an order that cannot exist changes nothing, and WooCommerce looks at the right first."""
    kind, code = ConditionKind.TRACKING, "write_right"
    try:
        answer = await store.ask("PUT", "wc/v3/orders/0", now=now, document={}, keep=False)
    except RemoteError as error:
        return _unread(code, kind, error)
    document = json_document(answer) if answer.looks_like_json else None
    if is_refusal(answer, document) and answer.status in (400, 404):
        return Check(kind, code, CheckState.OK, _noop("The key may write to orders."))
    if is_refusal(answer, document) and answer.status in (401, 403):
        return Check(
            kind,
            code,
            CheckState.INFO,
            _noop("The key may only read: missing tracking numbers cannot be written from here."),
            remedy=_noop(
                "For that, set the key's permission to Read/Write and its user's role to Shop manager."
            ),
        )
    found = store.http.classify(answer)
    if found.outcome in (Outcome.BLOCKED, Outcome.CHALLENGED):
        return Check(
            kind,
            "put_blocked",
            CheckState.WARN,
            _noop("%(by)s lets orders be read but refuses PUT, by which hubs write tracking to the shop."),
            {"by": found.by or "?", "status": answer.status},
            _noop(
                "Allow PUT on the API path: in Apache add it to <LimitExcept GET POST HEAD>, "
                "in nginx to limit_except."
            ),
        )
    values = {"status": answer.status}
    return Check(
        kind, code, CheckState.UNKNOWN, _noop("PUT was answered unclearly (status %(status)d)."), values
    )
