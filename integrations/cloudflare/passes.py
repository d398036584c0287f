"""What lets a hub through a zone's protection: skip rules and allowed addresses."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.cloudflare import reading
from integrations.cloudflare.expressions import Match, NotUnderstood, match_of, names_used
from integrations.cloudflare.fields import Visit, is_inside, merged, networks_of
from integrations.cloudflare.reading import NotRead, Reading
from integrations.cloudflare.records import Rule

_FORGEABLE = frozenset(
    {
        "http.user_agent",
        "http.host",
        "http.request.method",
        "http.request.uri",
        "http.request.uri.path",
        "http.request.uri.query",
        "http.request.full_uri",
    }
)
"""What any client may say of itself."""


@dataclass(frozen=True, slots=True)
class Passes:
    skips: Mapping[str, Match] | NotRead
    """What is skipped (see :func:`phase`, :func:`product`), and whether for the hub: surely, or maybe."""
    allowed: Match | NotRead
    """Whether IP Access rules allow every address of the hub."""

    def by_skipping(self, what: str) -> Match | NotRead:
        return self.skips if isinstance(self.skips, NotRead) else self.skips.get(what, Match.NEVER)


def phase(name: str) -> str:
    return f"phase {name}"


def product(name: str) -> str:
    return f"product {name}"


def of(read: Reading, visit: Visit) -> Passes:
    """What of the zone lets these visits through."""
    ruleset = read.get(reading.CUSTOM)
    if isinstance(ruleset, NotRead):
        return Passes(ruleset, _allowed(read, visit))
    skips: dict[str, Match] = {}
    for rule in ruleset.enabled:
        if rule.action == "skip":
            hit = match_of(rule.expression, visit)
            for what in _skipped(rule):
                skips[what] = max(hit, skips.get(what, Match.NEVER))
    return Passes(skips, _allowed(read, visit))


def _skipped(rule: Rule) -> list[str]:
    return [
        named(str(name))
        for key, named in (("phases", phase), ("products", product))
        if isinstance(names := rule.action_parameters.get(key), list)
        for name in names
    ]


def skips_the_rest(rule: Rule) -> bool:
    """Whether a rule ends the custom rules for those it matches."""
    return rule.action == "skip" and rule.action_parameters.get("ruleset") == "current"


def trusts_only_the_user_agent(rule: Rule) -> bool:
    """Whether anybody passes who sends the right User-Agent."""
    if rule.action != "skip":
        return False
    try:
        used = names_used(rule.expression)
    except NotUnderstood:
        return False
    return "http.user_agent" in used and used <= _FORGEABLE


def _allowed(read: Reading, visit: Visit) -> Match | NotRead:
    parts = (read.get(reading.ACCESS_RULES), read.get(reading.ACCOUNT_ACCESS_RULES))
    rules = [row for rows in parts if not isinstance(rows, NotRead) for row in rows]
    allowing = [row.configuration for row in rules if row.mode == "whitelist"]
    listed = merged(networks_of(row.value for row in allowing))
    if visit.networks and all(is_inside(network, listed) for network in visit.networks):
        return Match.ALWAYS
    missing = next((rows for rows in parts if isinstance(rows, NotRead)), None)
    if missing is not None:
        return missing
    # A country or network (ASN) that is allowed may be the hub's; so may any address when its are unknown.
    by_place = any(row.target in ("country", "asn") for row in allowing)
    return Match.MAYBE if by_place or (allowing and not visit.networks) else Match.NEVER
