"""People who look at the pages, and a fleet they look at."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from monitor.models import User

NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """The one moment at which all pages of a test are asked for."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    return NOW


def person(group: str, **changes: object) -> User:
    user = User.objects.create_user(group, password="x", **changes)
    user.groups.add(Group.objects.get(name=group))
    return user


@pytest.fixture
def viewer(db) -> Client:
    client = Client()
    client.force_login(person("viewer", time_zone="Europe/Paris"))
    return client


@pytest.fixture
def operator(db) -> Client:
    client = Client()
    client.force_login(person("operator", time_zone="Europe/Paris"))
    return client


@pytest.fixture(autouse=True)
def _static_root(settings, tmp_path) -> None:
    """An empty place for collected files: WhiteNoise warns when there is none."""
    settings.STATIC_ROOT = tmp_path
