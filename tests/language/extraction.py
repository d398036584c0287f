"""Finds every string of the source that people read, without a tool outside Python."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent.parent
SPOKEN = ("monitor", "integrations", "templates")
NOT_SPOKEN = ("integrations/sandbox/",)
"""Stands in for remotes in demo and tests; remotes speak English."""

_PLAIN = {"_", "_noop", "gettext", "gettext_lazy", "gettext_noop"}
_PLURAL = {"ngettext", "ngettext_lazy"}
_CONTEXT = {"pgettext", "pgettext_lazy"}
_STRING = r"""u?'(?:\\.|[^'\\])*'|u?"(?:\\.|[^"\\])*\""""
_TEMPLATE_CALL = re.compile(rf"\b(_|[np]?gettext)\((?:{_STRING}|[^'\"()])*\)")


@dataclass(frozen=True, slots=True)
class Spoken:
    """One string as the source gives it to gettext."""

    singular: str
    plural: str | None
    context: str | None
    place: str


def spoken() -> Iterator[Spoken]:
    """All strings of the project, file by file."""
    for folder in SPOKEN:
        for path in sorted((ROOT / folder).rglob("*")):
            place = path.relative_to(ROOT).as_posix()
            if place.startswith(NOT_SPOKEN):
                continue
            if path.suffix == ".py":
                yield from _calls(ast.parse(path.read_text(), place), place)
            elif path.suffix in (".html", ".txt"):
                yield from _of_template(path.read_text(), place)


def _of_template(text: str, place: str) -> Iterator[Spoken]:
    for call in _TEMPLATE_CALL.finditer(templatize(text, origin=place)):
        yield from _calls(ast.parse(call[0]), place)


def _calls(tree: ast.AST, place: str) -> Iterator[Spoken]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
            found = _string(node.func.id, node.args, place)
            if found:
                yield found


def _string(name: str, arguments: list[ast.expr], place: str) -> Spoken | None:
    if name not in _PLAIN | _PLURAL | _CONTEXT:
        return None
    texts = [node.value if isinstance(node, ast.Constant) else None for node in arguments]
    if any(isinstance(node, ast.JoinedStr) for node in arguments):
        raise ValueError(f"{place}:{arguments[0].lineno}: gettext cannot look up an f-string")
    if not isinstance(texts[0], str):
        return None  # a variable: the string itself stands elsewhere, marked with gettext_noop
    if name in _PLAIN:
        return Spoken(texts[0], None, None, place)
    if name in _PLURAL:
        return Spoken(texts[0], str(texts[1]), None, place)
    return Spoken(str(texts[1]), None, texts[0], place)
