"""The mail sink keeps what it is given, and fails as mail servers do."""

import smtplib
from email.message import EmailMessage

import pytest

from integrations.sandbox.client import Mailbox

pytestmark = pytest.mark.integration


def send(mailbox: Mailbox, subject: str = "[stalled] Boîte à thé: 3 orders wait") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "watch@demo.example", "ops@demo.example", subject
    message["Message-ID"] = "<one@demo.example>"
    message.set_content("Three orders wait.")
    message.add_alternative("<p>Three <script>alert(1)</script> orders wait.</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", mailbox.smtp_port, timeout=5) as server:
        server.send_message(message)


def test_a_mail_is_kept_with_its_envelope_headers_and_both_parts(mailbox: Mailbox):
    send(mailbox)
    (mail,) = mailbox.mails()
    assert (mail["from"], mail["to"]) == ("watch@demo.example", ["ops@demo.example"])
    assert (mail["subject"], mail["message_id"]) == (
        "[stalled] Boîte à thé: 3 orders wait",
        "<one@demo.example>",
    )
    assert mail["text"].strip() == "Three orders wait."
    assert "orders wait" in mail["html"]


def test_the_newest_mail_stands_first_on_the_page(mailbox: Mailbox):
    send(mailbox, "first")
    send(mailbox, "second")
    page = mailbox.http.get(mailbox.url).text
    assert page.index("second") < page.index("first")


def test_the_html_of_a_mail_cannot_run_scripts(mailbox: Mailbox):
    send(mailbox)
    (mail,) = mailbox.mails()
    page = mailbox.http.get(f"{mailbox.url}/mails/{mail['id']}").text
    assert "<iframe sandbox=" in page
    assert "<script>" not in page
    html = mailbox.http.get(f"{mailbox.url}/mails/{mail['id']}/html")
    assert html.headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data"])
@pytest.mark.parametrize("code", [451, 550])
def test_it_can_refuse_for_now_or_for_ever(mailbox: Mailbox, stage: str, code: int):
    mailbox.behave(code=code, stage=stage, times=1)
    with pytest.raises(smtplib.SMTPException) as refused:
        send(mailbox)
    assert str(code) in str(refused.value)
    assert mailbox.mails() == []
    send(mailbox)
    assert len(mailbox.mails()) == 1


@pytest.mark.parametrize("keep", [True, False])
def test_it_can_hang_up_after_the_mail_was_sent(mailbox: Mailbox, keep: bool):
    mailbox.behave(die_after_data=True, keep=keep, times=1)
    with pytest.raises((smtplib.SMTPException, OSError)):
        send(mailbox)
    assert len(mailbox.mails()) == int(keep)


def test_the_box_can_be_emptied(mailbox: Mailbox):
    send(mailbox)
    mailbox.clear()
    assert mailbox.mails() == []
