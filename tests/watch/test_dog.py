"""The watchdog by rounds, with real mails: each trouble is told once, and once when it is over."""

from datetime import timedelta
from threading import Event

import pytest
from django.db import OperationalError

from integrations.models import Account, Integration, Store
from monitor.models import Heartbeat, Job, Subscription
from monitor.watch import dog as watching
from monitor.watch import snapshot
from monitor.watch.dog import InTime
from tests.watch.conftest import ADMIN, EVERYBODY, NOW, Dog, Postbox, Server

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def away(*_args: object) -> None:
    raise OperationalError("server closed the connection unexpectedly")


def test_nothing_is_told_while_all_is_well(dog: Dog, postbox: Postbox):
    dog.looks(4, *EVERYBODY)
    assert postbox.mails == []
    assert Heartbeat.objects.get(part="watchdog").at == dog.now - timedelta(seconds=30)


def test_a_killed_worker_is_told_within_two_looks_of_being_late(dog: Dog, postbox: Postbox):
    dog.looks(2, *EVERYBODY)
    dog.looks(2)  # 30 s and 60 s: late only after a minute
    assert postbox.mails == []
    dog.looks(2)
    assert postbox.recipients == [ADMIN]
    (mail,) = postbox.mails
    assert mail["Subject"].startswith("[trouble] Syncwatch: No work is taken up")
    assert "https://sync.example/status/" in mail.get_body(("plain",)).get_content()


def test_what_the_dead_worker_leaves_undone_is_no_further_mail(dog: Dog, postbox: Postbox):
    dog.looks(1, *EVERYBODY)
    dog.looks(40)
    assert len(postbox.mails) == 1


def test_the_end_of_a_trouble_is_told_once_in_its_thread(dog: Dog, postbox: Postbox):
    dog.looks(1, *EVERYBODY)
    dog.looks(5)
    dog.looks(8, *EVERYBODY)
    opened, over = postbox.mails
    assert over["Subject"] == "[recovered] Syncwatch: Worker, after 4 min"
    assert over["In-Reply-To"] == over["References"] == opened["Message-ID"]


def test_one_bad_look_is_told_to_nobody(dog: Dog, postbox: Postbox):
    dog.looks(1, *EVERYBODY)
    dog.now += timedelta(minutes=5)
    dog.looks(1)
    dog.looks(5, *EVERYBODY)
    assert postbox.mails == []


def test_a_trouble_that_comes_and_goes_is_told_once(dog: Dog, postbox: Postbox, monkeypatch):
    free = iter([1, 1, 9, 1, 9, 1, 9, 9, 1] + [9] * 9)
    monkeypatch.setattr(snapshot, "_disk_free", lambda: next(free) << 30)
    dog.looks(18, *EVERYBODY)
    assert [subject.partition("]")[0] for subject in postbox.subjects()] == ["[warning", "[recovered"]


def test_a_warning_that_becomes_a_failure_is_told_again(dog: Dog, postbox: Postbox, monkeypatch):
    free = iter([1 << 30] * 3 + [1 << 20] * 5)
    monkeypatch.setattr(snapshot, "_disk_free", lambda: next(free))
    dog.looks(8, *EVERYBODY)
    assert [subject.partition("]")[0] for subject in postbox.subjects()] == ["[warning", "[trouble"]
    assert postbox.mails[1]["In-Reply-To"] == postbox.mails[0]["Message-ID"]


def test_troubles_of_one_look_are_one_mail(dog: Dog, postbox: Postbox, monkeypatch):
    monkeypatch.setattr(snapshot, "_disk_free", lambda: 1 << 20)
    monkeypatch.setattr(snapshot, "_clocks", lambda now: {"clock_skew": timedelta(minutes=3)})
    dog.looks(4, *EVERYBODY)
    (mail,) = postbox.mails
    assert mail["Subject"].endswith("(and 1 more)")
    text = mail.get_body(("plain",)).get_content()
    assert "Make room" in text
    assert "time service" in text
    assert "3 min apart" in text


def test_everybody_who_follows_all_stores_is_told_in_their_language(dog: Dog, postbox: Postbox, settings):
    settings.SYNCWATCH_ADMIN_MAIL = []
    Subscription.objects.create(email="ops@ops.example")
    Subscription.objects.create(email="fr@ops.example", language="fr", time_zone="Europe/Paris")
    Subscription.objects.create(email="some@ops.example", tags=["vip"])
    Subscription.objects.create(email="left@ops.example", is_active=False)
    dog.looks(3)
    assert sorted(postbox.recipients) == ["fr@ops.example", "ops@ops.example"]
    assert len({mail["Message-ID"] for mail in postbox.mails}) == 2


# --- accounts ------------------------------------------------------------------------------------


@pytest.fixture
def hub_job(dog: Dog) -> Job:
    account = Account.objects.create(
        name="eu", title="Sendcloud EU", kind="sendcloud", url="https://hub.example"
    )
    store = Store.objects.create(name="lyon", platform="woocommerce", url="https://lyon.example")
    Integration.objects.create(name="lyon", account=account, store=store, external_id="1")
    return Job.objects.create(
        kind="hub_state", target_id=account.pk, account=account, due_at=NOW + timedelta(days=1),
        interval_s=60, last_ok_at=NOW - timedelta(minutes=2),
    )  # fmt: skip


def test_a_refused_key_is_one_mail_and_its_end_one_more(dog: Dog, hub_job: Job, postbox: Postbox):
    dog.looks(2, *EVERYBODY)
    for failures in (1, 2, 3, 4, 5):
        Job.objects.update(
            failures=failures, last_error="CredentialsRefused", last_message="The keys were not accepted."
        )
        dog.looks(1, *EVERYBODY)
        assert len(postbox.mails) == (failures > 2)  # the hub was asked twice, and we looked twice
    Job.objects.update(failures=0, last_error="", last_message="", last_ok_at=dog.now)
    dog.looks(6, *EVERYBODY)
    opened, over = postbox.subjects()
    assert opened.startswith("[trouble] Syncwatch: Sendcloud EU does not accept our key any more")
    assert over.startswith("[recovered] Syncwatch: Account: eu, after")


def test_an_account_that_nothing_watches_is_nobodys_trouble(dog: Dog, hub_job: Job, postbox: Postbox):
    Job.objects.update(failures=9, last_error="CredentialsRefused")
    Integration.objects.update(is_paused=True)
    dog.looks(4, *EVERYBODY)
    assert postbox.mails == []


# --- the database ----------------------------------------------------------------------------------


def test_a_database_that_is_away_is_told_once_and_so_is_its_return(dog: Dog, postbox: Postbox, monkeypatch):
    dog.looks(2, *EVERYBODY)
    with monkeypatch.context() as patch:
        patch.setattr(watching, "take", away)
        dog.looks(6)
    dog.looks(6, *EVERYBODY)
    opened, over = postbox.subjects()
    assert opened.startswith("[trouble] Syncwatch: The database does not answer")
    assert over.startswith("[recovered] Syncwatch: Database, after")
    assert postbox.recipients == [ADMIN, ADMIN]


def test_who_is_told_is_known_while_the_database_is_away(dog: Dog, postbox: Postbox, settings, monkeypatch):
    settings.SYNCWATCH_ADMIN_MAIL = []
    Subscription.objects.create(email="ops@ops.example")
    dog.looks(1, *EVERYBODY)
    monkeypatch.setattr(watching, "take", away)
    again = Dog(dog.var)  # started anew meanwhile
    again.looks(3)
    assert postbox.recipients == ["ops@ops.example"]


def test_a_watchdog_started_anew_tells_nothing_twice(dog: Dog, postbox: Postbox, monkeypatch):
    monkeypatch.setattr(watching, "take", away)
    dog.looks(3)
    again = Dog(dog.var)
    again.now = dog.now
    again.looks(3)
    assert len(postbox.mails) == 1


def test_a_frozen_database_is_one_that_is_away(dog: Dog, postbox: Postbox):
    thaw = Event()
    dog._look = InTime(0.05)
    try:
        # The first call hangs; the next must not wait for it, nor pile up threads.
        with pytest.raises(TimeoutError):
            dog._look(thaw.wait)
        dog.looks(2)
    finally:
        thaw.set()
    assert postbox.subjects()[0].startswith("[trouble] Syncwatch: The database does not answer")


def test_a_fault_of_its_own_is_told_and_not_the_end(dog: Dog, postbox: Postbox, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(watching, "examine", lambda _seen: 1 / 0)
        dog.looks(3)
    dog.looks(3, *EVERYBODY)
    assert postbox.subjects()[0] == "[trouble] Syncwatch: Syncwatch cannot be looked at: ZeroDivisionError."
    assert len(postbox.mails) == 2


# --- the mail server -------------------------------------------------------------------------------


def test_a_mail_server_that_is_away_gets_the_letter_when_it_is_back(dog: Dog, server: Server):
    server.down()
    dog.looks(5)
    server.up()
    dog.looks(3)
    assert len(server.postbox.mails) == 1


def test_one_refused_address_keeps_no_other_back(dog: Dog, postbox: Postbox, settings):
    settings.SYNCWATCH_ADMIN_MAIL = ["gone@ops.example", "slow@ops.example", ADMIN]
    postbox.refuse["gone@ops.example"] = ["550 5.1.1 no such user"] * 9
    postbox.refuse["slow@ops.example"] = ["451 4.7.1 greylisted"]
    dog.looks(4)
    assert sorted(postbox.recipients) == [ADMIN, "slow@ops.example"]


def test_broken_pages_do_not_keep_a_letter_back(dog: Dog, postbox: Postbox, monkeypatch):
    monkeypatch.setattr("monitor.watch.letters.render_to_string", lambda *_: 1 / 0)
    dog.looks(3)
    (mail,) = postbox.mails
    assert mail["Subject"] == "[trouble] Syncwatch: tick"
    assert "No work is taken up" in mail.get_content()


def test_an_address_that_is_none_keeps_no_other_back(dog: Dog, postbox: Postbox, settings):
    settings.SYNCWATCH_ADMIN_MAIL = ["not\nan address", ADMIN]
    dog.looks(3)
    assert postbox.recipients == [ADMIN]


def test_killed_between_sending_and_remembering_it_sends_the_same_mail_again(
    dog: Dog, postbox: Postbox, monkeypatch
):
    def killed(*_args: object) -> None:
        raise SystemExit

    def send_and_die(call, now) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Heartbeat, "save", killed)
            call(now)

    dog._send = send_and_die
    with pytest.raises(SystemExit):
        dog.looks(2)
    again = Dog(dog.var)
    again.now = dog.now + timedelta(seconds=30)
    again.looks(2)
    first, second = postbox.mails
    assert first["Message-ID"] == second["Message-ID"]
