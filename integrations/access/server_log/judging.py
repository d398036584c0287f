"""A diagnosis in the light of a server's log."""

import re
from collections.abc import Sequence
from dataclasses import replace

from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Subject
from integrations.access.server_log.records import AGENT, Kind, Refusal, Rule, ServerLog

MOST_RULES = 12
_REFUSING = frozenset(
    {
        Cause.USER_AGENT_RULE,
        Cause.METHOD_RULE,
        Cause.PATH_RULE,
        Cause.ADDRESS_RULE,
        Cause.EVERYBODY_REFUSED,
        Cause.CONTENT_RULE,
        Cause.POLITE_BLOCK,
        Cause.DROPPED,
    }
)
_MATCHING = {
    Kind.RULE: _REFUSING | {Cause.RATE_LIMIT, Cause.SERVER_FAULT, Cause.MAINTENANCE, Cause.NOT_UNDERSTOOD},
    Kind.REQUIRE: _REFUSING,
    Kind.DENY: _REFUSING,
    Kind.METHODS: {Cause.METHOD_RULE},
    Kind.SIGN_IN: {Cause.SIGN_IN},
    Kind.RATE: {Cause.RATE_LIMIT, Cause.SERVER_FAULT, Cause.MAINTENANCE},
    Kind.BROKEN: {Cause.SERVER_FAULT, Cause.APPLICATION_FAULT},
}
_LAYERS = frozenset({Layer.SERVER, Layer.FIREWALL, Layer.UNKNOWN, Layer.NETWORK})
_BY_SUBJECT = {
    Subject.USER_AGENT: Cause.USER_AGENT_RULE,
    Subject.METHOD: Cause.METHOD_RULE,
    Subject.PATH: Cause.PATH_RULE,
    Subject.CONTENT: Cause.CONTENT_RULE,
    Subject.EVERYTHING: Cause.EVERYBODY_REFUSED,
    Subject.NOTHING: Cause.EVERYBODY_REFUSED,
}
_VARIABLE_OF = {Cause.METHOD_RULE: "REQUEST_METHOD", Cause.USER_AGENT_RULE: AGENT}
_KNOWN_BY_STATUS = frozenset({Cause.RATE_LIMIT, Cause.MAINTENANCE, Cause.SERVER_FAULT})
_ODD_TYPE = "920420"
"""OWASP's rule about content types, which our own question with an odd one trips."""
_OF_THE_BODY = re.compile(r"(ARGS(_\w+)?|REQUEST_BODY|XML|FILES(_\w+)?)(:.*)?")
ATTACKS = range(930_000, 945_000)
"""OWASP's rules against attacks. Every log holds attacks, also on a shop's interface: such a rule is only
ever named where it refused the hub itself."""
_ABOUT_CONTENT = range(920_000, 945_000)
"""OWASP's rules about how a request is written and what stands in it."""


def in_the_light_of(log: ServerLog, diagnosis: Diagnosis) -> Diagnosis:
    """The same diagnosis, with the product, the rules and the certainty that the server's log gives it.

    ``rule_id`` holds all rules concerned, with spaces between. ``values`` gain ``log`` (a :class:`Kind`),
    ``message``, and ``variables``: what each rule looked at, in the same order, ``-`` where that is not said.
    """
    refusals = _about(log, diagnosis)
    if not refusals:
        return diagnosis
    first = refusals[0]
    by_id = _rules(refusals, diagnosis)[:MOST_RULES]
    said = {
        "log": first.kind.value,
        "message": first.message or next((rule.message for rule in by_id if rule.message), ""),
        "variables": " ".join(rule.variable or "-" for rule in by_id),
    }
    cause, subject = _really(first, diagnosis)
    return replace(
        diagnosis,
        cause=cause,
        subject=subject,
        layer=Layer.FIREWALL if first.kind is Kind.RULE else Layer.SERVER,
        product=first.server,
        confidence=Confidence.CERTAIN,
        rule_id=" ".join(rule.id for rule in by_id),
        values={**diagnosis.values, **{name: value for name, value in said.items() if value}},
    )


def _rules(refusals: Sequence[Refusal], diagnosis: Diagnosis) -> list[Rule]:
    """Each once. Where some go by the very thing that the answers suggest, only those: what else a request
    was refused for may be an attack in the same log."""
    rules = {(rule.id, rule.variable): rule for refusal in refusals for rule in refusal.rules}
    if refusals[0].kind is not Kind.RULE:
        return list(refusals[0].rules)
    variable = _VARIABLE_OF.get(diagnosis.cause)
    return [rule for rule in rules.values() if rule.variable == variable] or list(rules.values())


def _really(refusal: Refusal, diagnosis: Diagnosis) -> tuple[Cause, Subject]:
    """A rule may refuse with a status that says otherwise; and what looked like an address from outside, for
    nobody else sends such a body, may be a rule about the body."""
    if refusal.kind is not Kind.RULE:
        return diagnosis.cause, diagnosis.subject
    if diagnosis.cause is Cause.ADDRESS_RULE and any(map(_is_of_content, refusal.rules)):
        return Cause.CONTENT_RULE, Subject.CONTENT
    if diagnosis.cause in (Cause.MAINTENANCE, Cause.SERVER_FAULT):
        return _BY_SUBJECT.get(diagnosis.subject, diagnosis.cause), diagnosis.subject
    return diagnosis.cause, diagnosis.subject


def _is_of_content(rule: Rule) -> bool:
    return int(rule.id) in _ABOUT_CONTENT or _OF_THE_BODY.fullmatch(rule.variable) is not None


def _about(log: ServerLog, diagnosis: Diagnosis) -> list[Refusal]:
    """The refusals that a diagnosis may be about, newest first; empty: the log does not decide it."""
    about = [refusal for refusal in log.refusals if _is_about(refusal, diagnosis)]
    about = [refusal for refusal in about if not _is_by_the_way(refusal, diagnosis)] or about
    named = [refusal for refusal in about if _names_subject(refusal, diagnosis)]
    if not named and len({(refusal.server, refusal.kind) for refusal in about}) > 1:
        return []
    about = named or about
    return [
        refusal for refusal in about if (refusal.server, refusal.kind) == (about[0].server, about[0].kind)
    ]


def _is_about(refusal: Refusal, diagnosis: Diagnosis) -> bool:
    if diagnosis.layer not in _LAYERS or diagnosis.cause not in _MATCHING[refusal.kind]:
        return False
    if refusal.status and diagnosis.status and refusal.status != diagnosis.status:
        return False
    if refusal.method and diagnosis.methods and refusal.method not in diagnosis.methods:
        return False
    if refusal.path and diagnosis.path and not _is_near(refusal.path, diagnosis.path):
        return False
    if not refusal.is_expected and any(
        rule.id.isdecimal() and int(rule.id) in ATTACKS for rule in refusal.rules
    ):
        return False
    # The scanners in every log are refused by their names, which says nothing of the hub.
    names = [rule for rule in refusal.rules if rule.variable == AGENT]
    if not names or (not diagnosis.agents and diagnosis.cause in _KNOWN_BY_STATUS):
        return True
    by_name = diagnosis.cause is not Cause.METHOD_RULE
    return by_name and all(_hits(rule.pattern, diagnosis.agents) for rule in names)


def _is_by_the_way(refusal: Refusal, diagnosis: Diagnosis) -> bool:
    """Explained better by something else that the examination met or asked."""
    if diagnosis.cause is not Cause.METHOD_RULE and _looks_at(refusal.rules, "REQUEST_METHOD"):
        return True
    return diagnosis.cause is not Cause.CONTENT_RULE and any(rule.id == _ODD_TYPE for rule in refusal.rules)


def _is_near(path: str, interface: str) -> bool:
    """Below the same interface, in whatever folder the shop is: its first two parts are there."""
    start = "/".join(interface.strip("/").split("/")[:2])
    return f"/{start}/" in f"{path}/"


def _hits(pattern: str, agents: Sequence[str]) -> bool:
    if not pattern:
        return bool(agents)
    try:
        expression = re.compile(pattern, re.IGNORECASE)
    except re.error:
        return any(pattern.lower() in agent.lower() for agent in agents)
    return any(expression.search(agent) for agent in agents)


def _names_subject(refusal: Refusal, diagnosis: Diagnosis) -> bool:
    """The log names the very thing that the answers suggest."""
    match diagnosis.cause:
        case Cause.METHOD_RULE:
            return bool(refusal.method) or _looks_at(refusal.rules, _VARIABLE_OF[diagnosis.cause])
        case Cause.USER_AGENT_RULE:
            return _looks_at(refusal.rules, _VARIABLE_OF[diagnosis.cause])
        case Cause.ADDRESS_RULE:
            return refusal.is_expected
        case Cause.DROPPED:
            return refusal.kind is Kind.RULE and refusal.status is None
        case _:
            return False


def _looks_at(rules: Sequence[Rule], variable: str) -> bool:
    return any(rule.variable == variable for rule in rules)
