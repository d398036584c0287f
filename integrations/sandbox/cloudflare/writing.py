"""What the stand-in lets a token change: custom rules and IP Access rules, as one adds them by hand.

Kept in memory, beside the faults. (developers.cloudflare.com: ruleset-engine/rulesets-api/add-rule,
waf/custom-rules/skip/options, waf/tools/ip-access-rules/parameters)
"""

from ipaddress import ip_address, ip_network
from typing import Any

from integrations.sandbox.clock import Clock
from integrations.sandbox.cloudflare.api import Refusal, ZoneReader, access_rules, success
from integrations.sandbox.cloudflare.zones import Document, ident, with_faults

SKIPPABLE_PHASES = frozenset({"http_ratelimit", "http_request_sbfm", "http_request_firewall_managed"})
SKIPPABLE_PRODUCTS = frozenset({"bic", "hot", "rateLimit", "securityLevel", "uaBlock", "waf", "zoneLockdown"})
WRITABLE_PHASES = frozenset({"http_request_firewall_custom", "http_ratelimit"})
RANGES = {4: frozenset({16, 24}), 6: frozenset({32, 48, 64, 128})}
LONGEST_EXPRESSION = 4096


def write(zone: Document, faults: dict[str, Document], path: str, body: Any, clock: Clock) -> Document:
    """One POST below ``/zones/{id}/``, which changes ``zone``. Raises Refusal."""
    shown = with_faults(zone, faults)
    if not isinstance(body, dict):
        raise Refusal(400, 9207, "Request body is invalid.")
    parts = path.split("/")
    if parts == ["rulesets"]:
        phase = _create(zone, shown, body)
    elif len(parts) == 3 and parts[0] == "rulesets" and parts[2] == "rules":
        phase = _add(zone, shown, parts[1], body)
    elif path == "firewall/access_rules/rules":
        return _allow(zone, body)
    else:
        raise Refusal(405, 10000, f"POST is not allowed at /zones/{zone['id']}/{path}")
    return ZoneReader(with_faults(zone, faults), clock).ruleset(phase)


def _create(zone: Document, shown: Document, body: Document) -> str:
    phase = str(body.get("phase"))
    if body.get("kind") != "zone" or phase not in WRITABLE_PHASES:
        raise Refusal(400, 20022, "not a valid value for kind or phase")
    if phase in shown["phases"]:
        raise Refusal(400, 20217, f"exceeded maximum number of zone rulesets for phase {phase}: 1")
    rules = body.get("rules", [])
    for rule in rules:
        _check(rule)
    for rule in rules:
        _keep(zone, phase, None, rule)
    return phase


def _add(zone: Document, shown: Document, ruleset: str, body: Document) -> str:
    for phase, rules in shown["phases"].items():
        if ident("ruleset", zone["name"], phase) == ruleset:
            position = body.pop("position", None)
            index = _index(position, len(rules)) if position is not None else None
            _check(body)
            _keep(zone, phase, index, body)
            return str(phase)
    raise Refusal(404, 10000, "could not find ruleset")


def _index(position: Any, count: int) -> int:
    index = position.get("index") if isinstance(position, dict) else None
    if not isinstance(index, int) or not 1 <= index <= count + 1:
        raise Refusal(400, 20128, "invalid position: the index starts at 1")
    return index


def _keep(zone: Document, phase: str, index: int | None, rule: Document) -> None:
    number = str(len(zone["written"]))
    zone["written"].append((phase, index, {"id": ident("written", zone["name"], number), **rule}))


def _check(rule: Any) -> None:
    if not isinstance(rule, dict) or not {"action", "expression"} <= rule.keys():
        raise Refusal(400, 20015, "a rule needs an action and an expression")
    expression = rule["expression"]
    if not 0 < len(expression) <= LONGEST_EXPRESSION or not _is_balanced(expression):
        raise Refusal(400, 20127, "not a valid value for expression")
    if rule["action"] == "skip":
        _check_skip(rule.get("action_parameters"))


def _check_skip(parameters: Any) -> None:
    if not isinstance(parameters, dict) or not parameters:
        raise Refusal(400, 20115, "skip needs action_parameters")
    is_known = (
        parameters.keys() <= {"ruleset", "phases", "products"}
        and parameters.get("ruleset", "current") == "current"
        and set(parameters.get("phases", ())) <= SKIPPABLE_PHASES
        and set(parameters.get("products", ())) <= SKIPPABLE_PRODUCTS
    )
    if not is_known:
        raise Refusal(400, 20116, "not a valid value for action_parameters of skip")


def _is_balanced(expression: str) -> bool:
    """Brackets outside texts come in pairs."""
    opened: list[str] = []
    is_text = is_escaped = False
    for sign in expression:
        if is_escaped:
            is_escaped = False
        elif is_text:
            is_text, is_escaped = sign != '"', sign == "\\"
        elif sign == '"':
            is_text = True
        elif sign in "({":
            opened.append({"(": ")", "{": "}"}[sign])
        elif sign in ")}" and (not opened or opened.pop() != sign):
            return False
    return not opened and not is_text


def _allow(zone: Document, body: Document) -> Document:
    configuration = body.get("configuration")
    if not isinstance(configuration, dict):
        raise Refusal(400, 10001, "firewallaccessrules.api.invalid_configuration")
    target, value = str(configuration.get("target")), str(configuration.get("value"))
    if not _is_target(target, value):
        raise Refusal(400, 10001, "firewallaccessrules.api.invalid_configuration")
    if any((row["target"], row["value"]) == (target, value) for row in zone["access_rules"]):
        raise Refusal(400, 10009, "firewallaccessrules.api.duplicate_of_existing")
    zone["access_rules"].append({"mode": str(body.get("mode")), "target": target, "value": value})
    return success(access_rules(zone, zone["access_rules"])[-1])


def _is_target(target: str, value: str) -> bool:
    try:
        match target:
            case "ip" | "ip6":
                return ip_address(value).version == (4 if target == "ip" else 6)
            case "ip_range":
                network = ip_network(value)
                return network.prefixlen in RANGES[network.version]
            case _:
                return target in ("asn", "country")
    except ValueError:
        return False
