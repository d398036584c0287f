"""How bad each finding is. Defaults; an operator may choose otherwise by code."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from integrations.contracts import CheckState

RuleBook = Literal["today", "older"]
OK, WARN, FAIL, INFO = CheckState.OK, CheckState.WARN, CheckState.FAIL, CheckState.INFO


class Severity(NamedTuple):
    """By rule book: the support article of Shopify of 2021, and Cloudflare's documentation of today.

    Sources: "Using Cloudflare with Shopify" (2021), and developers.cloudflare.com/cloudflare-for-platforms/
    cloudflare-for-saas/saas-customers (how-it-works, product-compatibility, provider-guides/shopify).
    """

    older: CheckState
    today: CheckState


HOSTED: Mapping[str, Severity] = {
    "zone_active": Severity(FAIL, FAIL),
    "plan": Severity(FAIL, INFO),
    "record_target": Severity(FAIL, FAIL),
    "record_type": Severity(FAIL, FAIL),
    "record_proxied": Severity(FAIL, FAIL),
    "orange_to_orange": Severity(INFO, INFO),
    "caa_records": Severity(WARN, FAIL),
    "caa_dns": Severity(WARN, FAIL),
    "html_caching": Severity(FAIL, WARN),
    "custom_rules": Severity(FAIL, WARN),
    "rate_limiting": Severity(FAIL, WARN),
    "argo": Severity(FAIL, WARN),
    "load_balancing": Severity(FAIL, FAIL),
    "ipv6": Severity(FAIL, INFO),
    "page_rules": Severity(WARN, WARN),
    "workers": Severity(WARN, WARN),
    "other_rules": Severity(INFO, WARN),
    "rocket_loader": Severity(INFO, WARN),
    "websockets": Severity(INFO, INFO),
    "under_attack": Severity(INFO, WARN),
    "browser_check": Severity(INFO, INFO),
    "bot_protection": Severity(INFO, INFO),
    "managed_rules": Severity(INFO, INFO),
    "development_mode": Severity(INFO, INFO),
}
"""The zone in front of a hosted shop (orange-to-orange)."""

VISITED: Mapping[str, CheckState] = {
    "zone_active": FAIL,
    "hub_bot_fight_mode": FAIL,
    "hub_super_bot_fight_mode": FAIL,
    "hub_under_attack": FAIL,
    "hub_browser_check": WARN,
    "hub_lockdown": FAIL,
    "hub_user_agent_rule": FAIL,
    "hub_address_rule": FAIL,
    "hub_place_rule": INFO,
    "hub_custom_rule_certain": FAIL,
    "hub_custom_rule": WARN,
    "hub_rate_limit": WARN,
    "trusts_user_agent": WARN,
}
"""The zone in front of a self-hosted shop: what may stop a hub."""

CODES = frozenset({*HOSTED, *VISITED})
