"""What a mail says to whom."""

import re
from datetime import timedelta

import pytest

from integrations.contracts import ConditionKind
from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react
from monitor.health.states import State
from monitor.models import Incident, Refresh
from tests.alerts.conftest import FINE, LATE, NOW, STALLED, Postbox, change, judged, subscribe

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

LATER = NOW + timedelta(minutes=20)
REFUSED = judged(
    State.FAIL,
    ConditionKind.CREDENTIALS,
    "store_key_refused",
    since=NOW - timedelta(minutes=5),
    hub="sendcloud",
)


def text_of(mail) -> str:
    return mail.get_body(("plain",)).get_content()


def html_of(mail) -> str:
    return mail.get_body(("html",)).get_content()


def test_the_subject_says_state_name_what_and_how_much(integration, postbox: Postbox):
    subscribe()
    react([change(integration, STALLED, waiting=31)], now=NOW)
    deliver_due(NOW)
    assert postbox.subjects() == ["[stalled] Boutique Lyon → Sendcloud: 31 orders waiting since 12:55"]


def test_times_are_in_the_zone_of_the_recipient_and_name_it(integration, postbox: Postbox):
    subscribe("paris@ops.example")
    subscribe("tokyo@ops.example", time_zone="Asia/Tokyo")
    react([change(integration, STALLED, waiting=1)], now=NOW)
    deliver_due(NOW)
    for address, time, zone in (("paris", "12:55", "Europe/Paris"), ("tokyo", "20:55", "Asia/Tokyo")):
        mail = postbox.to(f"{address}@ops.example")[0]
        assert mail["Subject"].endswith(f"1 order waiting since {time}")
        assert f"Since {time} (47 min)." in text_of(mail)
        assert zone in text_of(mail)
        assert zone in html_of(mail)


def test_the_body_says_since_when_how_many_what_to_do_and_where(integration, postbox: Postbox):
    subscribe()
    react([change(integration, STALLED, waiting=31)], now=NOW)
    deliver_due(NOW)
    link = f"https://sync.example/incidents/{Incident.objects.get().pk}/"
    for body in (text_of(postbox.mails[0]), html_of(postbox.mails[0])):
        assert "47 min" in body
        assert "31 orders are waiting." in body
        assert "What to do now:" in body
        assert body.count(link) == 1
    steps = re.findall(r"^\d\. ", text_of(postbox.mails[0]), re.MULTILINE)
    assert 1 <= len(steps) <= 3


def test_without_waiting_orders_the_subject_says_what_is_wrong(integration, postbox: Postbox):
    subscribe()
    react([change(integration, REFUSED)], now=NOW)
    deliver_due(NOW)
    subject = postbox.subjects()[0]
    assert subject.startswith("[refused] Boutique Lyon → Sendcloud: ")
    assert "waiting" not in subject
    assert len(subject) > 50
    assert "No orders are waiting yet." in text_of(postbox.mails[0])


def test_how_many_wait_in_a_store_that_cannot_be_read_is_not_made_up(integration, postbox: Postbox):
    subscribe()
    react([change(integration, REFUSED, waiting=None)], now=NOW)
    deliver_due(NOW)
    assert "How many orders wait is unknown" in text_of(postbox.mails[0])
    assert Incident.objects.get().peak_waiting == 0


def test_the_recovery_says_how_long_how_many_and_what_helped(integration, postbox: Postbox):
    subscribe()
    react([change(integration, STALLED, waiting=31)], now=NOW)
    Refresh.objects.create(
        integration=integration, actor="ann", reason="after maintenance", strategy="hub_api",
        stage="watching", requested_at=NOW, asked_at=NOW + timedelta(minutes=13), due_at=NOW,
    )  # fmt: skip
    react([change(integration, FINE)], now=LATER)
    deliver_due(LATER)
    recovered = postbox.mails[1]
    assert (
        recovered["Subject"]
        == "[recovered] Boutique Lyon → Sendcloud: after 1 h 7 min, up to 31 orders waited"
    )
    for body in (text_of(recovered), html_of(recovered)):
        assert "from 12:55 until 14:02 (1 h 7 min)" in body
        assert "Up to 31 orders waited." in body
        assert "the refresh that ann asked for at 13:55 (“after maintenance”)" in body


@pytest.mark.parametrize(
    ("cause", "rule", "sentence"),
    [
        (ConditionKind.TRACKING, "stopped", "Tracking numbers reach the store again."),
        (ConditionKind.ACCESS, "method_blocked", "The store takes the hub's calls again."),
        (ConditionKind.EVENTS, "events_stopped", "Events arrive again."),
    ],
)
def test_a_trouble_of_other_things_than_orders_is_not_told_in_orders(
    integration, postbox: Postbox, cause, rule, sentence
):
    subscribe()
    react([change(integration, judged(State.FAIL, cause, rule))], now=NOW)
    react([change(integration, FINE)], now=LATER)
    deliver_due(LATER)
    opened, recovered = postbox.mails
    assert "No orders are waiting" not in text_of(opened)
    assert sentence in text_of(recovered)
    assert "Orders are syncing again." not in text_of(recovered)


def test_a_warning_and_its_worsening_are_told_apart(integration, postbox: Postbox):
    subscribe()
    react([change(integration, LATE, waiting=2)], now=NOW)
    react([change(integration, STALLED, waiting=4)], now=LATER)
    deliver_due(LATER)
    assert [subject.split()[0] for subject in postbox.subjects()] == ["[late]", "[stalled]"]
    assert "It was a warning and has become worse." in text_of(postbox.mails[1])


def test_machines_see_that_it_is_automatic(integration, postbox: Postbox):
    subscribe()
    react([change(integration, STALLED)], now=NOW)
    deliver_due(NOW)
    mail = postbox.mails[0]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["List-Id"]
    assert mail["Message-ID"].endswith("@ops.example>")
    assert mail["From"] == "Syncwatch <watch@ops.example>"


def test_the_mail_of_a_late_delivery_tells_the_time_of_the_event(integration, postbox: Postbox):
    subscribe()
    react([change(integration, STALLED, waiting=31)], now=NOW)
    deliver_due(NOW + timedelta(hours=3))
    assert "Since 12:55 (47 min)." in text_of(postbox.mails[0])


def test_names_that_look_like_markup_stay_text(make_integration, postbox: Postbox):
    subscribe()
    react([change(make_integration(title="<b>Lyon</b>\r\nBcc: x@y.example"), STALLED, waiting=1)], now=NOW)
    deliver_due(NOW)
    mail = postbox.mails[0]
    assert "<b>Lyon</b>" not in html_of(mail)
    assert "<b>Lyon</b>" in text_of(mail)
    assert mail["Bcc"] is None
    assert postbox.recipients == ["ops@ops.example"]


def test_a_throttled_hub_has_the_colour_it_has_on_the_pages(integration, postbox: Postbox):
    subscribe()
    react([change(integration, judged(State.FAIL, ConditionKind.THROTTLE, "throttled"))], now=NOW)
    deliver_due(NOW)
    assert "background:#7447b0" in html_of(postbox.mails[0])
