"""Answering from a mail: the link opens a page, the click acts, and only for whom it was sent to."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react
from monitor.models import Audit, Incident, Subscription, User
from tests.alerts.conftest import FINE, NOW, STALLED, Postbox, change, subscribe
from tests.alerts.test_mails import text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def link(integration, postbox: Postbox) -> str:
    subscribe()
    react([change(integration, STALLED, waiting=3)], now=NOW)
    deliver_due(NOW)
    found = re.search(r"https://sync.example(/incidents/answer/\S+)", text_of(postbox.mails[0]))
    return found[1]


def test_opening_the_link_changes_nothing_and_the_click_acknowledges(link):
    browser = Client()
    page = browser.get(link)
    assert "Boutique Lyon" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert Incident.objects.get().acknowledged_at is None
    answer = browser.post(link, {"what": "acknowledge"}, follow=True)
    assert "Acknowledged by mail" in answer.content.decode()
    assert Incident.objects.get().acknowledged_at is not None
    assert Audit.objects.get().actor == "mail to ops@ops.example"


def test_the_address_of_one_person_speaks_for_that_person(link):
    ann = User.objects.create_user("ann", email="Ops@ops.example")
    Client().post(link, {"what": "acknowledge"})
    assert Incident.objects.get().acknowledged_by == ann
    assert Audit.objects.get().actor == "ann (mail)"


def test_a_snooze_needs_a_reason_and_has_an_end(link):
    Client().post(link, {"what": "snooze", "for": "4h", "text": " "})
    assert Incident.objects.get().snoozed_until is None
    Client().post(link, {"what": "snooze", "for": "4h", "text": "The host is on it"})
    incident = Incident.objects.get()
    remark = incident.remarks.get()
    assert incident.snoozed_until - remark.at == timedelta(hours=4)
    assert (remark.kind, remark.text, remark.is_by_mail) == ("snoozed", "The host is on it", True)


def test_a_comment_is_kept_as_text(link):
    Client().post(link, {"what": "comment", "text": "<b>called</b> them"})
    assert "&lt;b&gt;called&lt;/b&gt; them" in Client().get(link).content.decode()


def test_what_is_over_is_told_as_over(link, integration):
    react([change(integration, FINE)], now=NOW + timedelta(minutes=9))
    page = Client().get(link).content.decode()
    assert "over" in page
    assert "Snooze" not in page


@pytest.mark.parametrize("wrong", ["forged", "changed", "unsubscribed", "deactivated"])
def test_a_link_that_is_nobodys_opens_nothing(link, wrong):
    if wrong == "unsubscribed":
        Subscription.objects.all().delete()
    if wrong == "deactivated":
        Subscription.objects.update(is_active=False)
    address = {"forged": "/incidents/answer/1:abc:def/", "changed": link[:-2] + "x/"}.get(wrong, link)
    assert Client().get(address).status_code == 404
    assert Client().post(address, {"what": "acknowledge"}).status_code == 404
    assert Incident.objects.get().acknowledged_at is None


def test_another_site_cannot_press_the_button(link):
    assert Client(enforce_csrf_checks=True).post(link, {"what": "acknowledge"}).status_code == 403
