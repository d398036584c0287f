"""What browsers and whatever stands between may keep of pages, and which requests change anything."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from tests.people.conftest import Fleet, admin, fleet, person, signed_in
from tests.people.test_urls_by_group import ANYBODY, DECLARED, address_of

pytestmark = pytest.mark.integration

__all__ = ["admin", "fleet"]


def test_no_page_with_data_is_kept_for_others(admin: Client, fleet: Fleet) -> None:
    loose = {}
    for name, page in DECLARED.items():
        if page.opens_for == ANYBODY or page.post is not None or "<" in "".join(page.args):
            continue
        answer = admin.get(address_of(name, page, fleet))
        said = set(re.split(r",\s*", answer.headers.get("Cache-Control", "")))
        b"".join(answer)  # a file is closed at its end
        if "private" not in said or not said & {"no-store", "no-cache"}:
            loose[name] = said
    assert not loose


def test_a_host_that_is_not_ours_gets_no_page(settings) -> None:
    settings.ALLOWED_HOSTS = ["watch.example"]
    for host in ("evil.example", "watch.example.evil.example", "watch.example@evil.example", "a b"):
        answer = Client().get(reverse("login"), headers={"Host": host}, HTTP_X_FORWARDED_HOST="watch.example")
        assert answer.status_code == 400, host
    pretended = Client().get(reverse("overview"), headers={"Host": "watch.example"},
                             HTTP_X_FORWARDED_HOST="evil.example")  # fmt: skip
    assert pretended["Location"] == f"{reverse('login')}?next=/"


def test_no_post_is_taken_without_the_token_of_a_form(db: None, fleet: Fleet) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("ada", "admin"), backend="monitor.permissions.PermissionsBackend")
    taken = []
    for name, page in DECLARED.items():
        if name.startswith("admin:") or "<" in "".join(page.args):
            continue
        url = address_of(name, page, fleet)
        for content in ("application/x-www-form-urlencoded", "application/json", "text/plain"):
            if client.post(url, "{}", content_type=content).status_code not in {403, 405}:
                taken.append((name, content))
    assert not taken


@pytest.mark.parametrize(
    "away",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
     "https:evil.example", "\thttps://evil.example/", "http:///evil.example/", "/%09/evil.example"],
)  # fmt: skip
def test_nothing_leads_away_from_here(away: str, db: None, fleet: Fleet) -> None:
    vera = person("vera", "operator")
    vera.set_password("correct horse 9")
    vera.save()
    entered = {"login": "vera", "password": "correct horse 9", "next": away}
    client = Client()
    answers = [client.post(reverse("login"), entered)]
    again = {"password": "correct horse 9", "next": away}
    answers.append(client.post(reverse("account_reauthenticate"), again))
    answers.append(client.post(reverse("incident-comment", args=[fleet.incident.pk]), {"text": "x"},
                               headers={"Referer": away}))  # fmt: skip
    answers.append(signed_in(vera).get(reverse("login"), {"next": away}))
    answers.append(client.post(reverse("logout"), {"next": away}))
    for answer in answers:
        assert answer.status_code == 302
        assert re.fullmatch(r"/(?![/\\\\\s])\S*", answer["Location"]), answer["Location"]
