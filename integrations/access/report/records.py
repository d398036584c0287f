"""What is wanted of a report, and what it holds."""

from dataclasses import dataclass

from integrations.access.explaining import Explanation
from integrations.access.fixes.records import Fix, Guest
from integrations.access.records import Diagnosis, Examination, Layer, Severity
from integrations.access.server_log import ServerLog
from integrations.errors import RemoteError

FREE, BLOCKED, COULD_NOT, WARNED = 0, 1, 2, 3
"""Exit codes of a report: nothing is in the way; something is; it could not be examined; only warnings."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person asked for."""

    text: str
    """The address as it was typed."""
    hub: str
    """Kind of the hub: ``sendcloud``."""
    agents: tuple[str, ...] = ()
    """User-Agents to ask as; empty: the hub's own."""
    addresses: tuple[str, ...] = ()
    """Networks the hub calls from; they go into fixes."""
    platform: str = ""
    """Empty: it is to be recognised."""
    api_root: str = ""
    """Path of the interface below the shop's address; empty: the platform's default, as hubs have it."""
    log: ServerLog | None = None
    timeout_s: float = 10.0
    """For one whole answer."""
    pause_s: float = 0.0
    """Between two requests."""


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop at an address, or what it is taken for."""

    platform: str
    label: str
    """The platform's own name: ``WooCommerce``."""
    url: str
    api_root: str
    title: str = ""
    version: str = ""
    told_by: tuple[str, ...] = ()
    """Sentences: what it was recognised by; empty: it was named, or is assumed."""
    answers_at: str = ""
    """Where else its interface was found to answer; empty: it was not looked for elsewhere."""
    assumed: str = ""
    """A sentence: why it could not be recognised, and what was assumed; empty: nothing was."""
    moved_from: str = ""
    """The address as it was typed, where that leads to another; else empty."""
    doubt: RemoteError | None = None
    """Why it may be no shop: holds where nothing else explains the answers."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One diagnosis, in words, with what to change."""

    diagnosis: Diagnosis
    explanation: Explanation
    fixes: tuple[Fix, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was found out about one address."""

    shop: Shop
    guest: Guest
    examination: Examination
    findings: tuple[Finding, ...]
    """Root cause first; empty: nothing is wrong."""
    took_s: float
    log_is_silent: bool = False
    """The server's log was given and tells of no refusal."""

    @property
    def suffering(self) -> tuple[Finding, ...]:
        """Findings that hinder the hub or soon will, and whatever keeps from telling."""
        return tuple(
            found
            for found in self.findings
            if found.diagnosis.severity is not Severity.INFO or found.diagnosis.layer is Layer.OURSELVES
        )

    @property
    def was_answered(self) -> bool:
        """Whether anything came back at all."""
        return any(cell.call.status is not None for cell in self.examination.cells)

    @property
    def exit_code(self) -> int:
        severities = {found.diagnosis.severity for found in self.findings}
        if any(found.diagnosis.layer is Layer.OURSELVES for found in self.suffering):
            return COULD_NOT
        if Severity.FAIL in severities:
            return BLOCKED
        return WARNED if Severity.WARN in severities else FREE
