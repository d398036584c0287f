"""What is wrong with a fleet file, and where."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext, gettext_noop
from pydantic import ValidationError
from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]
"""Keys and positions from the top of the document: ``("stores", 2, "url")``."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to correct. ``line`` and ``column`` count from 1; 0: the file as a whole."""

    file: str
    line: int
    column: int
    field: str
    message: str
    """What is wrong and what to do; never holds a secret."""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class BadFleet(Exception):
    """The file cannot be used; nothing was changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: Path) -> str:
    """The path as people write it: ``stores[2].url``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A sentence that proposes the nearest of the words, or lists them when they are few."""
    known = sorted(words)
    nearest = difflib.get_close_matches(word, known, n=1)
    if not nearest:
        folded = {candidate.casefold(): candidate for candidate in known}
        nearest = [folded[word.casefold()]] if word.casefold() in folded else []
    if nearest:
        return gettext('Did you mean "%(word)s"?') % {"word": nearest[0]}
    if 0 < len(known) <= 12:
        return gettext("Known: %(words)s.") % {"words": ", ".join(known)}
    return ""


def sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def from_pydantic(error: ValidationError, fields: Iterable[str]) -> list[tuple[Path, str]]:
    """The errors of a model as paths below it and sentences. Inputs may be secret and are not repeated."""
    known = list(fields)
    return [(_location(details), _sentence(details, known)) for details in error.errors(include_url=False)]


def _location(details: ErrorDetails) -> Path:
    return tuple(part for part in details["loc"] if part != "[key]")


def _sentence(details: ErrorDetails, known: list[str]) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == "extra_forbidden":
        is_own_key = len(details["loc"]) == 1
        hint = did_you_mean(str(details["loc"][0]), known) if is_own_key else ""
        return sentences(gettext("is not a known key."), hint)
    if kind == "value_error":
        return str(context["error"])
    if kind in _SENTENCES:
        return gettext(_SENTENCES[kind]) % context
    return details["msg"]


_SENTENCES: Mapping[str, str] = {
    "missing": gettext_noop("is missing; add it."),
    "string_type": gettext_noop("must be text; put it in quotes."),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), gettext_noop("must be a whole number.")),
    **dict.fromkeys(("bool_type", "bool_parsing"), gettext_noop("must be true or false.")),
    **dict.fromkeys(
        ("list_type", "tuple_type"), gettext_noop("must be a list; start each entry with a dash.")
    ),
    **dict.fromkeys(
        ("dict_type", "model_type", "mapping_type"), gettext_noop("must be a block of keys and values.")
    ),
    "greater_than_equal": gettext_noop("must be at least %(ge)s."),
    "less_than_equal": gettext_noop("must be at most %(le)s."),
    "string_too_long": gettext_noop("is longer than %(max_length)s characters."),
    "string_too_short": gettext_noop("must have at least %(min_length)s characters."),
}
"""pydantic's error types -> what to do."""
