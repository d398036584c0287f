"""People who look at the pages, and a fleet they look at."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import Group
from django.test import Client

from monitor.models import User

NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The one moment at which all pages of a test are asked for."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW


def signed_in(group: str, **changes: object) -> Client:
    """A browser in which a member of the group is signed in."""
    user = User.objects.create_user(group, **changes)
    user.groups.add(Group.objects.get(name=group))
    client = Client()
    client.force_login(user)
    return client


def text_of(client: Client, address: str = "/", **options) -> str:
    """The page at an address, its white space made even."""
    answer = client.get(address, **options)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


@pytest.fixture
def viewer(db) -> Client:
    return signed_in("viewer", time_zone="Europe/Paris")


@pytest.fixture
def operator(db) -> Client:
    return signed_in("operator", time_zone="Europe/Paris")


@pytest.fixture(autouse=True, scope="session")
def _static_root() -> None:
    """WhiteNoise warns when the place of collected files is not there, be it empty."""
    Path(django_settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
