"""What passes beside what is refused: the answers that show what a refusal goes by."""

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.access.fixes.records import Guest
from integrations.access.naming import listed, text_of
from integrations.access.records import (
    Cause,
    Cell,
    Diagnosis,
    Examination,
    Layer,
    Question,
    Subject,
)


def compared(diagnosis: Diagnosis, guest: Guest, examination: Examination | None) -> Iterator[str]:
    """Sentences about the other cells and questions; without the examination, what the diagnosis holds."""
    if examination is not None:
        yield from _cells(diagnosis, guest, examination)
        if diagnosis.subject is Subject.PATH and _passed(examination.answers(Question.ELSEWHERE)):
            yield _("A request for another address below the interface passes: it goes by the path.")
        if diagnosis.cause is Cause.HEADER_LOST and _is_lost(examination):
            yield _("Sent a key that nobody has, and the shop answered as if none had been sent.")
    match text_of(diagnosis, "front"):
        case "passed" if diagnosis.subject is not Subject.PATH:
            yield _("The shop's front page is shown: only its interface is closed.")
        case "refused":
            yield _("The shop's front page is refused as well.")
        case _:
            pass
    if diagnosis.layer in (Layer.SERVER, Layer.FIREWALL):
        match text_of(diagnosis, "odd_type"):
            case "passed":
                yield _("A body of a type that nobody uses passes: a firewall's rule set would refuse it.")
            case "refused":
                yield _("A body of a type that nobody uses is refused too: rule sets of firewalls do that.")
            case _:
                pass


def _cells(diagnosis: Diagnosis, guest: Guest, examination: Examination) -> Iterator[str]:
    matrix = examination.answers(Question.MATRIX)
    if diagnosis.subject is Subject.USER_AGENT and set(diagnosis.agents) & set(guest.agents):
        if any(cell.passed and cell.agent == examination.neutral for cell in matrix):
            yield _("The same requests under another name pass, so it goes by the User-Agent.")
    elif diagnosis.subject is Subject.METHOD:
        passing = _methods_that_pass(matrix)
        if passing:
            yield ngettext(
                "%(methods)s passes, whoever asks.", "%(methods)s pass, whoever asks.", len(passing)
            ) % {"methods": listed(passing)}


def _methods_that_pass(matrix: Sequence[Cell]) -> tuple[str, ...]:
    methods = dict.fromkeys(cell.method for cell in matrix)
    return tuple(m for m in methods if all(cell.passed for cell in matrix if cell.method == m))


def _passed(cells: Sequence[Cell]) -> bool:
    return any(cell.passed for cell in cells)


def _is_lost(examination: Examination) -> bool:
    return any(cell.credentials_arrived is False for cell in examination.answers(Question.WRONG_KEY))
