"""The entries of a fleet file. A key that an entry leaves out keeps what is stored."""

from collections.abc import Collection
from functools import cache
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from integrations.models import AutoRefresh, refresh_request_only
from integrations.registry import EDGES, HUBS, STORES
from monitor.fleet.problems import did_you_mean, sentences
from monitor.refresh.policy import WITHOUT_PERSON

_LARGEST = 2_147_483_647
"""PostgreSQL's integer."""
LONGEST_PATIENCE_MIN = 7 * 24 * 60
"""Whoever waits longer for others wants no notices."""


def _one_of(value: str, words: Collection[str], message: str) -> str:
    if value not in words:
        raise ValueError(sentences(message % {"value": value}, did_you_mean(value, words)))
    return value


@cache
def time_zones() -> frozenset[str]:
    """The IANA names this machine knows. Kept, because finding them walks the disk."""
    return frozenset(available_timezones())


def _account_kind(value: str) -> str:
    return _one_of(value, {*HUBS, *EDGES}, _('"%(value)s" is not a kind of account.'))


def _platform(value: str) -> str:
    return _one_of(value, STORES, _('"%(value)s" is not a platform.'))


def _time_zone(value: str) -> str:
    return _one_of(value, time_zones(), _('"%(value)s" is not a time zone of the IANA list.'))


def _language(value: str) -> str:
    return _one_of(value, dict(settings.LANGUAGES), _('"%(value)s" is not a language of Syncwatch.'))


def _auto_refresh(value: str) -> str:
    return _one_of(value, AutoRefresh.values, _('"%(value)s" is not one of off, suggest and do.'))


def _auto_way(value: str) -> str:
    return _one_of(value, WITHOUT_PERSON, _('"%(value)s" is no way to refresh without a person.'))


def _url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or any(letter.isspace() for letter in value):
        raise ValueError(_("is not a web address; write it like https://shop.example."))
    if parts.username is not None or parts.password is not None:
        raise ValueError(_("holds a user or password; put those under credentials."))
    if parts.query or parts.fragment:
        raise ValueError(_('must end before "?" or "#".'))
    return value


def _name(value: str) -> str:
    if not value.isascii() or not value.replace("-", "").replace("_", "").isalnum():
        raise ValueError(
            _("may hold letters, digits, dashes and underscores only; a title may hold anything.")
        )
    return value


def _email(value: str) -> str:
    try:
        validate_email(value)
    except ValidationError as error:
        raise ValueError(_("is not an e-mail address.")) from error
    return value


def _each_once(names: list[str]) -> list[str]:
    return sorted(set(names))


Name = Annotated[str, StringConstraints(min_length=1, max_length=80), AfterValidator(_name)]
LongName = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_name)]
Title = Annotated[str, StringConstraints(max_length=120)]
Url = Annotated[str, StringConstraints(max_length=500), AfterValidator(_url)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=40)]
Platform = Annotated[str, AfterValidator(_platform)]
TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Entry(BaseModel):
    """What all entries share: unknown keys are refused, numbers may stand where text is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class AccountEntry(Entry):
    """One set of credentials at a hub, or at the operator of zones in front of stores."""

    name: Name = Field(description="Short name by which the file and the commands speak of the account.")
    title: Title = Field("", description="What people see; the name when empty.")
    kind: Annotated[str, AfterValidator(_account_kind)] = Field(
        description="Kind of hub, or of what stands in front of stores.",
        json_schema_extra={"enum": [*sorted({*HUBS, *EDGES})]},
    )
    url: Url = Field(description="Base address of the hub's API.", json_schema_extra={"format": "uri"})
    credentials: dict[str, Any] = Field(
        default_factory=dict, description="Secrets, each by env:NAME or file:PATH; replaces all stored ones."
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of this kind of hub.")
    requests_per_minute: int = Field(60, ge=1, le=_LARGEST, description="Rate limit shared by all workers.")
    active: bool = Field(True, description="False: neither read nor judged.")


class StoreEntry(Entry):
    """A shop."""

    name: Name = Field(description="Short name by which the file and the commands speak of the store.")
    title: Title = Field("", description="What people see; the name when empty.")
    platform: Platform = Field(
        description="Shop software. Left out: as it is stored, or for a new store found at its address.",
        json_schema_extra={"enum": [*sorted(STORES)]},
    )
    url: Url = Field(description="The shop's address.", json_schema_extra={"format": "uri"})
    time_zone: TimeZone = Field("UTC", description="The shop's IANA time zone, such as Europe/Paris.")
    credentials: dict[str, Any] = Field(
        default_factory=dict, description="Secrets, each by env:NAME or file:PATH; replaces all stored ones."
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of this platform.")
    tags: list[Tag] = Field(default_factory=list, description="Words that subscriptions choose stores by.")
    edge: Name | None = Field(
        None, description="Name of the account that reads the zone in front of the store; null: none."
    )
    edge_host: Annotated[str, StringConstraints(max_length=253, pattern=r"^[\w.-]*$")] = Field(
        "", description="Host in the zone where customers shop; empty: the host of the address."
    )
    allows_nudge: bool = Field(
        False, description="True: waiting orders may be touched harmlessly, so that webhooks fire again."
    )
    active: bool = Field(True, description="False: neither read nor judged.")


class IntegrationEntry(Entry):
    """One store in one hub account."""

    name: LongName = Field(
        description="Short name by which the file and the commands speak of the integration."
    )
    account: Name = Field(description="Name of the hub account.")
    store: Name = Field(description="Name of the store.")
    external_id: Annotated[str, StringConstraints(min_length=1, max_length=80)] = Field(
        description="The hub's own id of the integration."
    )
    tolerance_s: int | None = Field(
        None,
        ge=1,
        le=_LARGEST,
        description="Seconds an order may wait before it is late; null: learned from the last 14 days.",
    )
    tracking_tolerance_s: int | None = Field(
        None,
        ge=1,
        le=_LARGEST,
        description="Seconds until a tracking number must have reached the store; null: one hour.",
    )
    auto_refresh: Annotated[str, AfterValidator(_auto_refresh)] = Field(
        AutoRefresh.SUGGEST.value,
        description="When the store can be reached again, but its hub lags behind: do nothing (off), suggest "
        "a refresh, or do it once.",
        json_schema_extra={"enum": [*AutoRefresh.values]},
    )
    auto_refresh_ways: list[Annotated[str, AfterValidator(_auto_way)]] = Field(
        default_factory=refresh_request_only,
        description="What may be done then: send the hub's refresh request, send it the waiting orders, "
        "touch these in the store.",
        json_schema_extra={"items": {"type": "string", "enum": [*WITHOUT_PERSON]}},
    )
    paused: bool = Field(False, description="True: not watched until it is resumed.")


class SubscriptionEntry(Entry):
    """An address that is told about incidents by mail."""

    email: Annotated[str, StringConstraints(max_length=254), AfterValidator(_email)] = Field(
        description="Where mails go.", json_schema_extra={"format": "email"}
    )
    person: Annotated[str, StringConstraints(max_length=150)] | None = Field(
        None, description="User name of the person to whom it belongs; null: a shared address."
    )
    language: Annotated[str, AfterValidator(_language)] = Field(
        "en",
        description="Language of the mails.",
        json_schema_extra={"enum": [*sorted(dict(settings.LANGUAGES))]},
    )
    time_zone: TimeZone = Field("UTC", description="IANA time zone of the times in the mails.")
    tags: list[Tag] = Field(
        default_factory=list, description="Only stores with one of these tags; empty: all."
    )
    platforms: list[Platform] = Field(
        default_factory=list,
        description="Only stores on one of these platforms; empty: all.",
        json_schema_extra={"items": {"type": "string", "enum": [*sorted(STORES)]}},
    )
    stores: Annotated[list[Name], AfterValidator(_each_once)] = Field(
        default_factory=list, description="Only the stores with these names; empty: all."
    )
    include_warnings: bool = Field(True, description="Also tell about warnings, not only about failures.")
    escalates_after_min: int | None = Field(
        None,
        ge=1,
        le=LONGEST_PATIENCE_MIN,
        description="Only told of what nobody has acknowledged after so many minutes; null: told at once.",
    )
    quiet_from: TimeOfDay | None = Field(
        None, description='Begin of the quiet hours, such as "22:00" in the zone above; null: never quiet.'
    )
    quiet_until: TimeOfDay | None = Field(None, description='End of the quiet hours, such as "07:00".')
    urgent_passes: bool = Field(True, description="Failures are told in quiet hours too.")
    weekly_report: bool = Field(True, description="A report of the last week every Monday.")
    active: bool = Field(True, description="False: sends nothing.")


class FleetDocument(Entry):
    """Everything Syncwatch watches. A section that is left out is not touched."""

    accounts: list[AccountEntry] | None = Field(None, description="Hub accounts.")
    stores: list[StoreEntry] | None = Field(None, description="Shops.")
    integrations: list[IntegrationEntry] | None = Field(
        None, description="Which store is connected to which hub."
    )
    subscriptions: list[SubscriptionEntry] | None = Field(None, description="Who is told.")
