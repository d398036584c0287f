"""The zones of the stand-in, and what can be wrong with each."""

import hashlib
from collections.abc import Callable
from copy import deepcopy
from typing import Any

from integrations.sandbox.fleet import FleetSpec, ShopSpec

Document = dict[str, Any]

SETTINGS = {
    "orange_to_orange": "on",
    "cache_level": "aggressive",
    "ipv6": "on",
    "pseudo_ipv4": "off",
    "rocket_loader": "off",
    "websockets": "on",
    "security_level": "medium",
    "browser_check": "off",
    "development_mode": "off",
}
ACCOUNT = "a" * 32


def ident(*parts: str) -> str:
    """An id as Cloudflare makes them: 32 hexadecimal digits, always the same for the same parts."""
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:32]


def zone(name: str, host: str, *, target: str = "", plan: str = "pro") -> Document:
    """A zone in which nothing disturbs; ``target`` is the platform's host, empty: a server of one's own."""
    kind, content = ("CNAME", target) if target else ("A", "192.0.2.10")
    return {
        "id": ident("zone", name),
        "name": name,
        "host": host,
        "status": "active",
        "paused": False,
        "plan": plan,
        "settings": dict(SETTINGS),
        "dns_records": [{"type": kind, "name": host, "content": content, "proxied": True}],
        "argo": "off",
        "bot_management": {"enable_js": True, "fight_mode": False},
        "load_balancers": [],
        "pagerules": [],
        "routes": [],
        "phases": {},
        "access_rules": [],
        "account_access_rules": [],
        "ua_rules": [],
        "lockdowns": [],
        "written": [],
    }


def token_of(fleet: FleetSpec) -> str:
    """The token that may read every zone of the fleet."""
    return f"cfut_{ident(fleet.secret, 'cloudflare', 'token')}"


def zones_of(fleet: FleetSpec) -> list[Document]:
    """One zone for each shop: ``<shop>.example``, customers at ``www.<shop>.example``."""
    return [_zone_of(shop) for shop in fleet.shops]


def _zone_of(shop: ShopSpec) -> Document:
    target = "shops.myshopify.com" if shop.platform == "shopify" else ""
    return zone(f"{shop.name}.example", f"www.{shop.name}.example", target=target)


def _setting(name: str, value: str) -> Callable[[Document, Document], None]:
    def apply(found: Document, _params: Document) -> None:
        found["settings"][name] = value

    return apply


def _rule(phase: str, action: str, expression: str, **more: Any) -> Callable[[Document, Document], None]:
    """A rule; the fault's parameters replace its fields."""

    def apply(found: Document, params: Document) -> None:
        rule = {"action": action, "expression": expression, "description": phase, "enabled": True, **more}
        found["phases"].setdefault(phase, []).append({**rule, **params})

    return apply


def _row(table: str, **row: Any) -> Callable[[Document, Document], None]:
    def apply(found: Document, params: Document) -> None:
        found[table].append(deepcopy({**row, **params}))

    return apply


def _record(**changes: Any) -> Callable[[Document, Document], None]:
    def apply(found: Document, params: Document) -> None:
        found["dns_records"][0].update({**changes, **params})

    return apply


def _whole(**changes: Any) -> Callable[[Document, Document], None]:
    def apply(found: Document, params: Document) -> None:
        found.update(deepcopy({**changes, **params}))

    return apply


def _bots(**changes: Any) -> Callable[[Document, Document], None]:
    def apply(found: Document, params: Document) -> None:
        found["bot_management"].update({**changes, **params})

    return apply


def _caa(found: Document, params: Document) -> None:
    issuer = params.get("issuer", "digicert.com")
    found["dns_records"].append(
        {
            "type": "CAA",
            "name": found["name"],
            "content": f'0 issue "{issuer}"',
            "data": {"flags": 0, "tag": "issue", "value": issuer},
        }
    )


FAULTS: dict[str, Callable[[Document, Document], None]] = {
    "paused": _whole(paused=True),
    "address_record": _record(type="A", content="23.227.38.65"),
    "wrong_target": _record(content="old-shop.example.net"),
    "unproxied": _record(proxied=False),
    "no_record": lambda found, _params: found["dns_records"].clear(),
    "caa": _caa,
    "cache_everything": _rule(
        "http_request_cache_settings", "set_cache_settings", "true", action_parameters={"cache": True},
        description="Cache everything",
    ),
    "custom_rule": _rule("http_request_firewall_custom", "block", '(ip.geoip.country ne "FR")'),
    "skip_rule": _rule(
        "http_request_firewall_custom", "skip", '(http.user_agent contains "endcloud")',
        action_parameters={"phases": ["http_request_sbfm"], "products": ["bic", "securityLevel"]},
    ),
    "rate_limit": _rule(
        "http_ratelimit", "block", '(starts_with(http.request.uri.path, "/"))',
        ratelimit={"characteristics": ["ip.src"], "period": 60, "requests_per_period": 100},
    ),
    "redirect_rule": _rule("http_request_dynamic_redirect", "redirect", "true"),
    "argo": _whole(argo="on"),
    "load_balancer": _row("load_balancers", name="", enabled=True, proxied=True),
    "page_rule": _row(
        "pagerules", targets=["*"], actions=[{"id": "security_level", "value": "high"}], status="active"
    ),
    "worker": _row("routes", pattern="*/*", script="shop-helper"),
    "rocket_loader": _setting("rocket_loader", "on"),
    "under_attack": _setting("security_level", "under_attack"),
    "browser_check": _setting("browser_check", "on"),
    "bot_fight_mode": _bots(fight_mode=True),
    "super_bot_fight_mode": _bots(
        sbfm_definitely_automated="block", sbfm_likely_automated="managed_challenge"
    ),
    "access_rule": _row("access_rules", mode="block", target="country", value="NL"),
    "account_access_rule": _row("account_access_rules", mode="block", target="ip", value="198.51.100.7"),
    "user_agent_rule": _row("ua_rules", mode="block", value="Sendcloud/1.0.0", paused=False),
    "lockdown": _row("lockdowns", urls=["*/wp-json/*"], addresses=["192.0.2.77"], paused=False),
}  # fmt: skip
"""What can be switched on in a zone. Parameters replace the fields that are set."""
REFUSALS = (
    "token_expired",
    "token_disabled",
    "rate_limited",
    "budget_low",
    "server_error",
    "permission_missing",
)
"""What can be wrong with the API itself; ``permission_missing`` takes ``names``, parts of addresses."""


def with_faults(base: Document, faults: dict[str, Document]) -> Document:
    """The zone as its faults leave it, and what was written since. A row without a name is about the zone's
    own host."""
    found = deepcopy(base)
    for name, params in faults.items():
        FAULTS[name](found, params)
    for row in found["load_balancers"]:
        row["name"] = row["name"] or found["host"]
    for phase, index, rule in found["written"]:
        rules = found["phases"].setdefault(phase, [])
        rules.insert(len(rules) if index is None else index - 1, rule)
    return found
