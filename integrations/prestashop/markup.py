"""The XML that PrestaShop speaks, read without entities and written whole.

expat is driven directly: it needs no package, and refusing every document type refuses every entity
(PrestaShop sends neither), so nothing can be expanded or fetched.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat
from xml.sax.saxutils import escape

DEEPEST = 50
LARGEST = 2 * 2**20
"""Bytes. What is asked for in XML are single rows and the list of resources: some kilobytes."""
MOST = 20_000
"""Elements. Each takes a hundred times the memory of its tag."""


class MarkupError(ValueError):
    """Not well-formed, too deep, too large, or with a document type."""


@dataclass(slots=True)
class Element:
    """One element: its attributes, its own text, its children in order."""

    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all(self, name: str) -> Iterator["Element"]:
        return (child for child in self.children if child.name == name)

    def first(self, name: str) -> "Element | None":
        return next(self.all(name), None)

    def value(self, name: str) -> str:
        """The text of a child; empty when there is none."""
        found = self.first(name)
        return found.text.strip() if found else ""


class _Builder:
    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._texts: list[list[str]] = [[]]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if len(self._open) > DEEPEST or self._count > MOST:
            raise MarkupError("too deep or too many")
        element = Element(name, attributes)
        self._open[-1].children.append(element)
        self._open.append(element)
        self._texts.append([])

    def end(self, _name: str) -> None:
        self._open.pop().text = "".join(self._texts.pop())

    def text(self, piece: str) -> None:
        self._texts[-1].append(piece)


def _refuse(*_: object) -> NoReturn:
    raise MarkupError("a document type")


def read_xml(body: bytes) -> Element:
    """The root element. Raises MarkupError."""
    if len(body) > LARGEST:
        raise MarkupError("too large")
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(body.lstrip(b"\xef\xbb\xbf \t\r\n"), True)
    except (expat.ExpatError, LookupError, ValueError) as error:
        # LookupError: an encoding that does not exist.
        raise MarkupError(str(error)) from None
    return builder.root.children[0]


def write_xml(name: str, fields: Mapping[str, str]) -> bytes:
    """A resource as the webservice takes it: its fields below ``<prestashop><name>``."""
    parts = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items())
    return f'<?xml version="1.0" encoding="UTF-8"?><prestashop><{name}>{parts}</{name}></prestashop>'.encode()
