"""From an SMTP error to a decision, and how long to wait."""

import smtplib
from datetime import timedelta
from random import Random

import pytest

from monitor.alerts.answers import Decision, LostInData, back_off, understand

pytestmark = pytest.mark.unit

GIVE_UP, RETRY, AWAY = Decision.GIVE_UP, Decision.RETRY, Decision.SERVER_AWAY
BOUNCED = Decision.BOUNCED


@pytest.mark.parametrize(
    ("error", "decision", "text"),
    [
        (smtplib.SMTPRecipientsRefused({"a@b": (550, b"5.1.1 unknown")}), BOUNCED, "550 5.1.1 unknown"),
        (smtplib.SMTPRecipientsRefused({"a@b": (450, b"4.2.1 greylisted")}), RETRY, "450 4.2.1 greylisted"),
        (smtplib.SMTPRecipientsRefused({"a@b": (421, b"closing")}), AWAY, "421 closing"),
        (smtplib.SMTPDataError(554, b"5.7.1 spam\r\nsee url"), GIVE_UP, "554 5.7.1 spam see url"),
        (smtplib.SMTPDataError(452, b"disk full"), RETRY, "452 disk full"),
        (smtplib.SMTPSenderRefused(550, b"who are you", "x@y"), AWAY, "550 who are you"),
        (smtplib.SMTPAuthenticationError(535, b"bad password"), AWAY, "535 bad password"),
        (smtplib.SMTPConnectError(554, b"no service here"), AWAY, "554 no service here"),
        (smtplib.SMTPServerDisconnected("gone"), AWAY, "SMTPServerDisconnected: gone"),
        (smtplib.SMTPNotSupportedError("no STARTTLS"), AWAY, "SMTPNotSupportedError: no STARTTLS"),
        (LostInData("gone (after)"), RETRY, "LostInData: gone (after)"),
        (ConnectionRefusedError("refused"), AWAY, "ConnectionRefusedError: refused"),
        (TimeoutError("timed out"), AWAY, "TimeoutError: timed out"),
    ],
)  # fmt: skip
def test_the_answer_decides(error, decision, text):
    answer = understand(error)
    assert (answer.decision, answer.text) == (decision, text)


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        # About the address: it is switched off.
        ("550 5.1.1 <a@b>: Recipient address rejected: User unknown in local recipient table", BOUNCED),
        ("550-5.1.1 The email account that you tried to reach does not exist", BOUNCED),
        ("556 5.1.10 Recipient address has null MX", BOUNCED),
        ("551 5.1.6 User has moved", BOUNCED),
        ("550 5.2.1 The email account that you tried to reach is disabled", BOUNCED),
        ("553 5.1.3 Bad recipient address syntax", BOUNCED),
        ("550 No such user here", BOUNCED),
        ("550 Requested action not taken: mailbox unavailable", BOUNCED),
        # About us or our server, as many say only to the recipient: the operator can correct it.
        ("550 5.1.8 <x@y>: Sender address rejected: Domain not found", AWAY),
        ("554 5.7.1 <a@b>: Relay access denied", RETRY),
        ("550 5.7.1 Unable to relay", RETRY),
        ("550 relay not permitted", RETRY),
        ("550 Blocked - see https://support.example/rbl", RETRY),
        ("530 5.7.0 Authentication required", RETRY),
        # About this moment.
        ("450 4.2.1 greylisted", RETRY),
        ("452 4.2.2 mailbox full", RETRY),
        # For good, and yet not about the address.
        ("552 5.2.2 mailbox full", GIVE_UP),
        ("552 5.3.4 message too big", GIVE_UP),
    ],
)
def test_only_what_is_about_the_address_is_a_bounce(said, decision):
    code, words = said[:3], said[4:]
    error = smtplib.SMTPRecipientsRefused({"a@b": (int(code), words.encode())})
    assert understand(error).decision is decision


@pytest.mark.parametrize(
    ("said", "decision"),
    [
        ("550 5.1.1 no such user", BOUNCED),
        ("554 5.1.0 rejected", GIVE_UP),
        ("550 no thanks", GIVE_UP),
        ("421 4.3.2 shutting down", AWAY),
    ],
)
def test_what_is_said_to_the_content_is_rarely_about_the_address(said, decision):
    assert understand(smtplib.SMTPDataError(int(said[:3]), said[4:].encode())).decision is decision


def test_waiting_doubles_with_jitter_and_never_exceeds_the_limit():
    hour = timedelta(hours=1)
    for attempts in range(1, 40):
        waits = [back_off(attempts, at_most=hour, random=Random(seed)) for seed in range(20)]
        plain = min(hour, timedelta(seconds=10) * 2 ** min(attempts - 1, 20))
        assert all(plain * 0.75 <= wait <= min(hour, plain * 1.25) for wait in waits)
        assert len(set(waits)) > 1
