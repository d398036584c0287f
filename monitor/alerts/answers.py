"""What an SMTP server's refusal means for a notice: a pure decision, one row per kind of error.

RFC 5321 section 4.2.1: 4yz is transient, 5yz is permanent.
"""

import smtplib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random


class Decision(StrEnum):
    """What to do with the notice."""

    RETRY = "retry"
    """Later, this notice alone."""
    GIVE_UP = "give_up"
    """The server will never take it."""
    SERVER_AWAY = "server_away"
    """Nothing can be sent now: a lost connection, a server that is down, settings it refuses."""


@dataclass(frozen=True, slots=True)
class Answer:
    decision: Decision
    text: str
    """The server's words, or ours for what happened to the connection; at most 500 characters."""


def understand(error: OSError) -> Answer:
    """Decides by the error of ``smtplib`` (all of them are OSError) or of the socket."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, words = next(iter(error.recipients.values()))
            return Answer(_by_code(code), _text(code, words))
        case smtplib.SMTPDataError():
            return Answer(_by_code(error.smtp_code), _text(error.smtp_code, error.smtp_error))
        case smtplib.SMTPResponseException():
            # The sender, the greeting or the sign-in was refused: it would hit every notice alike,
            # and the operator can correct it, so none is given up.
            return Answer(Decision.SERVER_AWAY, _text(error.smtp_code, error.smtp_error))
        case _:
            return Answer(Decision.SERVER_AWAY, f"{type(error).__name__}: {error}"[:500])


def _by_code(code: int) -> Decision:
    if code == 421:  # "service not available, closing": about the connection, whatever it answers to
        return Decision.SERVER_AWAY
    return Decision.GIVE_UP if 500 <= code < 600 else Decision.RETRY


def _text(code: int, words: bytes | str) -> str:
    said = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(said.split())}"[:500]


FIRST_DELAY = timedelta(seconds=10)


def back_off(attempts: int, *, at_most: timedelta, random: Random) -> timedelta:
    """Exponential from 10 s, with up to a quarter of jitter either way, never above ``at_most``.

    ``attempts`` counts those already made, at least one.
    """
    exponential = min(at_most, FIRST_DELAY * (1 << min(attempts - 1, 20)))
    return min(at_most, exponential * random.uniform(0.75, 1.25))
