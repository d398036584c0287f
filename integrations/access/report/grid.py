"""The probe matrix in words: one word and one shape per cell, so that colour is never alone."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as _noop

from integrations.access.records import Cell, Examination
from integrations.contracts import Outcome


class Tone(StrEnum):
    """What a cell means for a hub."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"
    RATE = "rate"
    CLOSED = "closed"
    NONE = "none"
    """It was not asked."""


SHAPES: Mapping[Tone, str] = {
    Tone.OK: "●",
    Tone.WARN: "◐",
    Tone.FAIL: "■",
    Tone.UNKNOWN: "○",
    Tone.RATE: "‖",
    Tone.CLOSED: "–",
    Tone.NONE: " ",
}

_OUTCOMES: Mapping[Outcome, tuple[Tone, str]] = {
    Outcome.PASSED: (Tone.OK, _noop("passes")),
    Outcome.REFUSED: (Tone.OK, _noop("passes")),
    Outcome.BLOCKED: (Tone.FAIL, _noop("refused")),
    Outcome.CHALLENGED: (Tone.FAIL, _noop("challenge")),
    Outcome.REDIRECTED: (Tone.FAIL, _noop("redirected")),
    Outcome.MAINTENANCE: (Tone.CLOSED, _noop("closed")),
    Outcome.RATE_LIMITED: (Tone.RATE, _noop("too many")),
    Outcome.FAULT: (Tone.FAIL, _noop("fails")),
    Outcome.UNEXPECTED: (Tone.UNKNOWN, _noop("odd answer")),
    Outcome.NO_ANSWER: (Tone.FAIL, _noop("no answer")),
}
_ERRORS: Mapping[str, str] = {
    "TimedOut": _noop("too slow"),
    "TlsFailed": _noop("no TLS"),
    "NameNotFound": _noop("no name"),
}


class Face(NamedTuple):
    """How a cell is shown."""

    tone: Tone
    word: str
    """In the reader's language."""


def word_of(outcome: Outcome) -> str:
    """In the reader's language: ``refused``."""
    return _(_OUTCOMES[outcome][1])


def face_of(cell: Cell | None) -> Face:
    """``None``: it was not asked."""
    if cell is None:
        return Face(Tone.NONE, _("not asked"))
    if cell.sign == "options_by_server":
        return Face(Tone.OK, _("harmless"))
    tone, word = _OUTCOMES[cell.outcome]
    return Face(tone, _(_ERRORS.get(cell.error, word)))


class Column(NamedTuple):
    """One User-Agent of the matrix."""

    letter: str
    agent: str
    note: str
    """Whose it is, where that is not clear; else empty."""


def columns(examination: Examination) -> list[Column]:
    """The hub's User-Agents first, ours, which serves as control, last."""
    agents = [*examination.agents, examination.neutral]
    return [
        Column(_letter(number), agent, _("our own, for comparison") if agent == examination.neutral else "")
        for number, agent in enumerate(dict.fromkeys(agents))
    ]


def _letter(number: int) -> str:
    return chr(ord("A") + number) if number < 26 else str(number + 1)


def rows(examination: Examination, shown: Callable[[Cell | None], str]) -> list[tuple[str, list[str]]]:
    """Method by method: what ``shown`` makes of each cell, in the order of :func:`columns`."""
    return [
        (method, [shown(examination.cell(method, column.agent)) for column in columns(examination)])
        for method in examination.methods
    ]
