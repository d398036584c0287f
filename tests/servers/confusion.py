"""The table of what was set up against what was named."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from tests.servers.laboratory import Outcome

PROPERTY = "laboratory"


def as_property(outcome: Outcome) -> tuple[str, str]:
    """A row as a property of a test's report: those reach the table from every worker."""
    return PROPERTY, json.dumps(asdict(outcome))


def rows_of(properties: Iterable[tuple[str, object]]) -> list[Outcome]:
    return [Outcome(**json.loads(str(value))) for name, value in properties if name == PROPERTY]


def markdown(outcomes: Sequence[Outcome]) -> str:
    """Counts first, then a row per scenario, in the order of their names."""
    broken = [row for row in outcomes if row.set_up != "nothing"]
    healthy = [row for row in outcomes if row.set_up == "nothing"]
    loops = [row for row in outcomes if row.closed]
    lines = [
        f"{_right(broken)} of {len(broken)} breakages named rightly; "
        f"{len(healthy) - _right(healthy)} of {len(healthy)} healthy variations called broken; "
        f"{sum(row.closed == 'closed' for row in loops)} of {len(loops)} printed changes let the hub through "
        "and nobody else.",
        "",
        "| cause set up | so often | named so | named otherwise |",
        "| --- | --- | --- | --- |",
        *_by_cause(outcomes),
        "",
        "| scenario | set up | named | loop |",
        "| --- | --- | --- | --- |",
    ]
    for row in sorted(outcomes, key=lambda row: row.scenario):
        named = row.named if row.is_right else f"**{row.named}**"
        lines.append(f"| {row.scenario} | {row.set_up} | {named} | {row.closed} |")
    return "\n".join(lines) + "\n"


def _by_cause(outcomes: Sequence[Outcome]) -> list[str]:
    """A row per cause, of several at once the first."""
    causes: dict[str, list[Outcome]] = {}
    for row in outcomes:
        causes.setdefault(_cause(row.set_up), []).append(row)
    lines = []
    for cause, rows in sorted(causes.items()):
        others = Counter(_cause(row.named) for row in rows if not row.is_right)
        told = ", ".join(f"{name} ({times})" for name, times in others.items())
        lines.append(f"| {cause} | {len(rows)} | {_right(rows)} | {told} |")
    return lines


def _cause(words: str) -> str:
    return words.partition(",")[0]


def _right(outcomes: Sequence[Outcome]) -> int:
    return sum(row.is_right for row in outcomes)
