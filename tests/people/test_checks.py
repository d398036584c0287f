"""Mistakes in the settings are found before anything starts."""

import pytest
from pytest_django import Settings

from monitor import checks

pytestmark = pytest.mark.unit


def ids(*found: object) -> list[str]:
    return [message.id for messages in found for message in messages]  # type: ignore[attr-defined]


def test_settings_of_this_machine_are_fine() -> None:
    assert (
        ids(checks.check_keys(), checks.check_addresses(), checks.check_debug(), checks.check_database())
        == []
    )


def test_missing_key(settings: Settings) -> None:
    settings.SYNCWATCH_KEYS = []
    assert ids(checks.check_keys()) == ["syncwatch.E001"]


def test_key_that_is_none(settings: Settings) -> None:
    settings.SYNCWATCH_KEYS = [*settings.SYNCWATCH_KEYS, "hunter2"]
    (message,) = checks.check_keys()
    assert message.id == "syncwatch.E002"
    assert "number 2" in message.msg
    assert "hunter2" not in message.msg


@pytest.mark.parametrize(
    ("url", "hosts", "expected"),
    [
        ("https://sync.example.com", ["sync.example.com"], []),
        ("https://sync.example.com", [".example.com"], []),
        ("http://127.0.0.1:8000", ["127.0.0.1"], []),
        ("http://[::1]:8000", ["[::1]"], []),
        ("sync.example.com", ["sync.example.com"], ["syncwatch.E003"]),
        ("https://sync.example.com", ["127.0.0.1"], ["syncwatch.E004"]),
        ("http://sync.example.com", ["sync.example.com"], ["syncwatch.W005"]),
    ],
)
def test_public_address(settings: Settings, url: str, hosts: list[str], expected: list[str]) -> None:
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = url, hosts
    assert ids(checks.check_addresses()) == expected


def test_debug_pages_on_a_public_address(settings: Settings) -> None:
    settings.DEBUG, settings.PUBLIC_URL = True, "https://sync.example.com"
    assert ids(checks.check_debug()) == ["syncwatch.W006"]


def test_who_must_have_a_second_factor_is_known(settings: Settings) -> None:
    settings.REQUIRE_MFA = "admin"
    assert ids(checks.check_accounts()) == ["syncwatch.E010"]


def test_a_provider_needs_what_it_gave_at_registering(settings: Settings) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_SECRET = "https://login.example", "x", ""
    assert ids(checks.check_accounts()) == ["syncwatch.E011"]
