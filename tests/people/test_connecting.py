"""Connecting stores and hubs: what is entered, what is kept, what is never shown, and the live test."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import orjson
import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from integrations.models import Account, Integration, Store
from monitor.models import Audit, Incident, Job
from tests.people.conftest import KEY, SECRET, Fleet

pytestmark = pytest.mark.integration

STORE = {
    "title": "Boutique Lyon",
    "url": "https://lyon.example.com",
    "time_zone": "Europe/Paris",
    "tags": "fr, outlet, fr",
    "is_active": "on",
    "credentials-consumer_key": KEY,
    "credentials-consumer_secret": SECRET,
    "settings-expected_statuses": "processing\non-hold\n",
    "settings-look_back_s": "900",
    "settings-api_root": "wp-json",
    "settings-page_size": "50",
}

SHOPIFY = {
    "title": "Nord",
    "url": "https://nord.myshopify.com",
    "time_zone": "UTC",
    "is_active": "on",
    "settings-api_version": "2026-10",
    "settings-look_back_s": "600",
    "settings-page_size": "50",
}


def add_store(client: Client, **changed: str) -> str:
    answer = client.post(reverse("connect-store-add", args=["woocommerce"]), {**STORE, **changed})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_new_store_is_kept_as_entered_and_its_test_starts(admin: Client) -> None:
    assert add_store(admin) == f"{reverse('connect-store', args=['boutique-lyon'])}?test"
    store = Store.objects.get()
    assert (store.name, store.time_zone, store.tags) == ("boutique-lyon", "Europe/Paris", ["fr", "outlet"])
    assert store.credentials == {"consumer_key": KEY, "consumer_secret": SECRET}
    assert store.settings["expected_statuses"] == ["processing", "on-hold"]
    assert store.settings["look_back_s"] == 900
    page = admin.get(reverse("connect-store", args=["boutique-lyon"]) + "?test").content.decode()
    assert 'hx-trigger="submit, load once"' in page


def test_stored_credentials_are_never_shown(admin: Client, fleet: Fleet) -> None:
    pages = [
        reverse("connect"),
        reverse("connect-store", args=["lyon"]),
        reverse("connect-account", args=["parcels"]),
        reverse("admin:integrations_store_change", args=[fleet.store.pk]),
        reverse("admin:integrations_account_change", args=[fleet.account.pk]),
    ]
    for page in pages:
        shown = admin.get(page).content.decode()
        assert SECRET not in shown
        assert KEY not in shown
        assert "public-key-0001" not in shown


def test_credentials_come_back_neither_after_a_mistake(admin: Client) -> None:
    wrong = {**STORE, "url": "not an address"}
    answer = admin.post(reverse("connect-store-add", args=["woocommerce"]), wrong)
    assert answer.status_code == 422
    assert SECRET not in answer.content.decode()


def test_empty_secret_keeps_the_stored_one(admin: Client) -> None:
    add_store(admin)
    entered = {**STORE, "title": "Lyon", "credentials-consumer_key": "", "credentials-consumer_secret": ""}
    assert admin.post(reverse("connect-store", args=["boutique-lyon"]), entered).status_code == 302
    store = Store.objects.get()
    assert store.title == "Lyon"
    assert store.credentials == {"consumer_key": KEY, "consumer_secret": SECRET}


def test_optional_secret_can_be_forgotten(admin: Client) -> None:
    url = reverse("connect-store-add", args=["shopify"])
    token = {"credentials-access_token": "shpat_0123456789"}
    assert admin.post(url, {**SHOPIFY, **token}).status_code == 302
    pair = {"credentials-client_id": "client-1", "credentials-client_secret": SECRET,
            "credentials-forget-access_token": "on"}  # fmt: skip
    assert admin.post(reverse("connect-store", args=["nord"]), {**SHOPIFY, **pair}).status_code == 302
    assert Store.objects.get().credentials == {"client_id": "client-1", "client_secret": SECRET}


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("credentials-consumer_secret", "", "This field is required."),
        ("credentials-consumer_key", "ck_", "It has at least 8 characters"),
        ("settings-look_back_s", "-5", "It must be at least 0."),
        ("settings-api_root", "https://elsewhere.example", "Give a path such as wp-json"),
        ("time_zone", "Moon/Tycho", "not one of the available choices"),
        ("name", "lyon", "is taken"),
        ("title", "", "This field is required."),
    ],
)
def test_mistake_is_named_at_its_field(
    admin: Client, fleet: Fleet, field: str, value: str, sentence: str
) -> None:
    answer = admin.post(reverse("connect-store-add", args=["woocommerce"]), {**STORE, field: value})
    assert answer.status_code == 422
    assert sentence in str(answer.context["form"].errors[field])
    assert Store.objects.count() == 1


def test_numbers_are_entered_one_per_line(admin: Client) -> None:
    entered = {
        "title": "Lune",
        "url": "https://lune.example",
        "time_zone": "UTC",
        "credentials-key": "K" * 32,
        "settings-expected_states": "2\n11\n",
        "settings-look_back_s": "600",
        "settings-page_size": "100",
        "settings-api_root": "api",
    }
    url = reverse("connect-store-add", args=["prestashop"])
    wrong = admin.post(url, {**entered, "settings-expected_states": "2\npaid"})
    assert "Write whole numbers." in str(wrong.context["form"].errors["settings-expected_states"])
    assert admin.post(url, entered).status_code == 302
    page = admin.get(reverse("connect-store", args=["lune"])).content.decode()
    assert "2\n11</textarea>" in page


def test_credentials_that_do_not_go_together_are_refused(admin: Client) -> None:
    entered = {**SHOPIFY, "credentials-client_id": "client-1"}
    answer = admin.post(reverse("connect-store-add", args=["shopify"]), entered)
    assert answer.status_code == 422
    assert "or the client id with its client secret" in str(answer.context["form"].non_field_errors())


def test_new_account_is_offered_the_platforms_address(admin: Client) -> None:
    page = admin.get(reverse("connect-account-add", args=["sendcloud"])).content.decode()
    assert 'value="https://panel.sendcloud.sc"' in page


def test_described_hub_is_entered_as_json(admin: Client) -> None:
    url = reverse("connect-account-add", args=["generic"])
    assert "<details open" in admin.get(url).content.decode()
    source = '{"url": "https://oms.example.com/x", "fields": {"order_id": "shop_order_id"}}'
    entered = {"title": "OMS", "url": "https://oms.example.com", "requests_per_minute": "60",
               "is_active": "on", "settings-integrations": source, "settings-look_back_s": "600"}  # fmt: skip
    wrong = admin.post(url, {**entered, "settings-arrivals": "{not json"})
    assert "not valid JSON" in str(wrong.context["form"].errors["settings-arrivals"])
    missing = admin.post(url, {**entered, "settings-arrivals": "{}"})
    assert "url: This is needed." in str(missing.context["form"].errors["settings-arrivals"])
    assert admin.post(url, {**entered, "settings-arrivals": source}).status_code == 302
    account = Account.objects.get()
    assert account.settings["arrivals"]["fields"] == {"order_id": "shop_order_id"}


def test_changes_are_audited_without_secrets(admin: Client) -> None:
    add_store(admin)
    new_secret = "cs_ffffffffffffffffffffffffffffffffffffffff"
    add = {**STORE, "tags": "fr", "credentials-consumer_key": "", "credentials-consumer_secret": new_secret}
    admin.post(reverse("connect-store", args=["boutique-lyon"]), add)
    made, changed = Audit.objects.order_by("pk")
    assert (made.action, made.actor, made.target) == ("store.create", "ada", "store boutique-lyon")
    assert changed.action == "store.change"
    assert (changed.before, changed.after) == (
        {"tags": ["fr", "outlet"]},
        {"tags": ["fr"], "credentials_changed": ["consumer_key", "consumer_secret"]},
    )
    everything = str([made.before, made.after, changed.before, changed.after])
    assert not {SECRET, new_secret, KEY} & set(everything.split("'"))


def test_saving_nothing_new_leaves_no_audit(admin: Client) -> None:
    add_store(admin)
    admin.post(reverse("connect-store", args=["boutique-lyon"]), {**STORE})
    assert Audit.objects.count() == 1


# --- the live test, against a hub and a shop that really answer -------------------------------------


class Remote(BaseHTTPRequestHandler):
    """A Sendcloud account with one integration per shop; /shop wants another key."""

    def do_GET(self) -> None:
        if "Basic" not in self.headers.get("Authorization", ""):
            return self.answer(401, {"errors": [{"status": "401", "code": "authentication_failed"}]})
        if self.path.startswith("/api/v3/integrations"):
            shops = {7: "http://127.0.0.1:9/lyon", 8: "https://www.paris.example.com/"}
            rows = [
                {"id": key, "type": "woocommerce_v2", "shop_name": f"Shop {key}", "shop_url": url,
                 "started_failing_at": None, "last_fetched_at": "2026-11-22T11:00:00Z"}
                for key, url in shops.items()
            ]  # fmt: skip
            return self.answer(200, {"data": rows})
        return self.answer(200, {"data": {"user_id": 1, "integration_id": 1}})

    def answer(self, status: int, document: object) -> None:
        body = orjson.dumps(document)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Quiet."""


@pytest.fixture
def hub(settings: Settings) -> Iterator[str]:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Remote)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_account_that_answers_lists_its_integrations_with_their_stores(
    admin: Client, fleet: Fleet, hub: str
) -> None:
    Account.objects.update(url=hub)
    Integration.objects.all().delete()
    Store.objects.create(name="paris", platform="shopify", url="https://paris.example.com")
    answer = admin.post(reverse("connect-account-test", args=["parcels"]))
    page = answer.content.decode()
    assert "Connected." in page
    assert {item.integration.external_id: item.store.name for item in answer.context["matches"]} == {
        "7": "lyon",
        "8": "paris",
    }
    assert answer.context["report"].ok


def test_test_for_htmx_is_only_the_report(admin: Client, fleet: Fleet, hub: str) -> None:
    Account.objects.update(url=hub)
    url = reverse("connect-account-test", args=["parcels"])
    page = admin.post(url, headers={"HX-Request": "true"}).content.decode()
    assert "Connected." in page
    assert "<html" not in page


def test_chosen_integrations_are_watched_and_get_their_work(admin: Client, fleet: Fleet) -> None:
    Store.objects.create(name="paris", platform="woocommerce", url="https://paris.example.com",
                         credentials=fleet.store.credentials)  # fmt: skip
    chosen = {"store-7": "lyon", "store-8": "paris", "store-9": "", "store-10": "no-such-store"}
    answer = admin.post(reverse("connect-watch", args=["parcels"]), chosen)
    # As long as nobody is told of anything, that is the next step.
    assert answer["Location"] == reverse("notices")
    assert list(Integration.objects.values_list("name", "external_id")) == [
        ("lyon-parcels", "7"),
        ("paris-parcels", "8"),
    ]
    assert Job.objects.filter(kind="store_orders").count() == 2
    assert Audit.objects.get(action="integration.create").after["store"] == "paris"


def test_address_nobody_answers_at_says_so_and_what_to_do(
    admin: Client, fleet: Fleet, settings: Settings
) -> None:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    answer = admin.post(reverse("connect-store-test", args=["lyon"]))
    report = answer.context["report"]
    unmet = [need for need in report.needs if need.met is False]
    assert not report.ok
    assert "127.0.0.1" in unmet[0].detail
    assert "refused" in unmet[0].detail
    assert "Not connected" in answer.content.decode()


def test_silent_address_ends_the_test_at_the_deadline(
    admin: Client, fleet: Fleet, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    monkeypatch.setattr("monitor.dashboard.connect.testing.DEADLINE_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        Account.objects.update(url=f"http://127.0.0.1:{silent.getsockname()[1]}")
        answer = admin.post(reverse("connect-account-test", args=["parcels"]))
    unmet = next(need for need in answer.context["report"].needs if need.met is False)
    assert "did not end within" in unmet.detail


def test_private_address_is_refused_by_the_guard_with_the_way_out(admin: Client, fleet: Fleet) -> None:
    answer = admin.post(reverse("connect-account-test", args=["parcels"]))
    unmet = next(need for need in answer.context["report"].needs if need.met is False)
    assert "SYNCWATCH_ALLOWED_NETWORKS" in f"{unmet.detail} {unmet.remedy}"


def test_account_without_a_key_is_told_what_is_missing(admin: Client, fleet: Fleet, hub: str) -> None:
    account = fleet.account
    account.url, account.credentials = hub, {}
    account.save()
    answer = admin.post(reverse("connect-account-test", args=["parcels"]))
    unmet = next(need for need in answer.context["report"].needs if need.met is False)
    assert "public_key" in unmet.detail


# --- the list, changing and removing -----------------------------------------------------------------


def test_empty_list_teaches_the_three_steps(admin: Client) -> None:
    page = admin.get(reverse("connect")).content.decode()
    assert "Nothing is connected yet" in page
    assert reverse("connect-store-add", args=["shopify"]) in page
    assert reverse("connect-store-find") in page
    assert reverse("connect-account-add", args=["cloudflare"]) in page


def test_list_says_what_is_missing_next(admin: Client, fleet: Fleet) -> None:
    Store.objects.create(name="paris", platform="shopify", url="https://p.example",
                         credentials={"access_token": "shpat_0123456789"})  # fmt: skip
    Account.objects.create(name="new", kind="sendcloud", url="https://panel.sendcloud.sc")
    Job.objects.create(
        kind="store_orders", target_id=fleet.store.pk, due_at="2026-11-22T12:00Z", interval_s=60,
        last_started_at="2026-11-22T12:00Z", last_error="Blocked", last_message="nginx refuses with 403.",
    )  # fmt: skip
    page = admin.get(reverse("connect")).content.decode()
    assert "nginx refuses with 403." in page
    assert "Link it to a hub" in page
    assert "Enter its key." in page


def test_list_takes_the_same_queries_for_any_number(
    admin: Client, fleet: Fleet, django_assert_max_num_queries
) -> None:
    for number in range(20):
        Store.objects.create(name=f"s{number}", platform="shopify", url="https://p.example")
    with django_assert_max_num_queries(10):
        admin.get(reverse("connect"))


def test_tolerance_is_entered_in_minutes(admin: Client, fleet: Fleet) -> None:
    url = reverse("connect-integration", args=["lyon-parcels"])
    admin.post(url, {"tolerance_min": "45"})
    assert Integration.objects.get().tolerance_s == 2700
    admin.post(url, {"tolerance_min": "", "is_paused": "on"})
    row = Integration.objects.get()
    assert (row.tolerance_s, row.is_paused) == (None, True)


def test_tolerance_in_seconds_stays_exact_when_it_is_not_touched(admin: Client, fleet: Fleet) -> None:
    Integration.objects.update(tolerance_s=100)
    admin.post(reverse("connect-integration", args=["lyon-parcels"]), {"tolerance_min": "2"})
    assert Integration.objects.get().tolerance_s == 100


def test_removing_an_integration_asks_first_and_closes_its_incident(admin: Client, fleet: Fleet) -> None:
    url = reverse("connect-integration-remove", args=["lyon-parcels"])
    assert "Its history goes with it" in admin.get(url).content.decode()
    assert Integration.objects.exists()
    admin.post(url)
    assert not Integration.objects.exists()
    assert Incident.objects.get().closed_at is not None
    assert not Job.objects.exists()
    assert Audit.objects.get(action="integration.remove").before["external_id"] == "7"


def test_store_with_integrations_is_not_removed(admin: Client, fleet: Fleet) -> None:
    url = reverse("connect-store-remove", args=["lyon"])
    assert "Remove those first" in admin.get(url).content.decode()
    admin.post(url)
    assert Store.objects.exists()
    assert not Audit.objects.filter(action="store.remove").exists()


def test_tolerance_of_tracking_numbers_is_entered_in_minutes(admin: Client, fleet: Fleet) -> None:
    Integration.objects.update(tolerance_s=100)
    admin.post(
        reverse("connect-integration", args=["lyon-parcels"]),
        {"tolerance_min": "2", "tracking_tolerance_min": "90"},
    )
    row = Integration.objects.get()
    assert (row.tolerance_s, row.tracking_tolerance_s) == (100, 5400)


def test_second_store_at_an_address_is_told_of(admin: Client) -> None:
    add_store(admin)
    entered = {**STORE, "title": "Boutique Lyon bis", "name": "lyon-bis"}
    answer = admin.post(reverse("connect-store-add", args=["woocommerce"]), entered, follow=True)
    assert "Boutique Lyon has this address too." in answer.content.decode()
    assert Store.objects.count() == 2
