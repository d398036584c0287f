"""The texts of the documentation, and what of them a program can check."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")


@dataclass(frozen=True)
class Link:
    page: Path
    target: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}: {self.target}"

    def is_dead(self) -> bool:
        """Whether the file, or the heading in it, is not there."""
        path, _hash, anchor = self.target.partition("#")
        file = (self.page.parent / path).resolve() if path else self.page
        if not file.exists():
            return True
        return bool(anchor) and anchor not in anchors(file.read_text())


def links(page: Path) -> Iterator[Link]:
    """Links and pictures that lead to something of this project."""
    text = _CODE.sub("", _FENCE.sub("", page.read_text()))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield Link(page, target)


def anchors(text: str) -> set[str]:
    """Of every heading, as GitHub makes them."""
    found: dict[str, int] = {}
    names = set()
    for heading in re.findall(r"^#+ +(.+?) *$", _FENCE.sub("", text), re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        names.add(f"{name}-{found[name]}" if name in found else name)
        found[name] = found.get(name, 0) + 1
    return names


def code(page: Path) -> Iterator[str]:
    """What stands in code: each span and each line of a block."""
    text = page.read_text()
    for block in _FENCE.findall(text):
        yield from block.replace("\\\n", " ").splitlines()[1:-1]
    for span in _CODE.findall(_FENCE.sub("", text)):
        yield span.strip("`")
