"""Which fixes a diagnosis calls for, best first."""

from collections.abc import Callable
from dataclasses import replace

from integrations.access.fixes.records import Fix, Guest
from integrations.access.fixes.ticket import ticket
from integrations.access.records import Cause, Confidence, Diagnosis, Examination, Severity

Advisor = Callable[[Diagnosis, Guest], list[Fix]]

_NOTHING_TO_CHANGE = frozenset({Cause.OWN_NETWORK, Cause.UNSTEADY})
_NOT_THE_HOST = frozenset({Cause.MAINTENANCE, Cause.API_OFF, Cause.REDIRECT})
"""What whoever runs the shop does without its host."""


def fixes_for(diagnosis: Diagnosis, guest: Guest, examination: Examination | None = None) -> list[Fix]:
    """What lets the hub through, best first; the text of a ticket to the host comes last.

    Where it is not sure who refuses, the fixes of everybody who may be it, marked as guesses. Empty:
    there is nothing to change. ``examination`` gives the ticket time and request.
    """
    is_only_worth_knowing = diagnosis.severity is Severity.INFO and diagnosis.cause is not Cause.REDIRECT
    if is_only_worth_knowing or diagnosis.cause in _NOTHING_TO_CHANGE:
        return []
    advisors = _advisors(diagnosis, guest)
    is_guess = diagnosis.confidence is Confidence.POSSIBLE or len(advisors) > 1
    found = [
        replace(fix, is_guess=True) if is_guess else fix
        for advisor in advisors
        for fix in advisor(diagnosis, guest)
    ]
    if diagnosis.cause not in _NOT_THE_HOST:
        found.append(ticket(diagnosis, guest, examination))
    return found


def _advisors(_diagnosis: Diagnosis, _guest: Guest) -> list[Advisor]:
    return []
