"""A report for a terminal: the verdict first, then what it stands on, then what to change."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _

from integrations.access.fixes.records import Fix
from integrations.access.records import Cell, Layer, Severity
from integrations.access.report import lines
from integrations.access.report.grid import Tone, columns, face_of, rows
from integrations.access.report.paper import Paper, visible, without_controls
from integrations.access.report.records import Finding, Report

_TONES = {Severity.FAIL: Tone.FAIL, Severity.WARN: Tone.WARN, Severity.INFO: Tone.OK}
INDENT = "  "


def written(report: Report, paper: Paper) -> str:
    """The whole report, with a line break at its end."""
    parts = [
        _verdict(report, paper),
        list(paper.labelled(list(lines.about_the_shop(report)))),
        _matrix(report, paper) if report.was_answered else [_("Nothing was answered.")],
        list(paper.labelled([*lines.surroundings(report), *lines.timings(report)])),
        *(_finding(found, report, paper) for found in report.findings),
        list(paper.wrapped(lines.asked(report))),
    ]
    text = "\n\n".join("\n".join(part) for part in parts if part)
    return f"{paper.finished(text)}\n"


def _verdict(report: Report, paper: Paper) -> list[str]:
    """A line for each thing that is wrong, root cause first."""
    if not report.suffering:
        return _heading(lines.headline(report), Tone.OK, paper)
    return [line for found in report.suffering for line in _heading(lines.told(found), _tone(found), paper)]


def _heading(text: str, tone: Tone, paper: Paper) -> list[str]:
    wrapped = paper.wrapped(text, first=f"{paper.shape(tone)} ")
    return [paper.strong(paper.painted(tone, line)) for line in wrapped]


def _tone(found: Finding) -> Tone:
    is_ours = found.diagnosis.layer is Layer.OURSELVES
    return Tone.UNKNOWN if is_ours else _TONES[found.diagnosis.severity]


def _matrix(report: Report, paper: Paper) -> list[str]:
    examination = report.examination
    legend = columns(examination)

    def shown(cell: Cell | None) -> str:
        face = face_of(cell)
        status = cell.call.status if cell is not None and face.tone is not Tone.OK else None
        text = " ".join(filter(None, (paper.shape(face.tone), face.word, str(status or ""))))
        return paper.painted(face.tone, text)

    body = rows(examination, shown)
    first = max(len(method) for method, _cells in body) + 3
    width = max([*(visible(cell) for _method, cells in body for cell in cells), 12]) + 2
    at_once = max(1, (paper.width - first - len(INDENT)) // width)
    text = [*paper.wrapped(lines.above_the_matrix(report)), ""]
    for start in range(0, len(legend), at_once):
        part = slice(start, start + at_once)
        heads = [paper.strong(column.letter) for column in legend[part]]
        text += [_row("", heads, first, width)]
        text += [_row(method, cells[part], first, width) for method, cells in body]
        text += [""]
    for column in legend:
        note = f"{column.agent} ({column.note})" if column.note else column.agent
        text += paper.wrapped(note, first=f"{INDENT}{column.letter}  ")
    return text


def _row(method: str, cells: Sequence[str], first: int, width: int) -> str:
    padded = "".join(cell + " " * (width - visible(cell)) for cell in cells)
    return f"{INDENT}{method.ljust(first)}{padded}".rstrip()


def _finding(found: Finding, report: Report, paper: Paper) -> list[str]:
    explanation = found.explanation
    text = _heading(lines.title(found, report), _tone(found), paper)
    because = [*lines.sentences(explanation.because), *lines.shown_answers(found, report.examination)]
    for sentence in because:
        text += paper.wrapped(sentence, first=INDENT)
    for sentence in lines.sentences(explanation.consequence):
        text += paper.wrapped(sentence, first=INDENT)
    for number, fix in enumerate(found.fixes, 1):
        text += ["", *_fix(fix, number, len(found.fixes), paper)]
    return text


def _fix(fix: Fix, number: int, count: int, paper: Paper) -> Iterator[str]:
    heading = _("To change") if count == 1 else _("To change, way %(n)d of %(count)d")
    heading = heading % {"n": number, "count": count} if count > 1 else heading
    guess = _(" (if this is the cause)") if fix.is_guess else ""
    for line in paper.wrapped(f"{heading}: {fix.title}{guess}", first=INDENT):
        yield paper.strong(line)
    if fix.where:
        yield from paper.wrapped(fix.where, first=INDENT)
    if fix.find:
        yield from _command(_("The command that finds it:"), fix.find)
    if fix.note:
        yield from paper.wrapped(fix.note, first=INDENT)
    for step, sentence in enumerate(fix.steps, 1):
        yield from paper.wrapped(sentence, first=f"{INDENT}{step}. ")
    if fix.text:
        # Neither indented nor wrapped, so that it can be copied as it is.
        yield paper.rule()
        yield without_controls(fix.text.rstrip("\n"))
        yield paper.rule()
    if fix.check:
        yield from _command(_("Then test and activate it:"), fix.check)


def _command(label: str, command: str) -> Iterator[str]:
    yield f"{INDENT}{label}"
    yield from (f"{INDENT}{INDENT}{line}" for line in without_controls(command).splitlines())
