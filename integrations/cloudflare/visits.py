"""Does anything in the zone of a self-hosted shop stop a hub that visits its API?

Which way reaches what: developers.cloudflare.com/waf/feature-interoperability, /waf/tools/ip-access-rules,
/waf/custom-rules/skip/options, /bots/get-started/bot-fight-mode. Plain Bot Fight Mode knows one exemption
only: an IP Access rule that allows the address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_noop as _noop

from integrations.cloudflare import passes, reading
from integrations.cloudflare.expressions import Match, match_of
from integrations.cloudflare.fields import Visit, is_inside, networks_of, overlap
from integrations.cloudflare.findings import Findings, listed
from integrations.cloudflare.passes import Passes
from integrations.cloudflare.patterns import may_match_below
from integrations.cloudflare.reading import NotRead, Part, Reading
from integrations.cloudflare.records import AccessRule, Rule, Setting
from integrations.contracts import Visitor

API_PREFIXES = {
    "woocommerce": ("/wp-json/", "/wc-api/"),
    "magento": ("/rest/",),
    "prestashop": ("/api/",),
}
API_PATHS = {
    "woocommerce": (
        "/wp-json/wc/v3/orders",
        "/wp-json/wc/v3/orders/1",
        "/wp-json/wc/v3/products",
        "/wc-api/v3/orders",
    ),
    "magento": ("/rest/V1/orders", "/rest/V1/orders/1", "/rest/V1/order/1/ship", "/rest/all/V1/orders"),
    "prestashop": ("/api/orders", "/api/orders/1", "/api/order_carriers/1"),
}
"""Addresses hubs ask shops of a platform for."""
STOPPING = frozenset({"block", "challenge", "js_challenge", "managed_challenge"})


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of one kind of protection: when it stops the hub, and when it does not."""

    code: str
    what: str
    bad: str
    fine: str
    remedy: str = _noop(
        "In Cloudflare > Security > WAF > Custom rules put a rule first that skips this for %(visitor)s, by "
        "its addresses (an IP list)."
    )


FIGHT_MODE = Row(
    "hub_bot_fight_mode",
    "Bot Fight Mode",
    _noop("Bot Fight Mode is on, and no rule is known that allows the addresses of %(visitor)s."),
    _noop("Bot Fight Mode does not stop %(visitor)s."),
    _noop(
        "In Cloudflare > Security > WAF > Tools > IP Access Rules allow the addresses of %(visitor)s, or "
        "turn Bot Fight Mode off; no other rule exempts from it."
    ),
)
SUPER_FIGHT_MODE = Row(
    "hub_super_bot_fight_mode",
    "Super Bot Fight Mode",
    _noop("Super Bot Fight Mode stops automated clients (%(modes)s); no rule skips it for %(visitor)s."),
    _noop("Super Bot Fight Mode does not stop %(visitor)s."),
)
UNDER_ATTACK = Row(
    "hub_under_attack",
    "Under Attack mode",
    _noop("Under Attack mode is on: %(visitor)s gets a challenge instead of the shop's answer."),
    _noop("Under Attack mode does not stop %(visitor)s."),
)
BROWSER_CHECK = Row(
    "hub_browser_check",
    "Browser Integrity Check",
    _noop("Browser Integrity Check is on, and no rule skips it for %(visitor)s, which is no browser."),
    _noop("Browser Integrity Check does not stop %(visitor)s."),
)
CUSTOM_RULES = Row(
    "hub_custom_rule",
    "WAF custom rules",
    _noop("WAF custom rules may stop %(visitor)s: %(rules)s."),
    _noop("No WAF custom rule stops %(visitor)s."),
)
RATE_LIMITS = Row(
    "hub_rate_limit",
    "Rate limiting rules",
    _noop("Rate limiting rules may stop %(visitor)s when it asks for many orders: %(rules)s."),
    _noop("No rate limiting rule stops %(visitor)s."),
)
USER_AGENTS = Row(
    "hub_user_agent_rule",
    "User Agent Blocking",
    _noop("User Agent Blocking names the User-Agent of %(visitor)s: %(agents)s."),
    _noop("User Agent Blocking does not name %(visitor)s."),
    _noop("In Cloudflare > Security > WAF > Tools > User Agent Blocking delete the rule."),
)
LOCKDOWN = Row(
    "hub_lockdown",
    "Zone Lockdown",
    _noop("Zone Lockdown closes the shop's API (%(urls)s); it is not known to let %(visitor)s in."),
    _noop("Zone Lockdown does not stop %(visitor)s."),
    _noop("In Cloudflare > Security > WAF > Tools > Zone Lockdown add the addresses of %(visitor)s."),
)
ADDRESSES = Row(
    "hub_address_rule",
    "IP Access Rules",
    _noop("IP Access Rules stop addresses of %(visitor)s: %(addresses)s."),
    _noop("No IP Access Rule stops an address of %(visitor)s."),
    _noop("In Cloudflare > Security > WAF > Tools > IP Access Rules delete these rules."),
)


@dataclass(frozen=True)
class Visiting:
    """One hub's visits to one zone, and what is found of them."""

    found: Findings
    read: Reading
    visitor: Visitor
    visit: Visit
    passes: Passes

    def unread(self, row: Row, what: str, cause: NotRead) -> None:
        self.found.unread(row.code, what, cause, subject=self.visitor.name)

    def say(self, row: Row, *, met: bool, bad: str = "", severity_of: str = "", **values: str | int) -> None:
        """The row, met or not; ``bad`` in place of its own sentence."""
        name = self.visitor.name
        text = (bad or row.bad) if met else row.fine
        said = {"visitor": name, **values}
        self.found.visited(
            row.code, text, row.remedy, met=met, subject=name, severity_of=severity_of, values=said
        )

    def say_unless(
        self, row: Row, passed: Match | NotRead, *, met: bool, what: str = "", **values: str
    ) -> None:
        """The row, met unless something lets the hub through; ``what`` tells where that would stand."""
        if met and isinstance(passed, NotRead):
            self.unread(row, what, passed)
        elif met and passed is Match.MAYBE:
            self.found.uncertain(
                row.code,
                _noop("%(what)s may stop %(visitor)s; whether a rule exempts it cannot be told from here."),
                _noop(
                    "Enter the addresses of %(visitor)s in its account here, or compare them in Cloudflare."
                ),
                subject=self.visitor.name,
                what=row.what,
                visitor=self.visitor.name,
            )
        else:
            self.say(row, met=met and passed is Match.NEVER, **values)

    def say_unless_skipped(self, row: Row, skip: str, *, met: bool, **values: str) -> None:
        """The row, met unless a skip rule lets the hub through."""
        self.say_unless(row, self.passes.by_skipping(skip), met=met, what=reading.CUSTOM.what, **values)


def check_visitor(found: Findings, read: Reading, platform: str, visitor: Visitor) -> None:
    """Everything that may stop one hub; without its addresses some of it stays unknown."""
    visit = Visit(
        hosts=(read.host,),
        paths=API_PATHS.get(platform, ()),
        prefixes=API_PREFIXES.get(platform, ()),
        user_agents=tuple(visitor.user_agents),
        networks=networks_of(visitor.addresses),
    )
    visiting = Visiting(found, read, visitor, visit, passes.of(read, visit))
    _check_bots(visiting)
    _check_level(visiting, UNDER_ATTACK, reading.SECURITY_LEVEL, "under_attack", "securityLevel")
    _check_level(visiting, BROWSER_CHECK, reading.BROWSER_CHECK, "on", "bic")
    _check_custom_rules(visiting)
    _check_rate_limits(visiting)
    _check_user_agents(visiting)
    _check_lockdowns(visiting)
    _check_addresses(visiting)


def _check_bots(visiting: Visiting) -> None:
    bots = visiting.read.get(reading.BOTS)
    if isinstance(bots, NotRead):
        visiting.unread(FIGHT_MODE, FIGHT_MODE.what, bots)
        visiting.unread(SUPER_FIGHT_MODE, SUPER_FIGHT_MODE.what, bots)
        return
    allowed = visiting.passes.allowed
    visiting.say_unless(FIGHT_MODE, allowed, met=bots.fight_mode is True, what=ADDRESSES.what)
    kinds = {
        "definitely automated": bots.sbfm_definitely_automated,
        "likely automated": bots.sbfm_likely_automated,
    }
    modes = [f"{kind}: {mode}" for kind, mode in kinds.items() if mode not in (None, "allow")]
    skip = passes.phase("http_request_sbfm")
    visiting.say_unless_skipped(SUPER_FIGHT_MODE, skip, met=bool(modes), modes=listed(modes))


def _check_level(visiting: Visiting, row: Row, part: Part[Setting], value: str, product: str) -> None:
    setting = visiting.read.get(part)
    if isinstance(setting, NotRead):
        visiting.unread(row, row.what, setting)
    else:
        visiting.say_unless_skipped(row, passes.product(product), met=setting.value == value)


def _check_custom_rules(visiting: Visiting) -> None:
    ruleset, allowed = visiting.read.get(reading.CUSTOM), visiting.passes.allowed
    if isinstance(ruleset, NotRead):
        visiting.unread(CUSTOM_RULES, CUSTOM_RULES.what, ruleset)
        return
    hits = _hits(visiting.visit, ruleset.enabled) if allowed is not Match.ALWAYS else []
    certain = [rule.name for rule, hit in hits if hit is Match.ALWAYS and allowed is Match.NEVER]
    if certain:
        visiting.say(
            CUSTOM_RULES,
            met=True,
            bad=_noop("WAF custom rules stop %(visitor)s: %(rules)s."),
            severity_of="hub_custom_rule_certain",
            rules=listed(certain),
        )
    else:
        visiting.say(CUSTOM_RULES, met=bool(hits), rules=listed(rule.name for rule, _hit in hits))


def _hits(visit: Visit, rules: Sequence[Rule]) -> Sequence[tuple[Rule, Match]]:
    """The rules that may stop the hub, up to one that surely lets it skip the rest."""
    found = []
    for rule in rules:
        hit = match_of(rule.expression, visit)
        if passes.skips_the_rest(rule) and hit is Match.ALWAYS:
            break
        if rule.action in STOPPING and hit is not Match.NEVER:
            found.append((rule, hit))
    return found


def _check_rate_limits(visiting: Visiting) -> None:
    ruleset = visiting.read.get(reading.RATE_LIMITS)
    if isinstance(ruleset, NotRead):
        visiting.unread(RATE_LIMITS, RATE_LIMITS.what, ruleset)
        return
    names = [rule.name for rule, _hit in _hits(visiting.visit, ruleset.enabled)]
    met = bool(names) and visiting.passes.allowed is not Match.ALWAYS
    visiting.say_unless_skipped(RATE_LIMITS, passes.phase("http_ratelimit"), met=met, rules=listed(names))


def _check_user_agents(visiting: Visiting) -> None:
    rows = visiting.read.get(reading.USER_AGENT_RULES)
    if isinstance(rows, NotRead):
        visiting.unread(USER_AGENTS, USER_AGENTS.what, rows)
        return
    agents = set(visiting.visitor.user_agents)
    names = [row.configuration.value for row in rows if not row.paused and row.configuration.value in agents]
    skip = passes.product("uaBlock")
    visiting.say_unless_skipped(USER_AGENTS, skip, met=bool(names), agents=listed(names))


def _check_lockdowns(visiting: Visiting) -> None:
    rows = visiting.read.get(reading.LOCKDOWNS)
    if isinstance(rows, NotRead):
        visiting.unread(LOCKDOWN, LOCKDOWN.what, rows)
        return
    beginnings = [visiting.read.host + prefix for prefix in visiting.visit.prefixes or ("/",)]
    networks, closed = visiting.visit.networks, []
    for row in rows:
        allowed = networks_of(configuration.value for configuration in row.configurations)
        lets_in = bool(networks) and all(is_inside(network, allowed) for network in networks)
        if not row.paused and not lets_in and any(may_match_below(url, beginnings) for url in row.urls):
            closed.append(listed(row.urls))
    passed = visiting.passes.by_skipping(passes.product("zoneLockdown"))
    if not networks and passed is Match.NEVER:
        # Those who are let in may be the hub.
        passed = Match.MAYBE
    visiting.say_unless(LOCKDOWN, passed, met=bool(closed), what=reading.CUSTOM.what, urls=listed(closed))


def _check_addresses(visiting: Visiting) -> None:
    """Rules on addresses; those on countries and networks (ASN) are shown, as the hub's are not known."""
    parts = (reading.ACCESS_RULES, reading.ACCOUNT_ACCESS_RULES)
    rules: list[AccessRule] = []
    missing: tuple[str, NotRead] | None = None
    for part in parts:
        rows = visiting.read.get(part)
        if isinstance(rows, NotRead):
            missing = missing or (part.what, rows)
        else:
            rules += rows
    stopping = [row for row in rules if row.mode in STOPPING]
    places = [row for row in stopping if row.configuration.target in ("country", "asn")]
    if places:
        visiting.say(
            Row(
                "hub_place_rule",
                ADDRESSES.what,
                _noop(
                    "IP Access Rules stop countries or networks: %(places)s. Make sure that %(visitor)s does "
                    "not call from there."
                ),
                "",
                "",
            ),
            met=True,
            places=listed(f"{row.configuration.target} {row.configuration.value}" for row in places),
        )
    addresses = [row for row in stopping if row not in places]
    hits = [row for row in addresses if _stops(row, visiting.visit)]
    if hits:
        visiting.say(ADDRESSES, met=True, addresses=listed(row.configuration.value for row in hits))
    elif missing is not None:
        visiting.unread(ADDRESSES, *missing)
    elif addresses and not visiting.visit.networks:
        visiting.found.uncertain(
            ADDRESSES.code,
            _noop("IP Access Rules stop %(count)d addresses; those of %(visitor)s are not known here."),
            _noop("Enter the addresses of %(visitor)s in its account here."),
            subject=visiting.visitor.name,
            visitor=visiting.visitor.name,
            count=len(addresses),
        )
    else:
        visiting.say(ADDRESSES, met=False)


def _stops(row: AccessRule, visit: Visit) -> bool:
    named = networks_of([row.configuration.value])
    return any(overlap(one, other) for one in visit.networks for other in named)
