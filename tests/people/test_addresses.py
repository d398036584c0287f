"""Whose an e-mail address is, and from which address somebody comes: what accounts are taken over by."""

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from monitor.access_control import VIEWER, client_address
from monitor.models import Audit, User
from monitor.people import invitations
from tests.people.conftest import person, signed_in

pytestmark = pytest.mark.integration

PASSWORD = "correct horse battery"


def proven(user: User) -> EmailAddress:
    return EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def test_who_left_and_is_invited_again_joins_under_the_same_address(admin: Client) -> None:
    gone = person("eva", VIEWER, is_active=False)
    proven(gone)
    viewer, ada = Group.objects.get(name=VIEWER), User.objects.get(username="ada")
    made = invitations.invite(gone.email, viewer, [], language="en", by=ada, now=timezone.now())
    entered = {"username": "eva-again", "password1": PASSWORD, "password2": PASSWORD}
    link = invitations.link(made).partition(reverse("invited"))[2]
    assert Client().post(reverse("invited") + link, entered).status_code == 302
    assert EmailAddress.objects.get(email=gone.email).user.username == "eva-again"


def test_who_sends_an_invitation_again_is_known(admin: Client) -> None:
    viewer, ada = Group.objects.get(name=VIEWER), User.objects.get(username="ada")
    made = invitations.invite("eva@corp.example", viewer, [], language="en", by=ada, now=timezone.now())
    admin.post(reverse("invitation", args=[made.pk]), {"again": "yes"})
    sent = Audit.objects.filter(action="person.invite", target="eva@corp.example", actor="ada")
    assert ["until" in row.after for row in sent.order_by("pk")] == [False, True]


def test_an_address_that_an_administrator_replaces_opens_nothing_any_more(admin: Client, mailoutbox) -> None:
    zoe = person("zoe", VIEWER)
    former = proven(zoe).email
    entered = {"username": "zoe", "email": "new@example.com", "language": "en", "is_active": "on",
               "groups": [group.pk for group in zoe.groups.all()]}  # fmt: skip
    answer = admin.post(reverse("admin:monitor_user_change", args=[zoe.pk]), entered)
    assert answer.status_code == 302
    assert not EmailAddress.objects.filter(email=former).exists()
    Client().post(reverse("account_reset_password"), {"email": former})
    assert not mailoutbox


def test_another_address_is_entered_only_by_who_knows_the_password(db: None) -> None:
    vera = person("vera", VIEWER)
    vera.set_password(PASSWORD)
    vera.save()
    client = signed_in(vera)
    entered = {"first_name": "Vera", "email": vera.email, "language": "en", "time_zone": "", "theme": ""}
    settings = reverse("settings")
    assert client.post(settings, entered)["Location"] == settings
    moved = client.post(settings, entered | {"email": "thief@example.com"})
    assert moved["Location"].startswith(reverse("account_reauthenticate"))
    vera.refresh_from_db()
    assert (vera.first_name, vera.email) == ("Vera", "vera@example.com")
    client.post(moved["Location"], {"password": PASSWORD})
    vera.refresh_from_db()
    assert vera.email == "thief@example.com"


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.1, 198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:50123", "198.51.100.7"),
        ("[2001:db8::1]:50123", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("unknown", "127.0.0.1"),
        ("203.0.113.1, ", "127.0.0.1"),
    ],
)
def test_what_a_proxy_writes_is_an_address_or_nothing(settings, forwarded: str, expected: str) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    asked = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    assert client_address(asked) == expected
