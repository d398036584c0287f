"""Judging integrations and storing the answers: one transaction that also opens and closes incidents."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from django.db import connection, transaction

from integrations.contracts import ConditionKind
from integrations.models import Integration
from monitor.alerts.react import react, touch
from monitor.alerts.recoveries import note_recoveries
from monitor.collect import facts as loading
from monitor.collect.claim import bring_forward
from monitor.health import verdict
from monitor.health.hysteresis import settle
from monitor.health.records import Facts, Held, Judgement, VerdictChange
from monitor.health.states import State
from monitor.models import Condition, Heartbeat, Transition, Verdict
from monitor.models.work import JobKind

RECHECK = timedelta(seconds=15)
"""How soon a first bad observation is looked at again."""
SEEN_AGAIN = frozenset(
    {ConditionKind.ACCESS, ConditionKind.CREDENTIALS, ConditionKind.THROTTLE, ConditionKind.IMPORTS}
)
"""Conditions of which reading orders and probing again shows more."""
KEEP_FRESH = timedelta(minutes=10)
"""How often an unchanged condition's observation time and evidence are written all the same."""

_CONDITIONS = """
    UPDATE monitor_condition c SET
        state = r.state, rule = r.rule, evidence = r.evidence, since = r.since, observed_at = r.observed_at,
        candidate_state = r.candidate_state, candidate_since = r.candidate_since,
        candidate_count = r.candidate_count
      FROM jsonb_to_recordset(%s::jsonb) AS r(
        id bigint, state text, rule text, evidence jsonb, since timestamptz, observed_at timestamptz,
        candidate_state text, candidate_since timestamptz, candidate_count smallint)
     WHERE c.id = r.id
"""
_VERDICTS = """
    UPDATE monitor_verdict v SET
        state = r.state, cause = r.cause, rule = r.rule, evidence = r.evidence, since = r.since,
        judged_at = r.judged_at, waiting_count = r.waiting_count, oldest_waiting_at = r.oldest_waiting_at
      FROM jsonb_to_recordset(%s::jsonb) AS r(
        integration_id bigint, state text, cause text, rule text, evidence jsonb, since timestamptz,
        judged_at timestamptz, waiting_count int, oldest_waiting_at timestamptz)
     WHERE v.integration_id = r.integration_id
"""


def judge(integration_ids: Sequence[int], now: datetime) -> list[VerdictChange]:
    """Judges the integrations as things stand at ``now`` and stores what changed.

    Returns the changes of verdicts. Two workers judging the same integration take turns: the
    locked conditions are read, judged against facts loaded after the lock, and written.
    """
    with transaction.atomic():
        held = _lock(integration_ids)
        # Paused or switched off since it was queued: nothing is said about it.
        active = set(
            Integration.objects.filter(
                id__in=held, is_paused=False, account__is_active=True, store__is_active=True
            ).values_list("id", flat=True)
        )
        facts = loading.load(sorted(active), now)
        previous = Verdict.objects.in_bulk(list(facts))
        changes, conditions, transitions, verdicts = [], [], [], []
        for pk, known in facts.items():
            old = judgement_of(previous[pk])
            if known.is_reading_history:
                moved: list[tuple[Held, Held]] = []
                new = verdict.reading_history(old, now)
            else:
                settled, moved = _settle(held[pk], known)
                conditions += settled
                new = verdict.conclude([item for _, item in moved], old, now)
            well_at = verdict.seen_well_at(new, [item for _, item in moved])
            verdicts.append(_verdict_row(pk, new, known, now, well_at))
            for before, after in moved:
                if _is_news(before, after):
                    transitions.append(_transition(pk, after.kind, before, after, now))
            if _is_news(old, new) or old.cause is not new.cause:
                row = _transition(pk, "verdict", old, new, now)
                row.evidence = {**row.evidence, "cause": new.cause or ""}
                transitions.append(row)
                # What waits in a store that cannot be read is at least what was known, maybe more.
                waiting = known.waiting_count or (None if known.store.error else 0)
                changes.append(VerdictChange(pk, old, new, waiting, known.oldest_waiting_at))
        _write(_CONDITIONS, conditions)
        _write(_VERDICTS, verdicts)
        Transition.objects.bulk_create(transitions)
        if changes:
            # First, because what is told of a hub that was let in again says that a refresh would help.
            note_recoveries(changes, now)
            react(changes, now=now)
        touch(list(facts))
        _look_again(facts, {pk: held[pk] for pk in facts}, conditions, now)
        Heartbeat.objects.update_or_create(part="judge", defaults={"at": now})
    return changes


def _lock(integration_ids: Sequence[int]) -> dict[int, list[Condition]]:
    rows = (
        Condition.objects.select_for_update()
        .filter(integration_id__in=integration_ids)
        .order_by("integration_id", "kind")
    )
    held: dict[int, list[Condition]] = {}
    for row in rows:
        held.setdefault(row.integration_id, []).append(row)
    return held


def _settle(rows: list[Condition], facts: Facts) -> tuple[list[dict[str, Any]], list[tuple[Held, Held]]]:
    """The rows to write, and every condition before and after."""
    findings = {finding.kind: finding for finding in verdict.judge(facts)}
    to_write, moved = [], []
    for row in rows:
        before = held_of(row)
        finding = findings.get(before.kind)
        after = settle(before, finding, now=facts.now) if finding else before
        moved.append((before, after))
        if _worth_writing(before, after):
            to_write.append(_condition_row(row.id, after))
    return to_write, moved


def _is_news(before: Held | Judgement, after: Held | Judgement) -> bool:
    """Whether a change belongs into the history. Why something is healthy changes by the minute."""
    return before.state is not after.state or (after.state is not State.OK and before.rule != after.rule)


def _worth_writing(before: Held, after: Held) -> bool:
    """Whether more changed than figures that age by themselves."""
    if before == after:
        return False
    if replace(after, evidence=before.evidence, observed_at=before.observed_at) != before:
        return True
    if after.state.is_bad and after.evidence != before.evidence:
        return True
    if before.observed_at is None or after.observed_at is None:
        return before.observed_at != after.observed_at
    return after.observed_at - before.observed_at > KEEP_FRESH


def _look_again(
    facts: dict[int, Facts], held: dict[int, list[Condition]], written: list[dict[str, Any]], now: datetime
) -> None:
    """Brings reading forward where something is about to change: a first bad observation waits for
    its second, an order is about to pass its tolerance."""
    doubtful = {
        row["id"]
        for row in written
        if row["candidate_count"] and (State(row["state"]).is_bad or State(row["candidate_state"]).is_bad)
    }
    hubs: dict[int, datetime] = {}
    stores: dict[int, datetime] = {}
    keys = dict(_targets(list(facts)))
    for pk, known in facts.items():
        account, store = keys[pk]
        moment = verdict.next_check_at(known)
        if any(row.id in doubtful and row.kind in SEEN_AGAIN for row in held[pk]):
            moment = min(moment or now + RECHECK, now + RECHECK)
            stores[store] = now + RECHECK
        if moment is not None and moment > now:
            hubs[account] = min(moment, hubs.get(account, moment))
    for account, moment in hubs.items():
        bring_forward((JobKind.HUB_ARRIVALS, JobKind.HUB_STATE), account, moment)
    for store, moment in stores.items():
        bring_forward((JobKind.STORE_ORDERS, JobKind.STORE_ACCESS), store, moment)


def _targets(ids: list[int]) -> list[tuple[int, tuple[int, int]]]:
    rows = Integration.objects.filter(id__in=ids).values_list("id", "account_id", "store_id")
    return [(pk, (account, store)) for pk, account, store in rows]


def held_of(row: Condition) -> Held:
    """A stored condition as judging takes it."""
    return Held(
        kind=ConditionKind(row.kind),
        state=State(row.state),
        rule=row.rule,
        since=row.since,
        evidence=row.evidence,
        observed_at=row.observed_at,
        candidate_state=State(row.candidate_state) if row.candidate_state else None,
        candidate_since=row.candidate_since,
        candidate_count=row.candidate_count,
    )


def judgement_of(row: Verdict) -> Judgement:
    """A stored verdict as judging takes it."""
    cause = ConditionKind(row.cause) if row.cause else None
    return Judgement(State(row.state), cause, row.rule, row.since, row.evidence)


def _condition_row(pk: int, held: Held) -> dict[str, Any]:
    return {
        "id": pk,
        "state": held.state,
        "rule": held.rule,
        "evidence": held.evidence,
        "since": held.since,
        "observed_at": held.observed_at,
        "candidate_state": held.candidate_state or "",
        "candidate_since": held.candidate_since,
        "candidate_count": held.candidate_count,
    }


def _verdict_row(
    pk: int, judgement: Judgement, facts: Facts, now: datetime, well_at: datetime | None
) -> dict[str, Any]:
    evidence = judgement.evidence
    if well_at is not None:
        evidence = {**evidence, "seen_well_at": well_at.isoformat()}
    return {
        "integration_id": pk,
        "state": judgement.state,
        "cause": judgement.cause or "",
        "rule": judgement.rule,
        "evidence": evidence,
        "since": judgement.since,
        "judged_at": now,
        "waiting_count": facts.waiting_count,
        "oldest_waiting_at": facts.oldest_waiting_at,
    }


def _transition(
    pk: int, kind: str, before: Held | Judgement, after: Held | Judgement, now: datetime
) -> Transition:
    return Transition(
        integration_id=pk,
        kind=kind,
        at=now,
        old_state=before.state,
        new_state=after.state,
        old_rule=before.rule,
        new_rule=after.rule,
        evidence=after.evidence,
        rules_version=verdict.RULES_VERSION,
    )


def _write(sql: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(sql, [orjson.dumps(rows).decode()])
