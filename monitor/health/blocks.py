"""What an examination of the store's access found that reading alone does not show.

Reading asks by GET only, with our own User-Agent. An examination also asks with the methods by which a hub
writes tracking numbers, and looks at the certificate.
"""

from datetime import datetime
from typing import Any

from integrations.contracts import ConditionKind
from monitor.health.readings import iso
from monitor.health.records import BlockFact, Facts, Finding
from monitor.health.states import State

REFUSALS = frozenset(
    {"method_rule", "content_rule", "dropped", "challenge", "polite_block", "user_agent_rule", "rate_limit"}
)
"""Causes that, where they hit writing alone, keep tracking numbers from the store."""
READING_PASSES = frozenset(
    {"method_blocked", "writes_blocked", "certificate_expires", "some_user_agents_blocked"}
)
"""Rules under which access is not ok and a hub fetches orders all the same."""


def judge_blocks(facts: Facts) -> Finding | None:
    """Writing refused, or a certificate that ends soon; ``None``: neither, or not examined lately.

    These are warnings: nothing is late yet, and once it is, ``tracking`` and the hub's log say so.
    """
    fresh = [block for block in facts.blocks if facts.now - block.observed_at <= facts.examined_stale_after]
    for block in fresh:
        if block.severity == "info":
            continue
        if block.cause in REFUSALS and _hits_writing_alone(block) and _hub_writes(facts, block):
            return _finding(facts, block, "writes_blocked", block.since)
        if block.cause == "certificate_expires":
            return _finding(facts, block, "certificate_expires", None)
    return None


def _hits_writing_alone(block: BlockFact) -> bool:
    return bool(block.write_methods) and "GET" not in block.methods and not block.is_inferred


def _hub_writes(facts: Facts, block: BlockFact) -> bool:
    """Whether the hub would write, and has not shown that it can: a rule may be meant for strangers only."""
    if facts.feedback == "none":
        return False
    reached = facts.tracking.newest_reached_due_at if facts.tracking else None
    return reached is None or reached <= block.since


def _finding(facts: Facts, block: BlockFact, rule: str, since: datetime | None) -> Finding:
    evidence: dict[str, Any] = {
        "hub": facts.hub_kind,
        "method": ", ".join(block.write_methods or block.methods),
        "status": block.status,
        "by": block.product,
        "cause": block.cause,
        "confidence": block.confidence,
        "rule_id": block.rule_id,
        "user_agents": list(block.agents),
        "last_ok_at": iso(facts.store.ok_at),
        **block.values,
    }
    known = {name: value for name, value in evidence.items() if value not in ("", None, [])}
    return Finding(ConditionKind.ACCESS, State.WARN, rule, block.observed_at, known, since)
