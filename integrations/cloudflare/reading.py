"""Reads what an audit needs of a zone, part by part: what cannot be read is known to be unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations import errors
from integrations.cloudflare import records
from integrations.cloudflare.api import NO_SUCH_RULESET, CloudflareApi, Refused
from integrations.cloudflare.permissions import Permission
from integrations.cloudflare.records import Ruleset, Zone

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NotRead:
    """Why a part is not known."""

    permission: Permission | None
    """The one that is missing; ``None``: it failed for another reason."""
    reason: str
    documentation_url: str = ""


@dataclass(frozen=True)
class Part(Generic[T]):
    """One thing to be read of a zone."""

    name: str
    what: str
    """What Cloudflare calls it."""
    path: str
    """``{zone}``, ``{account}`` and ``{host}`` are filled in."""
    permission: Permission
    adapter: TypeAdapter[Any]
    params: Mapping[str, str] = field(default_factory=dict)
    is_paged: bool = False
    is_phase: bool = False


def _setting(name: str, what: str) -> Part[records.Setting]:
    return Part(name, what, f"zones/{{zone}}/settings/{name}", Permission.SETTINGS, records.SETTING)


def _phase(phase: str, what: str, permission: Permission) -> Part[Ruleset]:
    path = f"zones/{{zone}}/rulesets/phases/{phase}/entrypoint"
    return Part(phase, what, path, permission, records.RULESET, is_phase=True)


RECORDS: Part[list[records.DnsRecord]] = Part(
    "dns_records",
    "DNS",
    "zones/{zone}/dns_records",
    Permission.DNS,
    records.DNS_RECORDS,
    {"name.exact": "{host}"},
)
CAA: Part[list[records.DnsRecord]] = Part(
    "caa",
    "DNS",
    "zones/{zone}/dns_records",
    Permission.DNS,
    records.DNS_RECORDS,
    {"type": "CAA"},
    is_paged=True,
)
O2O = _setting("orange_to_orange", "Orange to Orange")
CACHE_LEVEL = _setting("cache_level", "Caching Level")
IPV6 = _setting("ipv6", "IPv6 Compatibility")
ROCKET_LOADER = _setting("rocket_loader", "Rocket Loader")
WEBSOCKETS = _setting("websockets", "WebSockets")
SECURITY_LEVEL = _setting("security_level", "Security Level")
BROWSER_CHECK = _setting("browser_check", "Browser Integrity Check")
DEVELOPMENT_MODE = _setting("development_mode", "Development Mode")
ARGO: Part[records.Setting] = Part(
    "argo", "Argo Smart Routing", "zones/{zone}/argo/smart_routing", Permission.SETTINGS, records.SETTING
)
BOTS: Part[records.Bots] = Part(
    "bot_management", "Bots", "zones/{zone}/bot_management", Permission.BOTS, records.BOTS
)
LOAD_BALANCERS: Part[list[records.LoadBalancer]] = Part(
    "load_balancers", "Load Balancing", "zones/{zone}/load_balancers", Permission.LOAD_BALANCERS,
    records.LOAD_BALANCERS,
)  # fmt: skip
PAGE_RULES: Part[list[records.PageRule]] = Part(
    # Without the filter only disabled rules come.
    "page_rules", "Page Rules", "zones/{zone}/pagerules", Permission.PAGE_RULES, records.PAGE_RULES,
    {"status": "active"},
)  # fmt: skip
ROUTES: Part[list[records.Route]] = Part(
    "workers_routes", "Workers Routes", "zones/{zone}/workers/routes", Permission.WORKERS, records.ROUTES
)
CUSTOM = _phase("http_request_firewall_custom", "WAF custom rules", Permission.WAF)
RATE_LIMITS = _phase("http_ratelimit", "Rate limiting rules", Permission.WAF)
MANAGED = _phase("http_request_firewall_managed", "WAF managed rules", Permission.WAF)
CACHE_RULES = _phase("http_request_cache_settings", "Cache Rules", Permission.CACHE)
REDIRECTS = _phase("http_request_dynamic_redirect", "Redirect Rules", Permission.REDIRECTS)
ORIGINS = _phase("http_request_origin", "Origin Rules", Permission.ORIGIN)
CONFIGURATIONS = _phase("http_config_settings", "Configuration Rules", Permission.CONFIG)
TRANSFORMS = _phase("http_request_transform", "Transform Rules", Permission.TRANSFORM)
ACCESS_RULES: Part[list[records.AccessRule]] = Part(
    "access_rules", "IP Access Rules", "zones/{zone}/firewall/access_rules/rules", Permission.FIREWALL,
    records.ACCESS_RULES, is_paged=True,
)  # fmt: skip
ACCOUNT_ACCESS_RULES: Part[list[records.AccessRule]] = Part(
    "account_access_rules", "IP Access Rules of the account",
    "accounts/{account}/firewall/access_rules/rules", Permission.ACCOUNT_FIREWALL, records.ACCESS_RULES,
    is_paged=True,
)  # fmt: skip
USER_AGENT_RULES: Part[list[records.UserAgentRule]] = Part(
    "ua_rules", "User Agent Blocking", "zones/{zone}/firewall/ua_rules", Permission.FIREWALL,
    records.USER_AGENT_RULES, is_paged=True,
)  # fmt: skip
LOCKDOWNS: Part[list[records.Lockdown]] = Part(
    "lockdowns", "Zone Lockdown", "zones/{zone}/firewall/lockdowns", Permission.FIREWALL, records.LOCKDOWNS,
    is_paged=True,
)  # fmt: skip
RULESETS: Part[list[records.RulesetHead]] = Part(
    "rulesets", "Rulesets", "zones/{zone}/rulesets", Permission.WAF, records.RULESET_HEADS,
    {"per_page": "50"}, is_paged=True,
)  # fmt: skip

HOSTED: tuple[Part[Any], ...] = (
    RECORDS, CAA, O2O, CACHE_LEVEL, IPV6, ROCKET_LOADER, WEBSOCKETS, SECURITY_LEVEL, BROWSER_CHECK,
    DEVELOPMENT_MODE, ARGO, BOTS, LOAD_BALANCERS, PAGE_RULES, ROUTES, CUSTOM, RATE_LIMITS, MANAGED,
    CACHE_RULES, REDIRECTS, ORIGINS, CONFIGURATIONS, TRANSFORMS,
)  # fmt: skip
"""Of the zone in front of a hosted shop."""
SELF_HOSTED: tuple[Part[Any], ...] = (
    RECORDS, SECURITY_LEVEL, BROWSER_CHECK, BOTS, CUSTOM, RATE_LIMITS, ACCESS_RULES, ACCOUNT_ACCESS_RULES,
    USER_AGENT_RULES, LOCKDOWNS,
)  # fmt: skip
"""Of the zone in front of a self-hosted shop."""


NO_RULES = Ruleset(id="")


@dataclass(frozen=True)
class Reading:
    """A zone as far as it could be read."""

    zone: Zone
    host: str
    parts: Mapping[str, Any]

    def get(self, part: Part[T]) -> T | NotRead:
        """A phase without rules is an empty ruleset."""
        return cast("T | NotRead", self.parts[part.name])


async def read_zone(
    api: CloudflareApi, zone: Zone, host: str, parts: Sequence[Part[Any]], *, now: datetime
) -> Reading:
    """About one call per part.

    Of the phases without rules one is asked for per permission: the list of rulesets may leave out what the
    token may not see, and that is not known to be empty.

    Raises RemoteError when the whole audit has no sense: refused token, rate limit, no answer.
    """
    places = {"zone": zone.id, "account": zone.account.id, "host": host}
    present = await _phases(api, places, now) if any(part.is_phase for part in parts) else None
    found: dict[str, Any] = {}
    proven: set[Permission] = set()
    for part in parts:
        is_absent = part.is_phase and present is not None and part.name not in present
        if is_absent and part.permission in proven:
            found[part.name] = NO_RULES
            continue
        found[part.name] = await read_part(api, part, places, now=now)
        if part.is_phase and not isinstance(found[part.name], NotRead):
            proven.add(part.permission)
    return Reading(zone, host, found)


async def _phases(api: CloudflareApi, places: Mapping[str, str], now: datetime) -> frozenset[str] | None:
    """The phases in which the zone has rules; ``None``: cannot be told, so each must be asked for."""
    heads = await read_part(api, RULESETS, places, now=now)
    if isinstance(heads, NotRead):
        return None
    return frozenset(head.phase for head in heads if head.kind == "zone")


async def read_part(
    api: CloudflareApi, part: Part[T], places: Mapping[str, str], *, now: datetime
) -> T | NotRead:
    """One part of a zone. Raises RemoteError only where nothing else could be read either."""
    if "{account}" in part.path and not places["account"]:
        return NotRead(None, _("Cloudflare does not tell the zone's account."))
    path = part.path.format(**places)
    params = {name: value.format(**places) for name, value in part.params.items()}
    try:
        if part.is_paged:
            return cast(T, await api.get_all(path, part.adapter, params, now=now))
        return cast(T, await api.get(path, part.adapter, params, now=now, keep=not part.is_phase))
    except Refused as error:
        if part.is_phase and error.refusal.status == 404 and error.refusal.code == NO_SUCH_RULESET:
            return cast(T, NO_RULES)
        missing = part.permission if error.refusal.status == 403 else None
        return NotRead(missing, str(error), error.refusal.documentation_url)
    except (errors.RemoteFault, errors.UnexpectedAnswer) as error:
        return NotRead(None, str(error))
