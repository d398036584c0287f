"""What Sendcloud tells of an integration's settings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from django.utils.translation import gettext_noop as _noop
from pydantic import TypeAdapter

from integrations.contracts import Check, CheckState, ConditionKind
from integrations.documents import Id, Record, Rows
from integrations.http import RemoteClient
from integrations.parsing import parse, parse_most
from integrations.sendcloud.api import SendcloudApi
from integrations.sendcloud.records import Integration
from integrations.sendcloud.shipments import read_integration

PUSHED_SYSTEM = "api"
"""The ``type`` of an integration that fetches nothing: somebody sends it the orders."""
MAPPED_SYSTEMS = ("prestashop",)
"""Only PrestaShop V2 has a mapping of statuses (sendcloud.dev, v3, shop order statuses)."""


class _Mapped(Record):
    status_category: str
    external_id: Id | None = None
    is_valid: bool | None = None


class _Mapping(Record):
    mapping: Rows[_Mapped]


class _MappingAnswer(Record):
    data: _Mapping


class _Status(Record):
    external_id: Id
    status: str | None = None


class _StatusList(Record):
    data: Rows[_Status]


_MAPPING = TypeAdapter(_MappingAnswer)
_STATUSES = TypeAdapter(_StatusList)


async def check_integration(
    http: RemoteClient,
    api: SendcloudApi,
    integration_id: str,
    system: str,
    *,
    webhook_url: str,
    now: datetime,
) -> Sequence[Check]:
    """Feedback, kind, webhook and, for PrestaShop, the mapping of statuses. At most three requests."""
    integration = await read_integration(http, api, integration_id, now=now)
    found: list[Check] = []
    if integration is not None:
        found += _of_settings(integration, webhook_url)
        system = integration.type or integration.system or system
    if system.lower().startswith(MAPPED_SYSTEMS):
        found += await _of_mapping(http, api, integration_id, now=now)
    return found


def _of_settings(integration: Integration, webhook_url: str) -> list[Check]:
    found = []
    if integration.feedback_type == "none":
        found.append(
            Check(
                ConditionKind.TRACKING,
                "feedback_none",
                CheckState.INFO,
                _noop("Sendcloud is set to tell this shop nothing about its parcels."),
                remedy=_noop(
                    "If tracking numbers should reach the shop's orders, switch the feedback on in the"
                    " integration's settings in Sendcloud."
                ),
            )
        )
    if integration.type == PUSHED_SYSTEM:
        found.append(
            Check(
                ConditionKind.IMPORTS,
                "orders_are_sent",
                CheckState.INFO,
                _noop("Sendcloud fetches nothing here: another program sends the orders to it."),
            )
        )
    if webhook_url and integration.webhook_active is not None:
        found.append(_of_webhook(integration, webhook_url))
    return found


def _of_webhook(integration: Integration, webhook_url: str) -> Check:
    ours, theirs = urlsplit(webhook_url), urlsplit(integration.webhook_url or "")
    if integration.webhook_active and (ours.netloc, ours.path) == (theirs.netloc, theirs.path):
        text = _noop("Sendcloud tells us at once when a parcel of this shop changes.")
        return Check(ConditionKind.WEBHOOKS, "parcel_webhook", CheckState.OK, text)
    return Check(
        ConditionKind.WEBHOOKS,
        "parcel_webhook",
        CheckState.INFO,
        _noop("Sendcloud does not tell us when a parcel of this shop changes; we ask regularly instead."),
        {"address": webhook_url},
        _noop("To hear of it at once, enter %(address)s as the integration's webhook in Sendcloud."),
    )


async def _of_mapping(
    http: RemoteClient, api: SendcloudApi, integration_id: str, *, now: datetime
) -> list[Check]:
    params = {"integration_id": integration_id}
    answer = await api.get_if_there("v3/shop-order-statuses/mapping", params, now=now)
    if answer is None:
        return []
    mapping = parse(http, answer, _MAPPING).data.mapping
    broken = [row for row in mapping if row.is_valid is False]
    if not broken:
        text = _noop("Every status that Sendcloud sets in the shop exists there.")
        return [Check(ConditionKind.TRACKING, "mapping_invalid", CheckState.OK, text)]
    names = await _names(http, api, params, now=now)
    return [
        Check(
            ConditionKind.TRACKING,
            "mapping_invalid",
            CheckState.WARN,
            _noop(
                "Sendcloud sets parcels that are %(category)s to the status %(status)s, which was deleted in"
                " the shop: these updates get lost."
            ),
            {
                "category": row.status_category.replace("_", " ").lower()[:60],
                "status": (names.get(row.external_id or "") or row.external_id or "?")[:80],
            },
            _noop("Choose another status for it in the integration's settings in Sendcloud."),
            subject=row.status_category[:80],
        )
        for row in broken
    ]


async def _names(
    http: RemoteClient, api: SendcloudApi, params: Mapping[str, str], *, now: datetime
) -> dict[str, str]:
    """What the shop's statuses are called, deleted ones too."""
    answer = await api.get_if_there("v3/shop-order-statuses", {**params, "show_deleted": "true"}, now=now)
    if answer is None:
        return {}
    return {row.external_id: row.status or "" for row in parse_most(http, answer, _STATUSES).data}
