"""Signing in with a password or a one-time link, the limit on attempts, and one's own settings."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from freezegun import freeze_time
from sesame.utils import get_query_string

from monitor.models import Audit, User
from tests.people.conftest import person, signed_in

pytestmark = pytest.mark.integration

PASSWORD = "correct horse 9"


@pytest.fixture
def vera(db: None) -> User:
    user = person("vera", "viewer")
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(client: Client, password: str, **more: str) -> int:
    return client.post(reverse("login"), {"login": "vera", "password": password, **more}).status_code


def test_right_password_leads_where_one_wanted_to_go(vera: User) -> None:
    client = Client()
    asked = client.get(reverse("incidents"))
    assert asked["Location"] == f"{reverse('login')}?next={reverse('incidents')}"
    answer = client.post(asked["Location"], {"login": "vera", "password": PASSWORD, "next": "/incidents/"})
    assert answer["Location"] == "/incidents/"


def test_another_site_is_no_place_to_go(vera: User) -> None:
    data = {"login": "vera", "password": PASSWORD, "next": "https://evil.example/"}
    assert Client().post(reverse("login"), data)["Location"] == reverse("overview")


def test_too_many_wrong_passwords_close_the_door_for_a_while(vera: User) -> None:
    with freeze_time("2026-11-22 12:00") as clock:
        statuses = [sign_in(Client(), "wrong") for _ in range(11)]
        assert statuses == [200] * 10 + [429]
        assert sign_in(Client(), PASSWORD) == 429
        clock.tick(timedelta(minutes=16))
        assert sign_in(Client(), PASSWORD) == 302


def test_lockout_of_one_name_leaves_others_alone(vera: User) -> None:
    other = person("otto")
    other.set_password(PASSWORD)
    other.save()
    for _ in range(10):
        sign_in(Client(), "wrong")
    assert Client().post(reverse("login"), {"login": "otto", "password": PASSWORD}).status_code == 302


def test_one_time_link_signs_in_once(vera: User) -> None:
    link = reverse("login-once") + get_query_string(vera)
    client = Client()
    assert client.get(link)["Location"] == reverse("overview")
    assert client.get(reverse("settings")).status_code == 200
    again = Client()
    answer = again.get(link, follow=True)
    assert "used already or is too old" in answer.content.decode()
    assert again.get(reverse("settings")).status_code == 302


def test_one_time_link_grows_old(vera: User) -> None:
    with freeze_time("2026-11-22 12:00"):
        link = reverse("login-once") + get_query_string(vera)
    with freeze_time("2026-11-23 00:01"):
        assert Client().get(link)["Location"] == reverse("login")


def test_signing_out_ends_the_session(vera: User) -> None:
    client = signed_in(vera)
    assert client.post(reverse("logout"))["Location"] == reverse("login")
    assert client.get(reverse("settings")).status_code == 302


def test_settings_change_language_and_zone(vera: User) -> None:
    client = signed_in(vera)
    entered = {"first_name": "Vera", "last_name": "", "email": "vera@example.com", "language": "fr",
               "time_zone": "Europe/Paris"}  # fmt: skip
    assert client.post(reverse("settings"), entered).status_code == 302
    vera.refresh_from_db()
    assert (vera.language, vera.time_zone) == ("fr", "Europe/Paris")
    assert '<html lang="fr"' in client.get(reverse("settings")).content.decode()
    row = Audit.objects.get(action="person.change")
    assert (row.before["time_zone"], row.after["time_zone"]) == ("", "Europe/Paris")


def test_settings_refuse_a_zone_that_does_not_exist(vera: User) -> None:
    entered = {"email": "vera@example.com", "language": "en", "time_zone": "Moon/Tycho"}
    assert signed_in(vera).post(reverse("settings"), entered).status_code == 422


def test_new_password_works_and_is_audited_without_it(vera: User) -> None:
    new = "battery staple 7"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert signed_in(vera).post(reverse("password-change"), data)["Location"] == reverse("settings")
    assert sign_in(Client(), new) == 302
    row = Audit.objects.get(action="person.password")
    assert (row.actor, row.before, row.after) == ("vera", {}, {})
