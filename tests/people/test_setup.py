"""The first administrator is made once, by whoever has the printed address."""

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from freezegun import freeze_time

from monitor.dashboard.setup import setup_url
from monitor.models import Audit, User
from tests.people.conftest import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

ENTERED = {
    "username": "ada",
    "email": "ada@example.com",
    "password1": "correct horse 9",
    "password2": "correct horse 9",
}


def path() -> str:
    url = setup_url()
    assert url is not None
    return url.removeprefix(settings.PUBLIC_URL)


def token() -> str:
    return path().partition("token=")[2].replace("%3A", ":")


def test_address_makes_an_administrator_who_is_signed_in() -> None:
    client = Client()
    assert client.get(path()).status_code == 200
    answer = client.post(reverse("setup"), {**ENTERED, "token": token()})
    assert (answer.status_code, answer["Location"]) == (302, reverse("connect"))
    assert client.get(reverse("connect")).status_code == 200
    user = User.objects.get()
    assert user.is_superuser
    assert user.groups.get().name == "admin"
    assert Audit.objects.get().action == "person.create"


def test_page_without_the_token_makes_nobody() -> None:
    for wrong in ("", "first-administrator", "first-administrator:1:x"):
        answer = Client().post(reverse("setup"), {**ENTERED, "token": wrong})
        assert answer.status_code == 403
    assert not User.objects.exists()


def test_address_is_good_for_a_day() -> None:
    with freeze_time("2026-11-22 12:00"):
        old = path()
    with freeze_time("2026-11-23 12:01"):
        assert Client().get(old).status_code == 403


def test_address_leads_nowhere_once_somebody_exists() -> None:
    old = path()
    used = token()
    person("eve")
    assert setup_url() is None
    assert Client().get(old)["Location"] == reverse("login")
    assert Client().post(reverse("setup"), {**ENTERED, "token": used})["Location"] == reverse("login")
    assert User.objects.count() == 1
    with pytest.raises(CommandError):
        call_command("setup_link")


def test_weak_password_is_refused_with_the_reason() -> None:
    weak = {**ENTERED, "password1": "12345", "password2": "12345", "token": token()}
    answer = Client().post(reverse("setup"), weak)
    assert answer.status_code == 422
    assert "too short" in answer.content.decode()


def test_sign_in_page_of_an_empty_installation_says_what_to_do() -> None:
    assert "manage.py setup_link" in Client().get(reverse("login")).content.decode()
