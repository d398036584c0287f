"""People of each group, and something connected for them to look at."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from integrations.models import Account, Integration, Store
from monitor.access_control import ADMIN, OPERATOR, VIEWER
from monitor.models import Incident, Member, Refresh, User, Verdict
from monitor.models.refreshes import RefreshStrategy

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "cs_0123456789abcdef0123456789abcdef01234567"
KEY = "ck_0123456789abcdef0123456789abcdef01234567"


def person(name: str, group: str | None = None, **more: object) -> User:
    user = User.objects.create_user(name, f"{name}@example.com", None, **more)
    if group:
        user.groups.add(Group.objects.get(name=group))
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="monitor.permissions.PermissionsBackend")
    return client


@pytest.fixture
def admin(db: None) -> Client:
    return signed_in(person("ada", ADMIN))


@pytest.fixture
def operator(db: None) -> Client:
    return signed_in(person("omar", OPERATOR))


@pytest.fixture
def viewer(db: None) -> Client:
    return signed_in(person("vera", VIEWER))


@dataclass
class Fleet:
    account: Account
    store: Store
    integration: Integration
    incident: Incident
    refresh: Refresh


@pytest.fixture
def fleet(db: None) -> Fleet:
    """A store that feeds a hub account, with an open incident and a refresh that has ended."""
    account = Account.objects.create(
        name="parcels", title="Parcels", kind="sendcloud", url="http://127.0.0.1:9/api/v3",
        credentials={"public_key": "public-key-0001", "secret_key": SECRET},
    )  # fmt: skip
    store = Store.objects.create(
        name="lyon", title="Boutique Lyon", platform="woocommerce", url="http://127.0.0.1:9/lyon",
        credentials={"consumer_key": KEY, "consumer_secret": SECRET}, tags=["fr"],
    )  # fmt: skip
    integration = Integration.objects.create(
        name="lyon-parcels", account=account, store=store, external_id="7"
    )
    Verdict.objects.create(integration=integration, state="fail", cause="imports", rule="stalled",
                           since=NOW, judged_at=NOW)  # fmt: skip
    incident = Incident.objects.create(
        scope=f"integration:{integration.pk}", cause="imports", rule="stalled", state="fail",
        opened_at=NOW, started_at=NOW,
    )  # fmt: skip
    Member.objects.create(incident=incident, integration=integration, joined_at=NOW)
    refresh = Refresh.objects.create(
        integration=integration, actor="omar", reason="customers call", strategy=RefreshStrategy.PANEL,
        stage="done", outcome="moved", requested_at=NOW, due_at=NOW, finished_at=NOW,
    )  # fmt: skip
    return Fleet(account, store, integration, incident, refresh)
