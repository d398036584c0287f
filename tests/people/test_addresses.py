"""Whose an e-mail address is, and from which address somebody comes: what accounts are taken over by."""

import re
from ipaddress import ip_network

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group
from django.core import signing
from django.core.mail import EmailMessage
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from monitor.access_control import VIEWER, client_address
from monitor.models import Audit, Subscription, User
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
               "groups": [group.pk for group in zoe.groups.all()],
               "roles-TOTAL_FORMS": "0", "roles-INITIAL_FORMS": "0"}  # fmt: skip
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
    assert vera.email == "vera@example.com"
    assert "We have written to thief@example.com" in client.get(settings).content.decode()


def asks(client: Client, email: str) -> None:
    """Enters another address in the settings."""
    client.post(reverse("settings"), {"email": email, "language": "en", "time_zone": "", "theme": ""})


def link_in(mail: EmailMessage) -> str:
    return reverse("settings-address") + re.search(r"/settings/address/(\S+)", mail.body)[1]


@pytest.fixture
def vera(db: None) -> User:
    made = person("vera", VIEWER)
    made.set_password(PASSWORD)
    made.save()
    proven(made)
    Subscription.objects.create(email=made.email, user=made)
    return made


@pytest.fixture
def at_home(vera: User) -> Client:
    """Signed in, and has entered the password once more."""
    client = signed_in(vera)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


def test_a_new_address_is_written_to_once_its_owner_says_so(
    vera: User, at_home: Client, mailoutbox: list[EmailMessage]
) -> None:
    asks(at_home, "vera@home.example")
    (mail,) = mailoutbox
    assert mail.to == ["vera@home.example"]
    link = link_in(mail)
    framed = str(mail.alternatives[0][0])
    assert link.replace("&", "&amp;") in framed
    assert "color-scheme" in framed
    assert "no longer to vera@example.com" in at_home.get(link).content.decode()
    vera.refresh_from_db()
    assert vera.email == vera.subscriptions.get().email == "vera@example.com"
    assert at_home.post(link).status_code == 302
    vera.refresh_from_db()
    assert vera.email == vera.subscriptions.get().email == vera.emailaddress_set.get().email
    assert vera.email == "vera@home.example"
    assert mailoutbox[1].to == ["vera@example.com"]
    assert "Syncwatch writes to vera@home.example from now on" in mailoutbox[1].body
    assert at_home.post(link).status_code == 404
    row = Audit.objects.get(action="person.change")
    assert (row.before, row.after) == ({"email": "vera@example.com"}, {"email": "vera@home.example"})


def test_the_link_serves_nobody_but_who_asked(
    vera: User, at_home: Client, mailoutbox: list[EmailMessage]
) -> None:
    with freeze_time("2026-11-21 12:00"):
        old = signing.dumps([vera.pk, vera.email, "x@example.com"], salt="monitor.people.addresses")
    asks(at_home, "vera@home.example")
    link = link_in(mailoutbox[0])
    assert Client().post(link)["Location"].startswith(reverse("login"))
    assert signed_in(person("otto", VIEWER)).post(link).status_code == 404
    forged = signing.dumps([vera.pk, vera.email, "x@example.com"], salt="another")
    for token in (old, forged, "x", ""):
        assert at_home.post(reverse("settings-address"), {"token": token}).status_code == 404
    vera.refresh_from_db()
    assert vera.email == "vera@example.com"


def test_nobody_is_flooded_with_mails_that_ask(
    vera: User, at_home: Client, mailoutbox: list[EmailMessage]
) -> None:
    for number in range(7):
        asks(at_home, f"stranger{number}@example.com")
    assert len(mailoutbox) == 5
    assert "5 times within 10 minutes" in at_home.get(reverse("settings")).content.decode()


def test_no_address_needs_no_proof(vera: User, at_home: Client, mailoutbox: list[EmailMessage]) -> None:
    asks(at_home, "")
    vera.refresh_from_db()
    assert vera.email == ""
    assert not mailoutbox


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


@pytest.mark.parametrize(
    ("proxies", "sender", "expected"),
    [
        # Whoever reaches the web server past the proxy writes what they like.
        ([], "93.184.216.9", "93.184.216.9"),
        ([], "172.18.0.3", "203.0.113.7"),
        (["93.184.216.0/24"], "93.184.216.9", "203.0.113.7"),
        (["93.184.216.0/24"], "172.18.0.3", "172.18.0.3"),
        # A proxy behind another: the one in front is no client.
        (["93.184.216.0/24", "203.0.113.7/32"], "93.184.216.9", "192.0.2.66"),
        # A server that listens for both kinds of addresses is told the old ones in the new way of writing.
        (["93.184.216.0/24"], "::ffff:93.184.216.9", "203.0.113.7"),
        ([], "::ffff:93.184.216.9", "93.184.216.9"),
    ],
)
def test_only_proxies_are_believed(settings, proxies: list[str], sender: str, expected: str) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.SYNCWATCH_PROXIES = [ip_network(network) for network in proxies]
    said = {"X-Forwarded-For": "192.0.2.66, 203.0.113.7"}
    assert client_address(RequestFactory().get("/", headers=said, REMOTE_ADDR=sender)) == expected


@pytest.mark.parametrize(("sender", "last"), [("127.0.0.1", 200), ("93.184.216.9", 429)])
def test_who_pretends_to_come_from_elsewhere_is_locked_out_all_the_same(
    vera: User, settings, sender: str, last: int
) -> None:
    """The proxy reports ten people who mistype; somebody past it is one person, whatever they write."""
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    client = Client(REMOTE_ADDR=sender)
    for number in range(11):
        said = {"X-Forwarded-For": f"203.0.113.{number}"}
        answer = client.post(reverse("login"), {"login": "vera", "password": "wrong"}, headers=said)
    assert answer.status_code == last


def test_a_new_password_ends_every_other_session(vera: User) -> None:
    here, elsewhere = signed_in(vera), signed_in(vera)
    new = {"old_password": PASSWORD, "new_password1": "battery staple 7", "new_password2": "battery staple 7"}
    here.post(reverse("password-change"), new)
    assert here.get(reverse("settings")).status_code == 200
    assert elsewhere.get(reverse("settings"))["Location"].startswith(reverse("login"))
    assert len(here.get(reverse("sessions")).context["places"]) == 1
