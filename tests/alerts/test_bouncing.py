"""An address that is refused for good: switched off, seen, and never in silence."""

from datetime import timedelta

import pytest
from django.urls import reverse

from monitor.alerts import bouncing, notices
from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react
from monitor.models import Audit, Notice, Subscription, User
from monitor.watch.checks import examine
from monitor.watch.snapshot import take
from tests.alerts.conftest import FINE, NOW, STALLED, Postbox, change, subscribe

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

SOON = NOW + timedelta(seconds=1)
LATER = NOW + timedelta(hours=1)
UNKNOWN = "550 5.1.1 no such user"
GONE = "gone@ops.example"


@pytest.fixture
def gone(integration, postbox: Postbox) -> Subscription:
    """Refused at the first notice; somebody else is told as well."""
    subscribe()
    row = subscribe(GONE)
    postbox.refuse[GONE] = [UNKNOWN]
    react([change(integration, STALLED)], now=NOW)
    deliver_due(SOON)
    row.refresh_from_db()
    return row


def test_it_is_switched_off_with_the_reason_and_an_audit_row(gone):
    assert gone.bounced_at - SOON < timedelta(seconds=1)
    assert gone.bounce_answer == UNKNOWN
    audit = Audit.objects.get(action="subscription.bounce")
    assert (audit.actor, audit.after["bounce_answer"]) == ("Syncwatch", UNKNOWN)
    assert gone not in notices.subscribed()
    assert [row.email for row in bouncing.bounced()] == [GONE]


def test_what_was_on_its_way_is_given_up_and_nothing_more_is_tried(gone, integration, postbox: Postbox):
    react([change(integration, FINE)], now=SOON)
    deliver_due(LATER)
    assert not Notice.objects.filter(recipient=GONE, failed_at=None).exists()
    assert set(Notice.objects.filter(recipient=GONE).values_list("answer", flat=True)) == {UNKNOWN}
    assert postbox.to(GONE) == []
    assert len(postbox.to("ops@ops.example")) == 2


def test_the_last_that_is_told_goes_on_being_tried(integration, postbox: Postbox):
    """When all are refused, it is rather the mail server that is wrong."""
    rows = [subscribe(f"p{n}@ops.example") for n in range(3)]
    for row in rows:
        postbox.refuse[row.email] = [UNKNOWN]
    react([change(integration, STALLED)], now=NOW)
    deliver_due(SOON)
    (left,) = notices.subscribed()
    assert Notice.objects.get(recipient=left.email).failed_at is None
    deliver_due(LATER)
    assert len(postbox.to(left.email)) == 1


def test_a_person_who_says_that_it_works_gets_what_is_still_open(gone, postbox: Postbox):
    admin = User.objects.create_superuser("ada")
    assert bouncing.enable(gone, admin, now=LATER)
    assert not bouncing.enable(gone, admin, now=LATER)
    gone.refresh_from_db()
    assert (gone.bounced_at, gone.bounce_answer) == (None, "")
    assert Audit.objects.filter(action="subscription.enable", user=admin).count() == 1
    deliver_due(LATER)
    assert len(postbox.to(GONE)) == 1


def test_what_is_over_meanwhile_is_not_told_any_more(gone, integration, postbox: Postbox):
    react([change(integration, FINE)], now=SOON)
    bouncing.enable(gone, User.objects.create_superuser("ada"), now=LATER)
    deliver_due(LATER)
    assert postbox.to(GONE) == []


def test_a_test_notice_is_sent_to_it_all_the_same(gone, postbox: Postbox):
    notices.send_test_to(gone, now=LATER)
    deliver_due(LATER)
    assert len(postbox.to(GONE)) == 1
    gone.refresh_from_db()
    assert gone.bounced_at is not None


def test_the_status_says_it_once_and_not_as_a_fault_of_the_mail_server(gone, integration):
    react([change(integration, FINE)], now=SOON)
    deliver_due(LATER)
    bad = {check.name: check for check in examine(take(LATER)) if check.state.is_bad}
    assert bad["addresses"].values == {"names": GONE, "answer": UNKNOWN}
    assert "mail" not in bad


def test_who_can_change_it_reads_of_it_on_the_overview(gone, client):
    client.force_login(User.objects.create_superuser("ada"))
    page = client.get(reverse("overview")).content.decode()
    assert GONE in page
    assert UNKNOWN in page
    client.force_login(User.objects.create_user("vic"))
    assert GONE not in client.get(reverse("overview")).content.decode()
