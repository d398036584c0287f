"""How much a hub suffers from what is refused."""

from collections.abc import Iterable

from integrations.access.reasoning.grid import Grid
from integrations.access.records import Severity

_RANK = {Severity.FAIL: 0, Severity.WARN: 1, Severity.INFO: 2}


def rank(severity: Severity) -> int:
    """0 is the worst."""
    return _RANK[severity]


def severity_of(grid: Grid, methods: Iterable[str], agents: Iterable[str]) -> Severity:
    """Of these methods being refused to these User-Agents.

    Orders that cannot be read, or tracking numbers that cannot be written: fail. As long as one of the
    hub's spellings passes, or the method is one that no order needs: warn. Only we: worth knowing.
    """
    if grid.hub and not set(agents) & set(grid.hub):
        return Severity.INFO
    return severity_of_methods(grid, [method for method in methods if method in grid.lost])


def severity_of_methods(grid: Grid, lost: Iterable[str]) -> Severity:
    """Of these methods being lost to the hub altogether; of none: some of its requests still fail."""
    needed = {grid.main_method, *grid.examination.write_methods}
    return Severity.FAIL if needed & set(lost) else Severity.WARN
