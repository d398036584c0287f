"""Connecting a store by its address: what is there is found, and the right form appears filled in."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from integrations.models import Account, Integration, Store
from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from monitor.dashboard.connect import testing
from monitor.models import Audit

pytestmark = pytest.mark.integration

FLEET = small_fleet(
    [
        shop("lyon", time_zone="Europe/Paris"),
        shop("shopify", "shopify", time_zone="America/New_York"),
        shop("magento", "magento"),
    ],
    now=None,
)


@pytest.fixture
def sandbox(tmp_path: Path, settings: Settings) -> Iterator[Sandbox]:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    with running_sandbox(FLEET, tmp_path) as running:
        yield running


def test_address_alone_leads_to_the_right_form_and_saving_it_to_the_test(
    admin: Client, sandbox: Sandbox
) -> None:
    url = sandbox.store_url("lyon")
    answer = admin.post(reverse("connect-store-find"), {"url": f"{url}/wp-admin/"})
    page = answer.content.decode()
    assert "WooCommerce was found at" in page
    assert "Europe/Paris" in page
    form = answer.context["form"]
    entered = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    assert (entered["url"], entered["time_zone"], entered["title"]) == (url, "Europe/Paris", "Lyon")
    assert answer.context["action"] == reverse("connect-store-add", args=["woocommerce"])
    key, secret = FLEET.woocommerce_key("lyon", "monitor")
    entered |= {"credentials-consumer_key": key, "credentials-consumer_secret": secret}
    saved = admin.post(answer.context["action"], entered)
    assert saved["Location"] == f"{reverse('connect-store', args=['lyon'])}?test"
    report = admin.post(reverse("connect-store-test", args=["lyon"])).context["report"]
    assert "The key may read orders" in {need.name for need in report.needs if need.met}


def test_zone_that_only_a_key_shows_is_taken_while_connecting(
    admin: Client, sandbox: Sandbox, settings: Settings
) -> None:
    store = Store.objects.create(
        name="nord",
        platform="shopify",
        url=sandbox.store_url("shopify"),
        credentials=sandbox.store_credentials("shopify"),
    )
    url = reverse("connect-store-test", args=["nord"])
    page = reverse("connect-store", args=["nord"])
    # The page that is open still shows the zone before: it is loaded anew.
    assert admin.post(url, headers={"HX-Request": "true"})["HX-Redirect"] == f"{page}?test"
    store.refresh_from_db()
    assert store.time_zone == FLEET.shop("shopify").time_zone != "UTC"
    Store.objects.update(time_zone="Asia/Tokyo")
    assert "here it is Asia/Tokyo" in admin.post(url, headers={"HX-Request": "true"}).content.decode()
    store.refresh_from_db()
    assert store.time_zone == "Asia/Tokyo"


def test_shop_without_a_webhook_secret_gets_one_with_its_webhooks(
    admin: Client, sandbox: Sandbox, settings: Settings
) -> None:
    settings.SYNCWATCH_WEBHOOK_URL = "https://watch.example"
    store = Store.objects.create(
        name="lyon",
        platform="woocommerce",
        url=sandbox.store_url("lyon"),
        credentials=sandbox.store_credentials("lyon"),
    )
    account = Account.objects.create(name="eu", kind="sendcloud", url="https://hub.example")
    Integration.objects.create(name="lyon-eu", account=account, store=store, external_id="1")
    url = reverse("store-subscribe", args=["lyon-eu"])
    assert "webhooks are switched on." in admin.post(url, follow=True).content.decode()
    assert Audit.objects.filter(action="store.subscribe").exists()
    store.refresh_from_db()
    secret = store.credentials["webhook_secret"]
    assert len(secret) >= 32
    assert secret not in str([(row.before, row.after) for row in Audit.objects.all()])
    assert "switched on already" in admin.post(url, follow=True).content.decode()
    store.refresh_from_db()
    assert store.credentials["webhook_secret"] == secret


@pytest.mark.parametrize("name", ["shopify", "magento"])
def test_form_is_that_of_the_platform_with_its_steps(admin: Client, sandbox: Sandbox, name: str) -> None:
    answer = admin.post(reverse("connect-store-find"), {"url": sandbox.store_url(name)})
    assert answer.context["found"].platform == name
    assert f"Where the key is in {answer.context['kind_label']}" in answer.content.decode()


def test_shop_that_does_not_tell_its_name_has_the_one_the_hub_knows(admin: Client, sandbox: Sandbox) -> None:
    url = sandbox.store_url("shopify")
    answer = admin.post(reverse("connect-store-find"), {"url": url, f"title {url}": "Hudson Coffee"})
    assert answer.context["form"]["title"].value() == "Hudson Coffee"


def test_store_that_is_connected_already_is_named(admin: Client, sandbox: Sandbox) -> None:
    url = sandbox.store_url("lyon")
    Store.objects.create(name="old", title="Old Lyon", platform="woocommerce", url=url)
    page = admin.post(reverse("connect-store-find"), {"url": url}).content.decode()
    assert "connected already" in page
    assert "Old Lyon" in page


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "no web address"),
        ("two words", "no web address"),
        ("http://127.0.0.1:1", "private or reserved"),
        ("http://169.254.169.254/latest", "private or reserved"),
        ("<b>bold</b> words", "no web address"),
    ],
)
def test_what_cannot_be_asked_is_said_and_what_was_typed_stays(
    admin: Client, typed: str, sentence: str
) -> None:
    answer = admin.post(reverse("connect-store-find"), {"url": typed})
    assert answer.status_code == 422
    assert sentence in str(answer.context["problem"])
    assert answer.context["typed"] == typed
    assert "<b>bold" not in answer.content.decode()


def test_place_without_a_shop_offers_to_choose_the_platform(admin: Client, sandbox: Sandbox) -> None:
    answer = admin.post(reverse("connect-store-find"), {"url": sandbox.store_url("nobody")})
    assert answer.status_code == 422
    assert reverse("connect-store-add", args=["prestashop"]) in answer.content.decode()


def test_slow_address_ends_at_the_deadline(
    admin: Client, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "DEADLINE_S", 0.3)
    sandbox.break_shop("lyon", "slow", seconds=2)
    answer = admin.post(reverse("connect-store-find"), {"url": sandbox.store_url("lyon")})
    assert "did not answer within" in str(answer.context["problem"])


def test_nothing_is_asked_by_opening_the_page(admin: Client) -> None:
    answer = admin.get(reverse("connect-store-find"), {"url": "http://127.0.0.1:1"})
    assert answer.status_code == 200
    assert 'value="http://127.0.0.1:1"' in answer.content.decode()
