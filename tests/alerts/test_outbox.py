"""Delivery over real SMTP: every notice once, in order, whatever the server does."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.db.models import F, Q

from monitor.alerts import notices, outbox
from monitor.alerts.carriers import Mails
from monitor.alerts.outbox import SERVER_RETRY_AT_MOST, deliver_due
from monitor.alerts.react import react
from monitor.models import Notice
from tests.alerts.conftest import FINE, LATE, NOW, STALLED, Postbox, Server, change, subscribe

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

SOON = NOW + timedelta(seconds=1)
LATER = NOW + timedelta(minutes=20)


@pytest.fixture
def stalled(integration):
    """An incident about which ops is to be told."""
    subscribe()
    react([change(integration, STALLED, waiting=31)], now=NOW)
    return integration


def test_a_notice_is_sent_once(stalled, postbox: Postbox):
    for _ in range(3):
        deliver_due(SOON)
    assert postbox.recipients == ["ops@ops.example"]
    notice = Notice.objects.get()
    assert notice.sent_at >= SOON
    assert (notice.attempts, notice.lease_token, notice.failed_at) == (1, None, None)


def test_opening_and_recovery_are_one_thread(stalled, postbox: Postbox):
    deliver_due(SOON)
    react([change(stalled, FINE)], now=LATER)
    deliver_due(LATER)
    opened, recovered = postbox.mails
    assert recovered["In-Reply-To"] == recovered["References"] == opened["Message-ID"]
    assert recovered["Message-ID"] != opened["Message-ID"]
    assert opened["In-Reply-To"] is None


def test_a_recovery_never_overtakes_its_opening(stalled, postbox: Postbox):
    postbox.refuse["ops@ops.example"] = ["451 4.3.0 try later"]
    deliver_due(SOON)
    react([change(stalled, FINE)], now=SOON)
    deliver_due(SOON)
    assert postbox.mails == []
    deliver_due(LATER)
    assert [subject.split("]")[0] for subject in postbox.subjects()] == ["[stalled", "[recovered"]


def test_all_steps_of_an_outage_go_out_in_one_run_and_in_order(integration, postbox: Postbox):
    subscribe()
    for new in (LATE, STALLED, FINE):
        react([change(integration, new)], now=NOW)
    deliver_due(SOON)
    assert len(postbox.mails) == 3
    assert postbox.connections == 1
    assert list(Notice.objects.order_by("sent_at").values_list("step", flat=True)) == [
        "opened", "worsened", "recovered",
    ]  # fmt: skip


def test_a_temporary_refusal_is_tried_again_later_and_later(stalled, postbox: Postbox):
    postbox.refuse["ops@ops.example"] = ["450 4.2.1 greylisted"] * 12
    at, waits = SOON, []
    while not postbox.mails:
        deliver_due(at)
        notice = Notice.objects.get()
        waits.append(notice.due_at - at)
        at = notice.due_at
    assert waits[0] < timedelta(seconds=15)
    assert max(waits) <= timedelta(hours=1)
    assert waits[3] > waits[0]
    assert notice.attempts == 13
    assert notice.sent_at is not None


def test_a_refused_recipient_is_given_up_and_holds_nobody_up(stalled, postbox: Postbox, integration):
    subscribe("gone@ops.example")
    react([change(integration, FINE)], now=NOW)
    react([change(integration, STALLED)], now=NOW)
    postbox.refuse["gone@ops.example"] = ["550 5.1.1 no such user"]
    deliver_due(SOON)
    gone = Notice.objects.get(recipient="gone@ops.example")
    assert gone.failed_at >= SOON
    assert gone.answer == "550 5.1.1 no such user"
    assert len([one for one in postbox.to("ops@ops.example") if "gone@" not in one["Subject"]]) == 3
    deliver_due(LATER)
    assert postbox.to("gone@ops.example") == []


def test_a_mail_server_down_for_an_hour_delays_and_loses_nothing(make_integration, server: Server):
    subscribe("a@ops.example")
    subscribe("b@ops.example")
    shops = [make_integration(name) for name in ("lyon", "nord")]
    server.down()
    react([change(shops[0], STALLED)], now=NOW)
    for minute in range(60):
        if minute == 30:
            react([change(shops[1], STALLED)], now=NOW + timedelta(minutes=30))
            react([change(shops[0], FINE)], now=NOW + timedelta(minutes=30))
        deliver_due(NOW + timedelta(minutes=minute))
    assert Notice.objects.filter(sent_at=None, failed_at=None).count() == 6
    assert Notice.objects.order_by("pk").first().attempts > 3
    assert "refused" in Notice.objects.order_by("pk").first().answer.lower()
    server.up()
    back = NOW + timedelta(hours=1)
    deliver_due(back + SERVER_RETRY_AT_MOST)
    assert not Notice.objects.filter(sent_at=None).exists()
    assert len(server.postbox.mails) == len({mail["Message-ID"] for mail in server.postbox.mails}) == 6
    for address in ("a@ops.example", "b@ops.example"):
        assert [mail["Subject"].split("]")[0] for mail in server.postbox.to(address)].index("[recovered") > 0


def test_a_connection_the_server_ends_is_replaced_within_the_run(make_integration, postbox: Postbox):
    for n in range(5):
        subscribe(f"p{n}@ops.example")
    postbox.hang_up_after = 2
    react([change(make_integration(), STALLED)], now=NOW)
    done = deliver_due(SOON)
    assert (done.sent, done.retried, len(postbox.mails), postbox.connections) == (5, 0, 5, 3)


def test_who_died_between_sending_and_marking_causes_a_double_with_the_same_message_id(
    stalled, postbox: Postbox, monkeypatch
):
    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(outbox, "mark_sent", die)
        with pytest.raises(Killed):
            deliver_due(SOON)
    deliver_due(SOON + outbox.LEASE / 2)
    assert len(postbox.mails) == 1
    deliver_due(SOON + outbox.LEASE * 2)
    first, second = postbox.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert Notice.objects.get().sent_at is not None


def test_a_worker_whose_lease_has_passed_on_marks_nothing(stalled, postbox: Postbox):
    slow = outbox.claim(SOON, Mails())
    deliver_due(SOON + outbox.LEASE * 2)
    sent_at = Notice.objects.get().sent_at
    assert outbox.mark_sent(slow, LATER) is False
    assert Notice.objects.get().sent_at == sent_at


def test_a_notice_that_cannot_be_written_holds_nobody_up(stalled, postbox: Postbox):
    subscribe("broken@ops.example")
    Notice.objects.update(context={"state": "?"})
    notices.send_test_to(subscribe("fine@ops.example"), now=NOW)
    deliver_due(SOON)
    assert [mail["To"] for mail in postbox.mails] == ["fine@ops.example"]
    broken = Notice.objects.get(recipient="ops@ops.example")
    assert broken.due_at > SOON
    assert "ValidationError" in broken.answer


def test_what_could_not_be_sent_for_days_is_given_up_with_the_last_answer(stalled, server: Server):
    server.down()
    deliver_due(NOW + outbox.GIVE_UP_AFTER + timedelta(hours=1))
    notice = Notice.objects.get()
    assert notice.failed_at is not None
    assert "refused" in notice.answer.lower()


def test_the_test_mail_takes_the_same_way(db, postbox: Postbox):
    notices.send_test_to(subscribe("me@ops.example"), now=NOW)
    deliver_due(SOON)
    assert postbox.subjects() == ["[test] Syncwatch reaches you"]


@pytest.mark.django_db(transaction=True)
def test_deliverers_at_once_send_each_notice_once(make_integration, postbox: Postbox):
    for n in range(9):
        subscribe(f"p{n}@ops.example")
    react([change(make_integration(f"shop-{n}"), STALLED) for n in range(5)], now=NOW)
    react([change(make_integration("back"), LATE)], now=NOW)
    react([change(make_integration("worse"), LATE)], now=NOW - timedelta(minutes=9))
    at_once = Barrier(4)

    def run() -> None:
        at_once.wait()
        try:
            deliver_due(SOON)
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(postbox.mails) == len({mail["Message-ID"] for mail in postbox.mails})
    told = Notice.objects.filter(sent_at__isnull=False)
    assert told.count() == Notice.objects.count() == 9 * 7
    # Each has a mail of its own or goes in exactly one that was sent.
    own = told.filter(Q(sent_with=None) | Q(sent_with=F("pk")))
    assert set(own.values_list("message_id", "attempts")) == {(m["Message-ID"], 1) for m in postbox.mails}
    assert not told.exclude(pk__in=own).filter(~Q(sent_with__in=own) | Q(attempts__gt=0)).exists()
