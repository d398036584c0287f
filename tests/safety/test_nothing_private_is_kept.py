"""Real reading of shops and a hub that send people's data and hold keys: none of it is in the database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from integrations.errors import RemoteError
from integrations.guard import ip_network
from integrations.models import Account, Integration, Store
from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import ACCOUNT, running_sandbox, shop, small_fleet
from monitor.collect.sweep import sweep
from monitor.models import Call, HubFailureLog, Job, Order, Shipment
from monitor.refresh.store_side import push_orders

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

PERSONAL = ("PRIVATE", "Jane", "+3160", "316000", "0000AA", "Mug", "private@")
SENT_BY_THE_HUB = ("SECRET", "Y2tfU0VDUkVU")
SHOPS = {
    "well": ("woocommerce", ""),
    "cloudy": ("shopify", ""),
    "walled": ("woocommerce", "firewall"),
    "revoked": ("woocommerce", "credentials_revoked"),
    "revoked-cloud": ("shopify", "credentials_revoked"),
    "broken": ("woocommerce", "database_down"),
    "cut-off": ("woocommerce", "truncated"),
    "large": ("magento", ""),
    "large-revoked": ("magento", "credentials_revoked"),
    "small": ("prestashop", ""),
    "small-revoked": ("prestashop", "credentials_revoked"),
    "small-walled": ("prestashop", "firewall"),
}
IN_THE_ADDRESS = {"woocommerce": {"sign_in": "query"}, "prestashop": {"key_in_query": True}}
"""Where keys are hardest to keep to oneself."""


@pytest.fixture
def sandbox(tmp_path: Path, settings: Settings) -> Iterator[Sandbox]:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    fleet = small_fleet([shop(name, platform) for name, (platform, _fault) in SHOPS.items()], now=None)
    with running_sandbox(fleet, tmp_path) as running:
        yield running


def connect(sandbox: Sandbox) -> list[str]:
    """Stores everything in the sandbox; gives the secrets that are held for it."""
    account = Account.objects.create(
        name=ACCOUNT,
        kind="sendcloud",
        url=sandbox.account_url,
        credentials=sandbox.account_credentials(ACCOUNT),
        settings={"refresh": sandbox.refresh_settings(), "push_to_any_system": True},
        requests_per_minute=6000,
    )
    secrets = list(account.credentials.values())
    for number, (name, (platform, _fault)) in enumerate(SHOPS.items(), start=1):
        store = Store.objects.create(
            name=name,
            platform=platform,
            url=sandbox.store_url(name),
            credentials=sandbox.store_credentials(name),
            settings=IN_THE_ADDRESS.get(platform, {}),
        )
        Integration.objects.create(name=name, store=store, account=account, external_id=str(number))
        secrets += store.credentials.values()
    return secrets


def everything_stored() -> dict[str, str]:
    """Every table as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [row[0] for row in cursor.fetchall()]
        texts = {}
        for table in tables:
            cursor.execute(f"SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM {table} t")
            texts[table] = cursor.fetchone()[0]
    return texts


def push_waiting(sandbox: Sandbox) -> list[str]:
    """Sends orders on to the hub, whole; what was said of it."""
    said = []
    for row in Integration.objects.filter(store__name__in=("well", "cloudy", "large", "small")):
        sandbox.add_orders(row.store.name, 2)
    Job.objects.update(due_at=timezone.now())
    sweep([], timezone.now())
    for row in Integration.objects.select_related("store", "account"):
        try:
            said.append(push_orders(row, (), system="", now=timezone.now(), tell=said.append))
        except RemoteError as error:
            said.append(str(error))
    return [sentence for sentence in said if sentence.startswith("Sendcloud took")]


def test_after_reading_and_judging_no_table_holds_a_person_or_a_secret(sandbox: Sandbox, caplog) -> None:
    secrets = connect(sandbox)
    for number, (name, (_platform, fault)) in enumerate(SHOPS.items(), start=1):
        sandbox.add_orders(name, 3)
        if fault:
            sandbox.break_shop(name, fault)
        sandbox.import_now(number)
        sandbox.ship_now(number)
    sweep([], timezone.now())
    sent = push_waiting(sandbox)
    Job.objects.update(due_at=timezone.now())
    sweep([], timezone.now())

    assert sent
    assert Shipment.objects.exists()
    assert Order.objects.count() >= 6
    assert HubFailureLog.objects.exists()
    assert Call.objects.exclude(excerpt="").exists()
    stored = everything_stored() | {"the log": caplog.text}
    for word in (*PERSONAL, *SENT_BY_THE_HUB, *secrets):
        for place, text in stored.items():
            assert word not in text, f"{word} is in {place}"
