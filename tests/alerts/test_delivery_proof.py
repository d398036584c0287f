"""What is lost, doubled or late, whatever mail server, worker and clock do: nothing is lost, and a double is
the same mail to whoever receives it. docs/notices.md has the table; ``make bench-delivery`` the large run."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from threading import Thread
from time import monotonic, sleep

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone

from integrations.sandbox.client import Mailbox
from integrations.sandbox.testing import running_mail
from monitor.alerts import leasing, outbox
from monitor.alerts.carriers import Mails
from monitor.alerts.facts import NoticeFacts, Step
from monitor.alerts.leasing import LEASE
from monitor.alerts.notices import notice
from monitor.alerts.outbox import GIVE_UP_AFTER, Delivered, after_clock_change, deliver_due, drain
from monitor.models import Incident, Notice
from tests.alerts.conftest import NOW

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def mailbox(tmp_path, settings) -> Iterator[Mailbox]:
    with running_mail(tmp_path / "mail") as one:
        settings.EMAIL_BACKEND = "monitor.alerts.smtp.Backend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", one.smtp_port
        yield one


def queue(incidents: int, recipients: int, now=NOW) -> list[Notice]:
    """An opening and a recovery of each incident to each recipient, each a mail of its own."""
    facts = NoticeFacts.model_validate(
        {
            "title": "Boutique Lyon → Sendcloud",
            "state": "fail",
            "cause": "imports",
            "rule": "stalled",
            "evidence": {},
            "started_at": now,
            "at": now,
        }
    )
    rows = []
    for number in range(incidents):
        incident = Incident.objects.create(
            scope=f"integration:{number}", cause="imports", rule="stalled", state="fail",
            opened_at=now, started_at=now, closed_at=now,
        )  # fmt: skip
        for step in (Step.OPENED, Step.RECOVERED):
            for n in range(recipients):
                to = f"p{n}@ops.example"
                rows.append(
                    notice(step, incident, facts, recipient=to, language="en", time_zone="UTC", now=now)
                )
    return Notice.objects.bulk_create(rows)


def pending():
    return Notice.objects.filter(sent_at=None, failed_at=None).order_by("due_at")


def deliver_until_quiet(at, *, until: timedelta = timedelta(days=6)):
    """Runs whenever something is due; when the last was sent."""
    end = at + until
    done = deliver_due(at)
    while (first := pending().first()) is not None and first.due_at < end:
        if done == Delivered():
            # What is due waits for an earlier one, which is due later.
            times = [max(filter(None, times)) for times in pending().values_list("due_at", "lease_until")]
            at = min((time for time in times if time > at), default=at + SECOND)
        else:
            at = max(at + SECOND, first.due_at, first.lease_until or first.due_at)
        done = deliver_due(at)
    return at


def books(mailbox: Mailbox, rows: list[Notice]) -> tuple[int, int, int]:
    """Of these notices: lost, doubled (under the same Message-ID), and out of order."""
    received = [mail["message_id"] for mail in reversed(mailbox.mails())]
    times = Counter(received)
    assert times.keys() <= {row.message_id for row in rows}
    lost = sum(row.message_id not in times for row in rows)
    first = {key: number for number, key in reversed(list(enumerate(received)))}
    by_thread: dict[tuple[int, str], list[int]] = {}
    for row in sorted(rows, key=lambda row: row.pk):
        by_thread.setdefault((row.incident_id, row.recipient), []).append(first.get(row.message_id, 0))
    disorder = sum(order != sorted(order) for order in by_thread.values())
    return lost, sum(count - 1 for count in times.values()), disorder


@pytest.mark.parametrize(
    ("behaviour", "lost", "doubled"),
    [
        ({}, 0, 0),
        ({"code": 451, "stage": "mail", "times": 3}, 0, 0),
        ({"code": 550, "stage": "mail", "times": 3}, 0, 0),
        ({"code": 451, "stage": "rcpt", "times": 3}, 0, 0),
        ({"code": 421, "stage": "rcpt", "times": 3}, 0, 0),
        ({"code": 452, "stage": "data", "times": 3}, 0, 0),
        ({"code": 421, "stage": "data", "times": 3}, 0, 0),
        ({"die_after_data": True, "keep": False, "times": 3}, 0, 0),
        ({"die_after_data": True, "keep": True, "times": 3}, 0, 3),
        # What it says is final, and said of the mail: given up with the reason.
        ({"code": 554, "stage": "data", "times": 3}, 3, 0),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
)
def test_what_the_mail_server_does(mailbox: Mailbox, behaviour, lost, doubled):
    rows = queue(3, 2)
    if behaviour:
        mailbox.behave(**behaviour)
    ended = deliver_until_quiet(NOW)
    assert books(mailbox, rows) == (lost, doubled, 0)
    assert Notice.objects.exclude(failed_at=None).exclude(answer="").count() == lost
    assert ended - NOW < 15 * MINUTE


def test_one_recipient_that_is_put_off_delays_nobody_else(mailbox: Mailbox):
    queue(3, 3)
    mailbox.behave(code=450, stage="rcpt", recipient="p1@")
    done = deliver_due(NOW)
    assert done.sent == 12
    mailbox.behave()
    assert deliver_until_quiet(NOW + MINUTE) - NOW < HOUR
    assert len(mailbox.mails()) == 18


@pytest.mark.parametrize(
    "fault", [{"code": 421, "stage": "rcpt"}, {"die_after_data": True, "keep": False}], ids=["rcpt", "data"]
)
def test_a_mail_that_the_server_cannot_bear_delays_nobody_else(mailbox: Mailbox, fault, monkeypatch):
    """A server that hangs up on one certain mail, whenever it is sent."""
    rows = queue(4, 2)
    send = Mails.send

    def poisoned(self, notice, now):
        mailbox.behave(**(fault if notice.pk == rows[0].pk else {}))
        return send(self, notice, now)

    monkeypatch.setattr(Mails, "send", poisoned)
    at = NOW
    while Notice.objects.exclude(incident=rows[0].incident_id).filter(sent_at=None).exists():
        at = max(at + SECOND, pending().first().due_at)
        deliver_due(at)
    assert at - NOW < MINUTE
    monkeypatch.setattr(Mails, "send", send)
    mailbox.behave()
    deliver_until_quiet(at + HOUR)
    assert books(mailbox, rows) == (0, 0, 0)


def test_who_takes_long_to_say_that_it_has_the_mail_gets_it_once(mailbox: Mailbox, settings):
    """Whoever hangs up meanwhile sends the mail again, and again with every further try."""
    settings.EMAIL_TIMEOUT = 0.5
    rows = queue(1, 1)
    mailbox.behave(seconds=1.2)
    deliver_until_quiet(NOW)
    assert books(mailbox, rows) == (0, 0, 0)


def test_nothing_is_lost_in_five_days_without_a_mail_server(mailbox: Mailbox, settings):
    rows = queue(2, 1)
    settings.EMAIL_PORT = 9
    at = NOW
    for _ in range(40):
        deliver_due(at)
        at = pending().first().due_at + SECOND
    settings.EMAIL_PORT = mailbox.smtp_port
    deliver_until_quiet(NOW + GIVE_UP_AFTER - HOUR)
    assert books(mailbox, rows) == (0, 0, 0)


# --- killed workers --------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("point", "doubled"), [("claimed", 0), ("sent", 1)])
def test_a_worker_that_is_killed(mailbox: Mailbox, point, doubled):
    now = timezone.now()
    rows = queue(1, 1, now)
    name = connection.settings_dict["NAME"]
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "monitor.settings",
        "DATABASE_URL": django_settings.DATABASE_URL.replace("/postgres?", f"/{name}?"),
        "SYNCWATCH_SMTP_HOST": "127.0.0.1",
        "SYNCWATCH_SMTP_PORT": str(mailbox.smtp_port),
    }
    command = [sys.executable, "-m", "tests.alerts.dying", point]
    ended = subprocess.run(command, env=environment, timeout=60, check=False, capture_output=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    now = timezone.now()
    assert deliver_due(now).sent == 0
    deliver_until_quiet(now + LEASE + SECOND)
    assert books(mailbox, rows) == (0, doubled, 0)


@pytest.mark.django_db(transaction=True)
def test_a_lease_lasts_for_as_long_as_sending_does(mailbox: Mailbox, monkeypatch):
    rows = queue(1, 1, timezone.now())
    monkeypatch.setattr(leasing, "LEASE", 2 * SECOND)
    monkeypatch.setattr(outbox, "LEASE", 2 * SECOND)
    monkeypatch.setattr(leasing, "RENEW_EVERY_S", 0.1)
    mailbox.behave(seconds=4)

    def send() -> None:
        try:
            deliver_due(timezone.now())
        finally:
            connection.close()

    sender = Thread(target=send)
    sender.start()
    began = monotonic()
    while not Notice.objects.exclude(lease_until=None).exists() and monotonic() - began < 10:
        sleep(0.02)
    while sender.is_alive():
        deliver_due(timezone.now())
        sender.join(0.1)
    assert books(mailbox, rows) == (0, 0, 0)


# --- clocks ------------------------------------------------------------------------------------------


def test_a_clock_that_is_set_back_holds_nothing(mailbox: Mailbox):
    """New ones, one that is being tried again, and one that a dead worker held."""
    rows = queue(3, 1)
    mailbox.behave(code=451, stage="rcpt", times=1)
    deliver_due(NOW)
    outbox.claim(NOW + MINUTE, Mails())
    fresh = queue(1, 1, NOW + MINUTE)
    back = NOW - 3 * HOUR
    assert after_clock_change(back) > 0
    deliver_until_quiet(back, until=MINUTE)
    assert books(mailbox, [*rows, *fresh])[0] == 0


def test_a_clock_that_is_right_changes_nothing(mailbox: Mailbox):
    queue(2, 1)
    mailbox.behave(code=451, stage="rcpt", times=1)
    deliver_due(NOW)
    outbox.claim(NOW + MINUTE, Mails())
    before = list(Notice.objects.values_list("pk", "due_at", "lease_until").order_by("pk"))
    assert after_clock_change(NOW + MINUTE) == 0
    assert list(Notice.objects.values_list("pk", "due_at", "lease_until").order_by("pk")) == before


def test_a_clock_that_jumps_a_day_ahead_loses_and_doubles_nothing(mailbox: Mailbox):
    rows = queue(3, 2)
    mailbox.behave(code=451, stage="rcpt", times=2)
    deliver_due(NOW)
    deliver_until_quiet(NOW + timedelta(days=1))
    assert books(mailbox, rows) == (0, 0, 0)


# --- many ----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_many_go_out_by_several_deliverers_at_once_and_in_order(mailbox: Mailbox):
    rows = queue(5, 10)

    def send() -> None:
        try:
            drain(Mails(), NOW, Delivered())
        finally:
            connection.close()

    threads = [Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert books(mailbox, rows) == (0, 0, 0)
