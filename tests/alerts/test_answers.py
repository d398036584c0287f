"""From an SMTP error to a decision, and how long to wait."""

import smtplib
from datetime import timedelta
from random import Random

import pytest

from monitor.alerts.answers import Decision, back_off, understand

pytestmark = pytest.mark.unit

GIVE_UP, RETRY, AWAY = Decision.GIVE_UP, Decision.RETRY, Decision.SERVER_AWAY


@pytest.mark.parametrize(
    ("error", "decision", "text"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b": (550, b"5.1.1 unknown")}), GIVE_UP, "550 5.1.1 unknown"),
        (smtplib.SMTPRecipientsRefused({"a@b": (450, b"4.2.1 greylisted")}), RETRY, "450 4.2.1 greylisted"),
        (smtplib.SMTPRecipientsRefused({"a@b": (421, b"closing")}), AWAY, "421 closing"),
        (smtplib.SMTPDataError(554, b"5.7.1 spam\r\nsee url"), GIVE_UP, "554 5.7.1 spam see url"),
        (smtplib.SMTPDataError(452, b"disk full"), RETRY, "452 disk full"),
        (smtplib.SMTPSenderRefused(550, b"who are you", "x@y"), AWAY, "550 who are you"),
        (smtplib.SMTPAuthenticationError(535, b"bad password"), AWAY, "535 bad password"),
        (smtplib.SMTPConnectError(554, b"no service here"), AWAY, "554 no service here"),
        (smtplib.SMTPServerDisconnected("gone"), AWAY, "SMTPServerDisconnected: gone"),
        (smtplib.SMTPNotSupportedError("no STARTTLS"), AWAY, "SMTPNotSupportedError: no STARTTLS"),
        (ConnectionRefusedError("refused"), AWAY, "ConnectionRefusedError: refused"),
        (TimeoutError("timed out"), AWAY, "TimeoutError: timed out"),
    ],
)  # fmt: skip
def test_the_answer_decides(error, decision, text):
    answer = understand(error)
    assert (answer.decision, answer.text) == (decision, text)


def test_waiting_doubles_with_jitter_and_never_exceeds_the_limit():
    hour = timedelta(hours=1)
    for attempts in range(1, 40):
        waits = [back_off(attempts, at_most=hour, random=Random(seed)) for seed in range(20)]
        plain = min(hour, timedelta(seconds=10) * 2 ** min(attempts - 1, 20))
        assert all(plain * 0.75 <= wait <= min(hour, plain * 1.25) for wait in waits)
        assert len(set(waits)) > 1
