"""From what became of a request to the error that decides what happens next."""

from datetime import timedelta

from django.utils.translation import gettext as _

from integrations import errors
from integrations.access.classify import Classification
from integrations.answer import Answer
from integrations.contracts import CallRecord, Outcome

_ERRORS: dict[Outcome, type[errors.RemoteError]] = {
    Outcome.BLOCKED: errors.Blocked,
    Outcome.CHALLENGED: errors.Blocked,
    Outcome.MAINTENANCE: errors.InMaintenance,
    Outcome.RATE_LIMITED: errors.RateLimited,
    Outcome.REFUSED: errors.CredentialsRefused,
    Outcome.FAULT: errors.RemoteFault,
    Outcome.NO_ANSWER: errors.NoAnswer,
}


def error_of(found: Classification, answer: Answer, call: CallRecord) -> errors.RemoteError:
    """The error an answer without better explanation stands for."""
    kind = _ERRORS.get(found.outcome, errors.UnexpectedAnswer)
    message = found.detail or _("%(host)s gave an answer that was not agreed (status %(status)d).") % {
        "host": answer.host,
        "status": answer.status,
    }
    wait = answer.retry_after()
    if kind is errors.RateLimited and wait is None:
        wait = timedelta(minutes=1)
    return kind(message, call=call, retry_after=wait, remedy=remedy_for(found, answer))


def remedy_for(found: Classification, answer: Answer) -> str:
    """What a person can do about it, in a sentence; empty when only waiting helps."""
    if found.outcome is Outcome.CHALLENGED:
        return _("Exempt the API path from the challenge, or allow the caller's addresses.")
    if found.outcome is Outcome.BLOCKED:
        if found.by:
            return _("Allow the User-Agent and the addresses of the caller in %(by)s.") % {"by": found.by}
        return _("Ask the host which rule refuses the request, and to allow the caller.")
    if found.outcome is Outcome.REDIRECTED:
        return _("Enter the address the shop redirects to: %(address)s") % {
            "address": answer.headers.get("location", "").partition("?")[0][:200]
        }
    if found.outcome is Outcome.UNEXPECTED:
        return _("Check the address: it must be the one under which the API answers.")
    return ""
