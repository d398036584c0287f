"""The orange-to-orange checklist, second half: features of the zone that may disturb the shop."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_noop as _noop

from integrations.cloudflare import reading
from integrations.cloudflare.expressions import Match, concerns_host
from integrations.cloudflare.findings import Findings, listed
from integrations.cloudflare.patterns import may_match_host
from integrations.cloudflare.reading import NotRead, Part, Reading
from integrations.cloudflare.records import PageRule, Rule, Setting

HARMLESS = frozenset({"log", "skip", "score"})
"""Actions after which a request goes on as it was."""


def check_features(found: Findings, read: Reading) -> None:
    for row in SWITCHES:
        _check_switch(found, read, row)
    _check_caching(found, read)
    _check_rules(found, read, "custom_rules", (reading.CUSTOM,), CUSTOM_TEXTS)
    _check_rules(found, read, "rate_limiting", (reading.RATE_LIMITS,), RATE_TEXTS)
    others = (reading.REDIRECTS, reading.ORIGINS, reading.CONFIGURATIONS, reading.TRANSFORMS)
    _check_rules(found, read, "other_rules", others, OTHER_TEXTS)
    _check_load_balancing(found, read)
    _check_page_rules(found, read)
    _check_workers(found, read)
    _show_protection(found, read)


@dataclass(frozen=True, slots=True)
class Switch:
    """A setting with a value that is met or not."""

    code: str
    part: Part[Setting]
    values: tuple[str, ...]
    on: str
    off: str
    remedy: str = ""
    older: bool = True
    """The older rules speak of it."""


SWITCHES: tuple[Switch, ...] = (
    Switch(
        "orange_to_orange", reading.O2O, ("on",),
        _noop("Orange-to-orange is switched on for the zone."),
        _noop("Orange-to-orange is not switched on for the zone (%(value)s); today that may be right."),
    ),
    Switch(
        "argo", reading.ARGO, ("on",),
        _noop("Argo Smart Routing is on. It does nothing for traffic to Shopify."),
        _noop("Argo Smart Routing is off."),
        _noop("In Cloudflare > Traffic > Argo Smart Routing turn it off, unless other hosts need it."),
    ),
    Switch(
        "ipv6", reading.IPV6, ("on",),
        _noop("IPv6 is on. The older article forbids it; today it is allowed."),
        _noop("IPv6 is off."),
        _noop("In Cloudflare > Network turn IPv6 Compatibility off; only Enterprise zones can."),
    ),
    Switch(
        "rocket_loader", reading.ROCKET_LOADER, ("on",),
        _noop("Rocket Loader is on. It rewrites the shop's scripts and does not go with Shopify."),
        _noop("Rocket Loader is off."),
        _noop("In Cloudflare > Speed > Optimization turn Rocket Loader off."),
        older=False,
    ),
    Switch(
        "websockets", reading.WEBSOCKETS, ("on",),
        _noop("WebSockets are on, as in most zones."),
        _noop("WebSockets are off."),
        older=False,
    ),
    Switch(
        "under_attack", reading.SECURITY_LEVEL, ("under_attack",),
        _noop("Under Attack mode is on: every visitor of the shop is challenged."),
        _noop("Under Attack mode is off (security level: %(value)s)."),
        _noop("In Cloudflare > Security > Settings turn Under Attack mode off once the attack is over."),
        older=False,
    ),
    Switch(
        "browser_check", reading.BROWSER_CHECK, ("on",),
        _noop("Browser Integrity Check is on, as in most zones."),
        _noop("Browser Integrity Check is off."),
        older=False,
    ),
    Switch(
        "development_mode", reading.DEVELOPMENT_MODE, ("on",),
        _noop("Development Mode is on: nothing is cached for three hours."),
        _noop("Development Mode is off."),
        older=False,
    ),
)  # fmt: skip


def _check_switch(found: Findings, read: Reading, row: Switch) -> None:
    setting = read.get(row.part)
    if isinstance(setting, NotRead):
        found.unread(row.code, row.part.what, setting)
        return
    if not isinstance(setting.value, str) or not setting.value:
        found.uncertain(
            row.code, _noop("%(what)s: Cloudflare tells no value that is known."), what=row.part.what
        )
        return
    met = setting.value in row.values
    found.hosted(
        row.code,
        row.on if met else row.off,
        row.remedy,
        older=met and row.older,
        today=met,
        value=setting.value,
    )


@dataclass(frozen=True, slots=True)
class RuleTexts:
    """What is said of rules: there are none, none for the host, or some for it."""

    none: str
    elsewhere: str
    matching: str
    remedy: str


CUSTOM_TEXTS = RuleTexts(
    _noop("The zone has no active WAF custom rule."),
    _noop("WAF custom rules are active (%(rules)s), none of which stops requests to %(host)s."),
    _noop("WAF custom rules may block or challenge visitors of %(host)s: %(rules)s."),
    _noop(
        "In Cloudflare > Security > WAF > Custom rules add to each the hosts it is for (Hostname is in ...), "
        "without %(host)s."
    ),
)
RATE_TEXTS = RuleTexts(
    _noop("The zone has no active rate limiting rule."),
    _noop("Rate limiting rules are active (%(rules)s), none of them for %(host)s."),
    _noop("Rate limiting rules may stop visitors of %(host)s: %(rules)s."),
    _noop(
        "In Cloudflare > Security > WAF > Rate limiting rules add to each the hosts it is for (Hostname is "
        "in ...), without %(host)s."
    ),
)
OTHER_TEXTS = RuleTexts(
    _noop("The zone has no active redirect, origin, configuration or transform rule."),
    _noop("Redirect, origin, configuration or transform rules are active (%(rules)s), none for %(host)s."),
    _noop("Redirect, origin, configuration or transform rules may change requests to %(host)s: %(rules)s."),
    _noop(
        "In Cloudflare > Rules > Overview add to each the hosts it is for (Hostname is in ...), without "
        "%(host)s."
    ),
)

PAGE_RULE_TEXTS = RuleTexts(
    _noop("The zone has no active Page Rule."),
    _noop("Page Rules are active (%(rules)s), none of them for %(host)s."),
    _noop("Page Rules may change requests to %(host)s: %(rules)s."),
    _noop("In Cloudflare > Rules > Page Rules narrow them to other hosts, or turn them off."),
)
WORKER_TEXTS = RuleTexts(
    _noop("No Worker runs in the zone."),
    _noop("Workers run in the zone (%(rules)s), none of them for %(host)s."),
    _noop("Workers may answer for %(host)s: %(rules)s."),
    _noop("In Cloudflare > Workers Routes narrow them, or add a route for %(host)s without a Worker."),
)


def _check_rules(
    found: Findings, read: Reading, code: str, parts: Sequence[Part[Any]], texts: RuleTexts
) -> None:
    active: list[Rule] = []
    missing: tuple[Part[Any], NotRead] | None = None
    for part in parts:
        ruleset = read.get(part)
        if isinstance(ruleset, NotRead):
            missing = missing or (part, ruleset)
        else:
            active += ruleset.enabled
    matching = [
        rule
        for rule in active
        if rule.action not in HARMLESS and concerns_host(rule.expression, read.host) is not Match.NEVER
    ]
    if missing is not None and not matching:
        found.unread(code, missing[0].what, missing[1])
        return
    found.hosted(
        code,
        texts.matching if matching else texts.elsewhere if active else texts.none,
        texts.remedy if matching else _noop("In Cloudflare turn the rules off, or follow today's rules."),
        older=bool(active),
        today=bool(matching),
        host=read.host,
        rules=listed(rule.name for rule in matching or active),
        count=len(active),
    )


def _caches(parameters: Mapping[str, Any]) -> bool:
    edge_ttl = parameters.get("edge_ttl")
    overridden = isinstance(edge_ttl, dict) and edge_ttl.get("mode") == "override_origin"
    return parameters.get("cache") is True or overridden


def _check_caching(found: Findings, read: Reading) -> None:
    """Caching by Cache Rules and by the zone's level; Page Rules that cache are found here, too."""
    rules, page_rules = read.get(reading.CACHE_RULES), read.get(reading.PAGE_RULES)
    level = read.get(reading.CACHE_LEVEL)
    names: list[str] = []
    missing: tuple[str, NotRead] | None = None
    if isinstance(level, NotRead):
        missing = reading.CACHE_LEVEL.what, level
    elif level.value == "cache_everything":
        names.append(reading.CACHE_LEVEL.what)
    if isinstance(page_rules, NotRead):
        missing = reading.PAGE_RULES.what, page_rules
    else:
        names += [
            listed(rule.patterns)
            for rule in _matching(page_rules, read.host)
            if any(_is_caching(action.id, action.value) for action in rule.actions)
        ]
    if isinstance(rules, NotRead):
        missing = reading.CACHE_RULES.what, rules
    else:
        names += [
            rule.name
            for rule in rules.enabled
            if _caches(rule.action_parameters)
            and concerns_host(rule.expression, read.host) is not Match.NEVER
        ]
    if missing and not names:
        found.unread("html_caching", *missing)
        return
    found.hosted(
        "html_caching",
        _noop("Pages of %(host)s may be cached: %(rules)s. Customers may see an old page, or another's.")
        if names
        else _noop("Nothing in the zone caches pages of %(host)s."),
        _noop("In Cloudflare > Caching > Cache Rules and > Rules > Page Rules exempt %(host)s."),
        older=bool(names),
        today=bool(names),
        host=read.host,
        rules=listed(names),
    )


def _is_caching(action: str, value: Any) -> bool:
    return (action == "cache_level" and value == "cache_everything") or action == "edge_cache_ttl"


def _matching(rules: Iterable[PageRule], host: str) -> list[PageRule]:
    return [
        rule
        for rule in rules
        if rule.status in ("active", "") and any(may_match_host(pattern, host) for pattern in rule.patterns)
    ]


def _check_load_balancing(found: Findings, read: Reading) -> None:
    rows = read.get(reading.LOAD_BALANCERS)
    if isinstance(rows, NotRead):
        found.unread("load_balancing", reading.LOAD_BALANCERS.what, rows)
        return
    names = [row.name.rstrip(".").lower() for row in rows if row.enabled]
    hit = read.host in names
    found.hosted(
        "load_balancing",
        _noop("A load balancer answers for %(host)s; that does not go with Shopify.")
        if hit
        else _noop("Load balancers are enabled (%(names)s), none of them for %(host)s.")
        if names
        else _noop("The zone has no enabled load balancer."),
        _noop("In Cloudflare > Traffic > Load Balancing disable it."),
        older=bool(names),
        today=hit,
        host=read.host,
        names=listed(names),
    )


def _check_page_rules(found: Findings, read: Reading) -> None:
    rows = read.get(reading.PAGE_RULES)
    if isinstance(rows, NotRead):
        found.unread("page_rules", reading.PAGE_RULES.what, rows)
        return
    active = [row for row in rows if row.status in ("active", "")]
    matching = _matching(active, read.host)
    _say_patterns(
        found,
        "page_rules",
        read.host,
        PAGE_RULE_TEXTS,
        active=[pattern for row in active for pattern in row.patterns],
        matching=[pattern for row in matching for pattern in row.patterns],
    )


def _check_workers(found: Findings, read: Reading) -> None:
    rows = read.get(reading.ROUTES)
    if isinstance(rows, NotRead):
        found.unread("workers", reading.ROUTES.what, rows)
        return
    routes = [row.pattern for row in rows if row.script]
    matching = [route for route in routes if may_match_host(route, read.host)]
    _say_patterns(found, "workers", read.host, WORKER_TEXTS, active=routes, matching=matching)


def _say_patterns(
    found: Findings, code: str, host: str, texts: RuleTexts, *, active: Sequence[str], matching: Sequence[str]
) -> None:
    found.hosted(
        code,
        texts.matching if matching else texts.elsewhere if active else texts.none,
        texts.remedy,
        older=bool(active),
        today=bool(matching),
        host=host,
        rules=listed(matching or active),
    )


def _show_protection(found: Findings, read: Reading) -> None:
    """Bot protection and managed rules go with orange-to-orange: shown only."""
    bots = read.get(reading.BOTS)
    if isinstance(bots, NotRead):
        found.unread("bot_protection", reading.BOTS.what, bots)
    else:
        said: dict[str, str | bool | None] = bots.model_dump(exclude={"enable_js"})
        on = [f"{name}={value}" for name, value in said.items() if value not in (None, False, "allow")]
        found.note(
            "bot_protection",
            _noop("Bot protection: %(modes)s.") if on else _noop("No bot protection is on."),
            modes=listed(on),
        )
    managed = read.get(reading.MANAGED)
    if isinstance(managed, NotRead):
        found.unread("managed_rules", reading.MANAGED.what, managed)
        return
    found.note(
        "managed_rules",
        _noop("%(count)d managed rule sets or exceptions are active."),
        count=len(managed.enabled),
    )
