"""Connecting zones in front of stores, and hubs that do not list their integrations."""

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from integrations.contracts import ConnectionReport, Need
from integrations.models import Account, Integration, Store
from monitor.dashboard.connect import views
from tests.people.conftest import Fleet
from tests.people.test_connecting import STORE, add_store

pytestmark = pytest.mark.integration


def zone(admin: Client) -> Account:
    entered = {"title": "Shop zones", "url": "https://api.cloudflare.com/client/v4", "is_active": "on",
               "requests_per_minute": "60", "credentials-token": "t" * 40, "settings-rule_book": "today",
               "settings-check_dns": "on"}  # fmt: skip
    answer = admin.post(reverse("connect-account-add", args=["cloudflare"]), entered)
    assert answer.status_code == 302, answer.content.decode()
    return Account.objects.get(kind="cloudflare")


def test_store_is_put_behind_a_zone_and_touched_only_when_allowed(admin: Client) -> None:
    add_store(admin)
    url = reverse("connect-store", args=["boutique-lyon"])
    assert 'name="edge"' not in admin.get(url).content.decode()
    account = zone(admin)
    hub = Account.objects.create(name="hub", kind="sendcloud", url="https://panel.sendcloud.sc")
    entered = {**STORE, "edge": str(account.pk), "edge_host": "www.lyon.example", "allows_nudge": "on"}
    assert admin.post(url, entered).status_code == 302
    store = Store.objects.get()
    assert (store.edge, store.edge_host, store.allows_nudge) == (account, "www.lyon.example", True)
    wrong = admin.post(url, {**entered, "edge": str(hub.pk)})
    assert "edge" in wrong.context["form"].errors


def test_zone_has_its_own_list_and_keeps_its_stores(admin: Client, fleet: Fleet) -> None:
    account = zone(admin)
    Store.objects.update(edge=account)
    answer = admin.get(reverse("connect"))
    assert [item.row for item in answer.context["accounts"]] == [fleet.account]
    assert [(item.row, item.integrations) for item in answer.context["edges"]] == [(account, 1)]
    page = admin.get(reverse("connect-account", args=[account.name])).content.decode()
    assert "Stores behind it" in page
    assert "Boutique Lyon" in page
    url = reverse("connect-account-remove", args=[account.name])
    assert "Stores are still behind it" in admin.get(url).content.decode()
    admin.post(url)
    assert Account.objects.filter(pk=account.pk).exists()


def test_hub_that_lists_nothing_is_given_its_stores_by_hand(
    admin: Client, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    Account.objects.create(name="marketing", kind="braze", url="https://rest.iad-01.braze.com",
                           credentials={"api_key": "key-0123456789"})  # fmt: skip
    met = ConnectionReport((Need("The key", True, "It is good."),))
    side = replace(views.ACCOUNTS, check=lambda _row, _now: met)
    monkeypatch.setitem(views.SIDES, "account", side)
    answer = admin.post(reverse("connect-account-test", args=["marketing"]))
    page = answer.content.decode()
    assert "Which stores does it hear of?" in page
    assert 'name="store-lyon"' in page
    admin.post(reverse("connect-watch", args=["marketing"]), {"store-lyon": "lyon"})
    row = Integration.objects.get(account__name="marketing")
    assert (row.store, row.external_id) == (fleet.store, "lyon")
    again = admin.post(reverse("connect-account-test", args=["marketing"]))
    assert [item.is_watched for item in again.context["matches"]] == [True]
