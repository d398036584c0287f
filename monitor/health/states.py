"""The answers a condition can have."""

from enum import StrEnum


class State(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"

    @property
    def is_bad(self) -> bool:
        """Whether a person should look. Unknown is neither bad nor good."""
        return self in (State.WARN, State.FAIL)
