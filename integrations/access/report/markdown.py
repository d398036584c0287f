"""A report as Markdown, to be pasted into a ticket."""

import re
from collections.abc import Iterator

from django.utils.translation import gettext as _

from integrations.access.fixes.records import Fix
from integrations.access.records import Cell
from integrations.access.report import lines
from integrations.access.report.grid import SHAPES, columns, face_of, rows
from integrations.access.report.paper import without_controls
from integrations.access.report.records import Finding, Report

_SPECIAL = re.compile(r"([\\`*\[\]<|~]|\A[#>+=-]|(?<!\w)_|_(?!\w)|(?<=\A\d)[.)])")
_FENCES = {"nginx": "nginx", "apache": "apache", "modsecurity": "apache", "shell": "sh", "php": "php"}


def written(report: Report) -> str:
    """The whole report, with a line break at its end."""
    parts = [
        *([f"**{_escaped(sentence)}**"] for sentence in _verdict(report)),
        list(_labelled(lines.about_the_shop(report))),
        list(_matrix(report)) if report.was_answered else [_("Nothing was answered.")],
        list(_labelled([*lines.surroundings(report), *lines.timings(report)])),
        *(list(_finding(found, report)) for found in report.findings),
        [_escaped(lines.asked(report))],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _verdict(report: Report) -> list[str]:
    return [lines.told(found) for found in report.suffering] or [lines.headline(report)]


def _labelled(said: Iterator[lines.Line] | list[lines.Line]) -> Iterator[str]:
    yield from (f"- {_escaped(label)}: {_escaped(value)}" for label, value in said)


def _matrix(report: Report) -> Iterator[str]:
    examination = report.examination
    legend = columns(examination)

    def shown(cell: Cell | None) -> str:
        face = face_of(cell)
        status = f" {cell.call.status}" if cell is not None and cell.call.status else ""
        return f"{SHAPES[face.tone]} {face.word}{status}".strip()

    yield _escaped(lines.above_the_matrix(report))
    yield ""
    yield "| | " + " | ".join(column.letter for column in legend) + " |"
    yield "| --- |" + " --- |" * len(legend)
    for method, cells in rows(examination, shown):
        yield f"| {method} | {' | '.join(_escaped(cell) for cell in cells)} |"
    yield ""
    for column in legend:
        note = f" ({_escaped(column.note)})" if column.note else ""
        yield f"- {column.letter}: {_code(column.agent)}{note}"


def _finding(found: Finding, report: Report) -> Iterator[str]:
    explanation = found.explanation
    yield f"### {_escaped(lines.title(found, report))}"
    yield ""
    for sentence in (
        *lines.sentences(explanation.because),
        *lines.shown_answers(found, report.examination),
        *lines.sentences(explanation.consequence),
    ):
        yield f"- {_escaped(sentence)}"
    for fix in found.fixes:
        yield ""
        yield from _fix(fix)


def _fix(fix: Fix) -> Iterator[str]:
    guess = _(" (if this is the cause)") if fix.is_guess else ""
    yield f"#### {_escaped(fix.title + guess)}"
    if fix.where:
        yield from ("", _escaped(fix.where))
    if fix.find:
        yield from ("", _("The command that finds it:"), "", *_fenced(fix.find, "sh"))
    if fix.note:
        yield from ("", _escaped(fix.note))
    if fix.steps:
        yield ""
        yield from (f"{number}. {_escaped(step)}" for number, step in enumerate(fix.steps, 1))
    if fix.text:
        yield from ("", *_fenced(fix.text.rstrip("\n"), _FENCES.get(fix.language, "")))
    if fix.check:
        yield from ("", _("Then test and activate it:"), "", *_fenced(fix.check, "sh"))


def _fenced(text: str, language: str) -> Iterator[str]:
    """In a fence longer than any inside."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    yield from (f"{fence}{language}", without_controls(text), fence)


def _code(text: str) -> str:
    """As code, which shows every letter as it is."""
    return f"`{text}`" if "`" not in text else _escaped(text)


def _escaped(text: str) -> str:
    """What others wrote changes nothing of a ticket's form."""
    return _SPECIAL.sub(r"\\\1", " ".join(without_controls(text).split()))
