"""A healthy integration at noon, and short ways to say what is different about it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.contracts import CallRecord, HubFailure, Outcome
from monitor.health.records import Facts, Reading

NOON = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
HUB_AGENT = "Sendcloud/1.0.0"
OTHER_HUB_AGENT = "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)"
NEUTRAL = "Syncwatch/0.1.0"


def ago(minutes: float) -> datetime:
    return NOON - timedelta(minutes=minutes)


def read(minutes: float = 1, *, caught_up: bool = True) -> Reading:
    return Reading(ok_at=ago(minutes), tried_at=ago(minutes), caught_up=caught_up)


def failing(error: str, *, last_ok: float | None = 30, tried: float = 1, failures: int = 5) -> Reading:
    ok_at = None if last_ok is None else ago(last_ok)
    return Reading(ok_at, ago(tried), error, f"{error} happened.", failures, caught_up=last_ok is not None)


NEVER = Reading(ok_at=None, tried_at=None)


def probe(agent: str, outcome: Outcome, minutes: float = 2, **more: Any) -> CallRecord:
    return CallRecord(ago(minutes), "GET", "https://shop.example/wp-json/", agent, 403, outcome, **more)


def probes(
    hub: Outcome, neutral: Outcome, other: Outcome | None = None, minutes: float = 2
) -> tuple[CallRecord, ...]:
    return (
        probe(HUB_AGENT, hub, minutes, by="nginx"),
        probe(OTHER_HUB_AGENT, other or hub, minutes, by="nginx"),
        probe(NEUTRAL, neutral, minutes),
    )


def log(outcome: Outcome, minutes: Iterable[float], method: str = "GET") -> tuple[HubFailure, ...]:
    """The hub's failed calls, newest first."""
    return tuple(
        HubFailure(str(age), "7", "https://shop.example", ago(age), method, "/", 403, "", outcome, "nginx")
        for age in sorted(minutes)
    )


HEALTHY = Facts(
    now=NOON,
    platform="woocommerce",
    hub_kind="sendcloud",
    hub_system="woocommerce_v2",
    store=read(),
    hub=read(),
    hub_state=read(),
    waiting_count=0,
    late_count=0,
    oldest_waiting_at=None,
    newest_eligible_at=ago(20),
    newest_arrived_at=ago(10),
    newest_arrived_eligible_at=ago(20),
    tolerance=timedelta(minutes=60),
    tolerance_source="learned",
    silence=None,
    is_listed=True,
    failing_since=None,
    last_fetched_at=ago(10),
    rhythm=timedelta(minutes=15),
    rhythm_source="learned",
    probes=probes(Outcome.PASSED, Outcome.PASSED),
)


def facts(**changes: Any) -> Facts:
    return replace(HEALTHY, **changes)


def waiting(oldest: float, count: int = 5, newest: float | None = None, **changes: Any) -> Facts:
    """Nothing has arrived since the oldest waiting order was placed."""
    late = count if oldest > 60 else 0
    figures = {
        "waiting_count": count,
        "late_count": late,
        "oldest_waiting_at": ago(oldest),
        "tail_count": count,
        "tail_oldest_at": ago(oldest),
        "newest_eligible_at": ago(newest if newest is not None else min(oldest, 3)),
        "newest_arrived_at": ago(oldest + 5),
        "newest_arrived_eligible_at": ago(oldest + 10),
    }
    return facts(**{**figures, **changes})
