"""Signing in by an OpenID Connect provider that really answers: who gets in, and with which role."""

import re
import socket
from collections.abc import Iterator
from html import unescape
from ipaddress import ip_network

import httpx
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.access_control import OPERATOR, VIEWER
from monitor.models import Audit, User
from monitor.people import invitations
from monitor.people.provider import NoAnswer, guarded_session
from tests.people.conftest import person, signed_in
from tests.people.provider import CLIENT, OTHER_KEY, SECRET, Provider, running

pytestmark = pytest.mark.integration

EVA = {"sub": "eva-1", "email": "eva@corp.example", "email_verified": True, "given_name": "Eva",
       "preferred_username": "eva"}  # fmt: skip


@pytest.fixture
def provider(db: None, settings) -> Iterator[Provider]:
    with running() as made:
        made.claims = dict(EVA)
        settings.OIDC_ISSUER = made.url
        settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
        settings.OIDC_ROLE, settings.OIDC_DOMAINS = VIEWER, ["corp.example"]
        app = {"provider_id": "sso", "name": "Corp", "client_id": CLIENT, "secret": SECRET,
               "settings": {"server_url": made.url, "token_auth_method": "client_secret_post"}}  # fmt: skip
        settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}
        yield made


def come(client: Client, query: str = "") -> object:
    """From the button to where one ends up."""
    going = client.post(reverse("openid_connect_login", args=["sso"]) + query)
    there = unescape(re.search(r'<a href="(http[^"]+)" rel', going.content.decode())[1])
    back = httpx.get(there).headers["Location"]
    assert "/login/with/sso/callback/" in back
    return client.get(back.partition("testserver")[2])


def is_in(client: Client) -> bool:
    return client.get(reverse("settings")).status_code == 200


def test_a_new_person_of_the_domain_gets_the_role_that_is_set(provider: Provider) -> None:
    person("ada", "admin")
    client = Client()
    assert "Sign in by" in client.get(reverse("login")).content.decode()
    assert come(client)["Location"] == reverse("overview")
    assert is_in(client)
    eva = User.objects.get(email="eva@corp.example")
    assert [group.name for group in eva.groups.all()] == [VIEWER]
    assert not eva.has_usable_password()
    assert provider.asked["code_challenge_method"] == "S256"
    assert Audit.objects.filter(action="person.create", actor=eva.username).exists()
    again = Client()
    come(again)
    assert is_in(again)
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "role"),
    [
        ({"email": "eva@elsewhere.example"}, VIEWER),
        ({"email_verified": False}, VIEWER),
        ({"email": "eva@evil-corp.example"}, VIEWER),
        ({}, ""),
    ],
)
def test_a_stranger_stays_outside(provider: Provider, settings, change, role: str) -> None:
    settings.OIDC_ROLE = role
    person("ada", "admin")
    provider.claims |= change
    client = Client()
    assert "nobody has given you access" in come(client).content.decode()
    assert not is_in(client)
    assert User.objects.count() == 1


def test_the_first_person_is_made_by_the_setup_page_only(provider: Provider) -> None:
    come(Client())
    assert not User.objects.exists()


def test_an_invited_person_gets_the_role_of_the_invitation(provider: Provider, settings) -> None:
    settings.OIDC_ROLE = ""
    group = Group.objects.get(name=OPERATOR)
    made = invitations.invite("Eva@Corp.example", group, ["fr"], language="en", by=person("ada", "admin"),
                              now=timezone.now())  # fmt: skip
    client = Client()
    come(client)
    assert is_in(client)
    made.refresh_from_db()
    assert made.accepted_by.roles.get().tags == ["fr"]


def test_a_proven_address_is_the_same_person(provider: Provider) -> None:
    vera = person("vera", VIEWER)
    User.objects.filter(pk=vera.pk).update(email="eva@corp.example")
    vera.emailaddress_set.create(email="eva@corp.example", verified=True)
    client = Client()
    come(client)
    assert client.session["_auth_user_id"] == str(vera.pk)


def test_an_address_that_was_only_entered_is_nobodys(provider: Provider) -> None:
    User.objects.create_user("mallory", "eva@corp.example")
    client = Client()
    assert come(client).status_code == 200
    assert not is_in(client)
    assert User.objects.count() == 1


def test_a_person_connects_the_two_while_signed_in(provider: Provider) -> None:
    vera = person("vera", VIEWER)
    client = signed_in(vera)
    come(client, "?process=connect")
    assert vera.socialaccount_set.get().uid == "eva-1"
    assert Audit.objects.filter(action="person.provider_add", actor="vera").exists()
    other = Client()
    come(other)
    assert other.session["_auth_user_id"] == str(vera.pk)
    vera.set_password("battery staple 7")
    vera.save()
    client = signed_in(vera)
    client.post(reverse("socialaccount_connections"), {"account": vera.socialaccount_set.get().pk})
    assert not vera.socialaccount_set.exists()
    assert Audit.objects.filter(action="person.provider_remove", actor="vera").exists()


def test_a_provider_that_was_taken_away_leaves_no_broken_page(provider: Provider, settings) -> None:
    person("ada", "admin")
    client = Client()
    come(client)
    settings.OIDC_ISSUER, settings.SOCIALACCOUNT_PROVIDERS = "", {"openid_connect": {"APPS": []}}
    assert client.get(reverse("socialaccount_connections")).status_code == 404


def test_who_came_by_the_provider_makes_no_way_around_it(
    provider: Provider, settings, mailoutbox, monkeypatch
) -> None:
    person("ada", "admin")
    client, forgotten = Client(), {"email": "eva@corp.example"}
    come(client)
    eva = User.objects.get(email="eva@corp.example")
    assert reverse("password-change") not in client.get(reverse("settings")).content.decode()
    new = {"new_password1": "battery staple 7", "new_password2": "battery staple 7"}
    said = client.post(reverse("password-change"), new, follow=True).content.decode()
    assert "You sign in by" in said
    assert not User.objects.get(pk=eva.pk).has_usable_password()
    Client().post(reverse("account_reset_password"), forgotten)
    assert not mailoutbox
    assert 'name="passwordless"' not in client.get(reverse("mfa_add_webauthn")).content.decode()
    key = Authenticator.objects.create(user=eva, type="webauthn", data={})
    monkeypatch.setattr(AuthenticateWebAuthnForm, "clean_credential", lambda form: key)
    alone = Client()
    assert alone.post(reverse("mfa_login_webauthn"), {"credential": "{}"})["Location"] == reverse("login")
    assert not is_in(alone)
    key.delete()
    settings.OIDC_PASSWORDS = True
    Client().post(reverse("account_reset_password"), forgotten)
    assert mailoutbox
    assert client.post(reverse("password-change"), new)["Location"] == reverse("settings")
    assert User.objects.get(pk=eva.pk).check_password("battery staple 7")


def test_a_token_signed_by_another_is_refused(provider: Provider) -> None:
    provider.key = OTHER_KEY
    client = Client()
    assert "did not answer as it should" in come(client).content.decode()
    assert not is_in(client)


@pytest.mark.parametrize(
    "change", [{"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}, {"sub": "eva-1"}]
)
def test_a_token_for_another_or_about_another_is_refused(provider: Provider, change) -> None:
    if "sub" in change:
        provider.info = {"sub": "somebody-else"}
    provider.claims |= change
    client = Client()
    come(client)
    assert not is_in(client)


def test_an_answer_that_nobody_asked_for_is_refused(provider: Provider) -> None:
    client = Client()
    client.get(reverse("openid_connect_callback", args=["sso"]) + "?code=c0de&state=forged")
    assert not is_in(client)


def test_a_provider_that_does_not_answer_is_told(provider: Provider, settings) -> None:
    apps = settings.SOCIALACCOUNT_PROVIDERS
    apps["openid_connect"]["APPS"][0]["settings"]["server_url"] = settings.OIDC_ISSUER = "http://127.0.0.1:1"
    answer = Client().post(reverse("openid_connect_login", args=["sso"]))
    assert answer.status_code == 502
    assert "did not answer as it should" in answer.content.decode()


def test_a_provider_in_a_network_that_is_not_allowed_is_not_asked(
    provider: Provider, settings, caplog
) -> None:
    settings.SYNCWATCH_ALLOWED_NETWORKS = []
    answer = Client().post(reverse("openid_connect_login", args=["sso"]))
    assert answer.status_code == 502
    assert "127.0.0.1" not in answer.content.decode()
    assert "set SYNCWATCH_ALLOWED_NETWORKS" in caplog.text


@pytest.mark.parametrize("named", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_what_the_provider_names_leads_into_no_other_network(provider: Provider, named: str, caplog) -> None:
    """Discovery is public for all to read: what stands in it is not the operator's word."""
    provider.named = {named: "http://10.1.2.3/inside"}
    client = Client()
    come(client)
    assert not is_in(client)
    assert "10.1.2.3 is a private or reserved address" in caplog.text


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_that_answers_differently_the_second_time_gains_nothing(monkeypatch, scheme: str) -> None:
    answers, tried = iter(["93.184.216.34", "127.0.0.1"]), []

    def resolve(*_args: object, **_more: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 443))]

    def connect(place: tuple[str, int], *_args: object, **_more: object) -> None:
        tried.append(place[0])
        raise OSError("nobody there")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("monitor.people.provider.create_connection", connect)
    with pytest.raises(NoAnswer):
        guarded_session(5).get(f"{scheme}://login.corp.example/")
    assert tried == ["93.184.216.34"]


def test_an_address_of_the_provider_that_does_not_exist_is_told(provider: Provider, settings) -> None:
    settings.OIDC_ISSUER = "https://login.corp.example"
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    apps[0]["settings"]["server_url"] = f"http://{'x' * 64}.invalid"
    assert Client().post(reverse("openid_connect_login", args=["sso"])).status_code == 502


def test_without_a_provider_there_is_no_button_and_no_address(db: None) -> None:
    person("ada", "admin")
    assert "Sign in by" not in Client().get(reverse("login")).content.decode()
    assert Client().post(reverse("openid_connect_login", args=["sso"])).status_code == 404
