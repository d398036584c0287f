"""Conditions that rest on checks of a system's settings: webhooks, edge, and rights."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from integrations.contracts import CheckState, ConditionKind
from monitor.health.readings import hub_gets_through
from monitor.health.records import CheckFact, Facts, Finding
from monitor.health.states import State

_WORST_FIRST = (CheckState.FAIL, CheckState.WARN)
SHOWN = 5
"""So many findings are told with a condition; its page lists all."""


def judge_webhooks(facts: Facts) -> Finding:
    """Are the store's announcements switched on, as far as the store tells?"""
    return _by_checks(facts, ConditionKind.WEBHOOKS, "no_webhooks")


def judge_edge(facts: Facts) -> Finding:
    """Does the zone in front of the store disturb it? What would stop the hub while it gets
    through all the same is a warning: settings are read cautiously, and the hub's fetch is proof."""
    if not facts.has_edge:
        return Finding(ConditionKind.EDGE, State.UNKNOWN, "not_connected", facts.now, {"hub": facts.hub_kind})
    finding = _by_checks(facts, ConditionKind.EDGE, "not_checked_yet")
    if finding.state is State.FAIL and hub_gets_through(facts):
        return replace(finding, state=State.WARN, rule="might_stop_hub")
    return finding


def or_check(finding: Finding, facts: Facts) -> Finding:
    """The finding; or, where nothing else is wrong, what a check of the same condition found.

    Checks are made more rarely than readings. That nothing else is wrong was seen by the reading, so the
    answer is as young as that: an older one would leave an alarm standing that is over. And it was seen once
    so far: a warning does not end an alarm before the second reading.
    """
    if finding.state is not State.OK:
        return finding
    by_check = _by_checks(facts, finding.kind, finding.rule)
    if not by_check.state.is_bad:
        return finding
    moments = [moment for moment in (finding.observed_at, by_check.observed_at) if moment is not None]
    is_sure = by_check.state is State.FAIL or finding.conclusive
    return replace(by_check, observed_at=max(moments), conclusive=is_sure)


def _by_checks(facts: Facts, kind: ConditionKind, rule_without: str) -> Finding:
    mine = [check for check in facts.checks if check.kind is kind]
    known = [check for check in mine if check.state in (CheckState.OK, *_WORST_FIRST)]
    evidence: dict[str, Any] = {"hub": facts.hub_kind}
    for state in _WORST_FIRST:
        bad = [check for check in mine if check.state is state]
        if bad:
            observed_at = max(check.checked_at for check in bad)
            return Finding(
                kind,
                State(state.value),
                "check_failed" if state is CheckState.FAIL else "check_warned",
                observed_at,
                evidence | {"checks": [_told(check) for check in _all_bad(mine)[:SHOWN]]},
                min(check.since for check in bad),
                # A setting that was read is no accident of one answer.
                conclusive=True,
            )
    if known:
        return Finding(kind, State.OK, "checks_pass", max(check.checked_at for check in known), evidence)
    unknown = [check for check in mine if check.state is CheckState.UNKNOWN]
    if unknown:
        evidence["checks"] = [_told(check) for check in unknown[:SHOWN]]
        observed_at = max(check.checked_at for check in unknown)
        return Finding(kind, State.UNKNOWN, "checks_unknown", observed_at, evidence)
    return Finding(kind, State.UNKNOWN, rule_without, facts.now, evidence)


def _all_bad(checks: Sequence[CheckFact]) -> list[CheckFact]:
    return [check for state in _WORST_FIRST for check in checks if check.state is state]


def _told(check: CheckFact) -> dict[str, Any]:
    return {
        "code": check.code,
        "state": check.state.value,
        "text": check.text,
        "values": dict(check.values),
        "remedy": check.remedy,
    }
