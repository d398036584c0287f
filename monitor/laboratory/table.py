"""The score as a table for a terminal, or for a page of the documentation."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_KINDS = ("", "episodes", "caught", "missed", "median delay", "p95 delay", "notices")
_RIVALS = ("", "stalls", "caught", "missed", "median delay", "p95 delay", "false per 1,000 days")
_OUTAGES = ("", "integrations", "hours", "concerned", "notices")


def lines(score: Mapping[str, Any]) -> Iterator[str]:
    """Markdown: three tables, and a line of figures before each."""
    days = f"{score['integrations']:,} integrations for {score['days']} days"
    yield f"{days}, seed {score['seed']}: {score['judgements']:,} judgements."
    yield ""
    yield from table(
        _KINDS, [_row(name, row, "notices") for name, row in score["kinds"].items() if _any(row)]
    )
    yield ""
    told = ", ".join(f"{count:,} {step}" for step, count in score["notices"].items()) or "none"
    yield f"Notices: {told}; {score['notices_per_incident']} per incident."
    if score["notices_per_flapping_integration"] is not None:
        yield f"Notices about one integration that flaps: {score['notices_per_flapping_integration']}."
    false, per = score["false_notices"], score["false_per_1000_integration_days"]
    yield f"False notices: {false}, that is {per} per 1,000 integration-days."
    yield f"Notices that named many together for no reason: {score['wrongly_shared']}."
    night = score["night_of_summer_time"]
    shops, on_that_day = night["integrations"], night["false_notices"]
    yield f"Of the false ones, on the day on which {shops:,} shops put their clocks back: {on_that_day}."
    if score["outages"]:
        yield ""
        yield from table(_OUTAGES, [_outage(row) for row in score["outages"]])
    yield ""
    yield "On the same traffic, stalls, hub outages and revoked keys:"
    yield ""
    ours = {**score["stalls"], "false_per_1000_integration_days": per}
    ours["missed"] = ours["episodes"] - ours["caught"]
    rivals = {"Syncwatch": ours, **score["rivals"]}
    yield from table(
        _RIVALS, [_row(name, row, "false_per_1000_integration_days") for name, row in rivals.items()]
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Aligned, so that it reads well before it is rendered as well."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for row in (head, rule, *rows):
        cells = (
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        yield f"| {' | '.join(cells)} |"


def _any(row: Mapping[str, Any]) -> bool:
    return bool(row["episodes"] or row["notices"])


def _row(name: str, row: Mapping[str, Any], last: str) -> list[str]:
    counts = [f"{row[key]:,}" for key in ("episodes", "caught", "missed")]
    return [name, *counts, _seconds(row["median_delay_s"]), _seconds(row["p95_delay_s"]), f"{row[last]:,}"]


def _outage(row: Mapping[str, Any]) -> list[str]:
    figures = [f"{row[key]:,}" for key in ("integrations", "hours", "integrations_in_incidents", "notices")]
    return [row["kind"], *figures]


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f} s" if value < 600 else f"{value / 60:,.0f} min"
