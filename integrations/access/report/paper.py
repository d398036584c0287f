"""What a terminal can show: its width, its colours, its letters."""

import re
import textwrap
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from integrations.access.report.grid import SHAPES, Tone

NARROWEST, WIDEST = 60, 110
_COLOURS = {
    Tone.OK: "32",
    Tone.WARN: "33",
    Tone.FAIL: "1;31",
    Tone.UNKNOWN: "2",
    Tone.RATE: "35",
    Tone.CLOSED: "36",
    Tone.NONE: "2",
}
_PLAIN_SHAPES = {
    Tone.OK: "+",
    Tone.WARN: "~",
    Tone.FAIL: "#",
    Tone.UNKNOWN: "?",
    Tone.RATE: "=",
    Tone.CLOSED: "-",
    Tone.NONE: " ",
}
_PLAIN_SIGNS = str.maketrans(
    {"“": '"', "”": '"', "«": '"', "»": '"', "’": "'", "…": "...", "–": "-", "—": "-", "→": "->"}
)
_CONTROLS = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069]")
_COLOUR = re.compile(r"\x1b\[[\d;]*m")


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a report is written."""

    width: int = 80
    has_colour: bool = False
    encoding: str = "utf-8"

    @property
    def has_shapes(self) -> bool:
        try:
            "".join(SHAPES.values()).encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True

    def shape(self, tone: Tone) -> str:
        return (SHAPES if self.has_shapes else _PLAIN_SHAPES)[tone]

    def painted(self, tone: Tone, text: str) -> str:
        return f"\x1b[{_COLOURS[tone]}m{text}\x1b[0m" if self.has_colour else text

    def strong(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self.has_colour else text

    def faint(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self.has_colour else text

    def rule(self) -> str:
        return self.faint(("─" if self.has_shapes else "-") * self.width)

    def wrapped(self, text: str, *, first: str = "", rest: str | None = None) -> Iterator[str]:
        """Lines that fit the width; addresses and User-Agents are never broken."""
        rest = " " * len(first) if rest is None else rest
        yield from textwrap.wrap(
            without_controls(text),
            self.width,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [first.rstrip()]

    def labelled(self, lines: Sequence[tuple[str, str]], *, width: int = 0) -> Iterator[str]:
        """A column of labels and one of values."""
        width = max([width, *(len(label) for label, _value in lines)]) + 2
        for label, value in lines:
            first, *others = self.wrapped(value, first=" " * width)
            yield self.faint(label.ljust(width)) + first[width:]
            yield from others

    def finished(self, text: str) -> str:
        """``text`` as far as the terminal has the letters for it."""
        try:
            text.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            simple = unicodedata.normalize("NFKD", text.translate(_PLAIN_SIGNS))
            return simple.encode("ascii", "ignore").decode()
        return text


def without_controls(text: str) -> str:
    """``text`` without anything that steers a terminal or turns the order of letters around."""
    return _CONTROLS.sub("", text)


def visible(text: str) -> int:
    """How many columns a text takes."""
    return len(_COLOUR.sub("", text))
