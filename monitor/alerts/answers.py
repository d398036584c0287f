"""What a refusal means for a notice: pure decisions about answers of mail servers, one row per kind.

RFC 5321 section 4.2.1: 4yz is transient, 5yz is permanent. RFC 3463: what it is about stands in the
enhanced code (5.1.1: the address). Answers to web-hooks are decided in :mod:`monitor.alerts.hooks`.
"""

import re
import smtplib
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Final


class Decision(StrEnum):
    """What to do with the notice."""

    RETRY = "retry"
    """Later, this notice alone."""
    GIVE_UP = "give_up"
    """It will never be taken."""
    BOUNCED = "bounced"
    """Nothing will ever be taken for this recipient."""
    SERVER_AWAY = "server_away"
    """Nothing can be sent now: a lost connection, a server that is down, settings it refuses."""


@dataclass(frozen=True, slots=True)
class Answer:
    decision: Decision
    text: str
    """The server's words, or ours for what happened to the connection; at most 500 characters."""
    retry_after: timedelta | None = None
    """How long the server asked us to wait."""


class LostInData(smtplib.SMTPServerDisconnected):
    """The connection was lost after the mail was handed over and before the server said whether it took
    it. It may be this mail that the server cannot bear, so it must not hold up the others."""


_ADDRESS: Final = frozenset({"5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""RFC 3463 and 7505: no such mailbox, host or syntax; moved; no mail there; switched off."""
_SENDER: Final = frozenset({"5.1.7", "5.1.8"})
"""Our own address is refused. Many servers say so only when they hear the recipient."""
_ENHANCED: Final = re.compile(r"\d{3}[ -](5\.\d{1,3}\.\d{1,3})\b")
_NO_MAILBOX: Final = frozenset({550, 551, 553})
"""RFC 5321 section 4.2.3, of servers that give no enhanced code: they use 550 for their policy too."""
_POLICY: Final = re.compile(
    r"relay|spam|polic|block|black|reputation|authenti|sender|helo|access denied|spf|dkim|dmarc|too many"
    r"|rate|listed|rbl",
    re.IGNORECASE,
)


def understand(error: OSError) -> Answer:
    """Decides by the error of ``smtplib`` (all of them are OSError) or of the socket."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, words = next(iter(error.recipients.values()))
            text = _text(code, words)
            return Answer(_of_recipient(code, text), text)
        case smtplib.SMTPDataError():
            text = _text(error.smtp_code, error.smtp_error)
            return Answer(_of_content(error.smtp_code, text), text)
        case smtplib.SMTPResponseException():
            # The sender, the greeting or the sign-in was refused: it would hit every notice alike,
            # and the operator can correct it, so none is given up.
            return Answer(Decision.SERVER_AWAY, _text(error.smtp_code, error.smtp_error))
        case LostInData():
            return Answer(Decision.RETRY, f"{type(error).__name__}: {error}"[:500])
        case _:
            return Answer(Decision.SERVER_AWAY, f"{type(error).__name__}: {error}"[:500])


def _of_recipient(code: int, text: str) -> Decision:
    """RCPT TO was refused."""
    if code == 421:  # "service not available, closing": about the connection, whatever it answers to
        return Decision.SERVER_AWAY
    if not 500 <= code < 600:
        return Decision.RETRY
    about = _enhanced(text)
    if about in _ADDRESS:
        return Decision.BOUNCED
    if about in _SENDER:
        return Decision.SERVER_AWAY
    if about.startswith("5.7.") or (not about and _POLICY.search(text)):
        # Policy, such as a relay that wants a sign-in: the operator can correct it, and hears of it.
        return Decision.RETRY
    return Decision.BOUNCED if not about and code in _NO_MAILBOX else Decision.GIVE_UP


def _of_content(code: int, text: str) -> Decision:
    """The mail was refused. Some servers look for the mailbox only now."""
    if code == 421:
        return Decision.SERVER_AWAY
    if not 500 <= code < 600:
        return Decision.RETRY
    return Decision.BOUNCED if _enhanced(text) in _ADDRESS - {"5.1.0"} else Decision.GIVE_UP


def _enhanced(text: str) -> str:
    """The enhanced code of a permanent refusal; empty: there is none."""
    found = _ENHANCED.match(text)
    return found.group(1) if found else ""


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
