"""What Cloudflare's API answers. Which fields come depends on the plan: nearly every one may be missing."""

import re
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, TypeAdapter, model_validator

from integrations.cloudflare.secrecy import without_secrets
from integrations.documents import Record, Rows


def _text(value: Any) -> Any:
    return "" if value is None else value


def _document(value: Any) -> Any:
    return {} if value is None else value


def _plain_id(value: Any) -> str:
    """Becomes part of an address."""
    return value if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value) else ""


Text = Annotated[str, BeforeValidator(_text)]


class Token(Record):
    status: str
    expires_on: datetime | None = None


class Plan(Record):
    legacy_id: Text = ""
    name: Text = ""


class Owner(Record):
    id: Annotated[str, BeforeValidator(_plain_id)] = ""


class Zone(Record):
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    name: str
    status: Text = ""
    paused: bool = False
    plan: Annotated[Plan, BeforeValidator(_document)] = Plan()
    account: Annotated[Owner, BeforeValidator(_document)] = Owner()


class DnsRecord(Record):
    id: Text = ""
    type: str
    name: Text = ""
    content: Text = ""
    proxied: bool | None = None
    data: Annotated[dict[str, Any], BeforeValidator(_document)] = {}


class Setting(Record):
    """``value`` is text for most settings, and a number or a document for few."""

    value: Any
    editable: bool | None = None


class RulesetHead(Record):
    id: Text = ""
    kind: Text = ""
    phase: Text = ""


class Rule(Record):
    id: Text = ""
    action: Text = ""
    expression: Text = ""
    enabled: bool = True
    description: Text = ""
    action_parameters: Annotated[dict[str, Any], BeforeValidator(_document)] = {}

    @property
    def name(self) -> str:
        return self.description or self.id or without_secrets(self.expression)[:60]


class Ruleset(Record):
    id: str
    rules: Annotated[tuple[Rule, ...], BeforeValidator(lambda value: value or ())] = ()

    @property
    def enabled(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.enabled)


class PageRuleAction(Record):
    id: Text = ""
    value: Any = None


class Constraint(Record):
    value: Text = ""


class PageRuleTarget(Record):
    constraint: Constraint = Constraint()


class PageRule(Record):
    id: Text = ""
    status: Text = ""
    targets: tuple[PageRuleTarget, ...] = ()
    actions: tuple[PageRuleAction, ...] = ()

    @property
    def patterns(self) -> tuple[str, ...]:
        return tuple(target.constraint.value for target in self.targets)


class Route(Record):
    id: Text = ""
    pattern: str
    script: str | None = None
    """``None``: no Worker runs on this route."""


class LoadBalancer(Record):
    id: Text = ""
    name: Text = ""
    enabled: bool = True


class Bots(Record):
    """A key that is missing belongs to another plan; but every plan has some."""

    enable_js: bool | None = None
    fight_mode: bool | None = None
    sbfm_definitely_automated: str | None = None
    sbfm_likely_automated: str | None = None
    sbfm_verified_bots: str | None = None

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("no mode is told")
        return self


class Configuration(Record):
    target: Text = ""
    value: Text = ""


class AccessRule(Record):
    id: Text = ""
    mode: str
    configuration: Configuration


class UserAgentRule(Record):
    id: Text = ""
    mode: Text = ""
    configuration: Configuration
    paused: bool = False


class Lockdown(Record):
    id: Text = ""
    urls: tuple[str, ...] = ()
    configurations: tuple[Configuration, ...] = ()
    paused: bool = False


TOKEN = TypeAdapter(Token)
ZONES = TypeAdapter(Rows[Zone])
DNS_RECORDS = TypeAdapter(Rows[DnsRecord])
SETTING = TypeAdapter(Setting)
RULESET_HEADS = TypeAdapter(Rows[RulesetHead])
RULESET = TypeAdapter(Ruleset)
PAGE_RULES = TypeAdapter(Rows[PageRule])
ROUTES = TypeAdapter(Rows[Route])
LOAD_BALANCERS = TypeAdapter(Rows[LoadBalancer])
BOTS = TypeAdapter(Bots)
ACCESS_RULES = TypeAdapter(Rows[AccessRule])
USER_AGENT_RULES = TypeAdapter(Rows[UserAgentRule])
LOCKDOWNS = TypeAdapter(Rows[Lockdown])
