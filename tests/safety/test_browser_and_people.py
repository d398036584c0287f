"""What people of a group must not reach, and what texts of others must not do in a page."""

from datetime import UTC, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from sesame.utils import get_parameters

from integrations.models import Account, Integration, Store
from monitor.access_control import ADMIN
from monitor.charts.latency import Mark, latency_figure
from monitor.models import Arrival, Call, Condition, HubFailureLog, Incident, Job, Member, Refresh, Verdict
from tests.people.conftest import NOW, person, signed_in

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def admin() -> Client:
    return signed_in(person("ada", ADMIN))


def test_an_administrator_does_not_become_a_superuser_by_a_superusers_password(admin):
    root = person("root", is_superuser=True)
    new = {"password1": "correct horse 9", "password2": "correct horse 9", "usable_password": "true"}
    answer = admin.post(reverse("admin:auth_user_password_change", args=[root.pk]), new)
    assert answer.status_code == 403
    assert (
        admin.post(reverse("admin:monitor_user_delete", args=[root.pk]), {"post": "yes"}).status_code == 403
    )
    root.refresh_from_db()
    assert not root.check_password("correct horse 9")


STORED = {"consumer_key": "ck_stored_key_1", "consumer_secret": "cs_stored_secret_1"}


def change(client: Client, store: Store, **entered: str):
    shown = {"title": "Lyon", "url": store.url, "time_zone": "UTC", "is_active": "on",
             "settings-api_root": "wp-json", "settings-expected_statuses": "processing",
             "settings-look_back_s": "600", "settings-page_size": "100"}  # fmt: skip
    return client.post(reverse("connect-store", args=[store.name]), {**shown, **entered})


@pytest.fixture
def store() -> Store:
    return Store.objects.create(
        name="lyon", platform="woocommerce", url="https://lyon.example", credentials=STORED
    )


def test_stored_credentials_do_not_follow_an_address_to_another_host(admin, store):
    answer = change(admin, store, url="https://collector.example")
    assert answer.status_code == 422
    assert "another host than the one" in answer.content.decode()
    store.refresh_from_db()
    assert store.url == "https://lyon.example"


def test_another_path_on_the_same_host_keeps_them(admin, store):
    assert change(admin, store, url="https://lyon.example/shop").status_code == 302
    store.refresh_from_db()
    assert (store.url, store.credentials) == ("https://lyon.example/shop", STORED)


def test_another_host_is_taken_with_credentials_for_it(admin, store):
    fresh = {
        "credentials-consumer_key": "ck_fresh_key_12",
        "credentials-consumer_secret": "cs_fresh_secret_12",
    }
    assert change(admin, store, url="https://nice.example", **fresh).status_code == 302
    store.refresh_from_db()
    assert store.credentials["consumer_secret"] == "cs_fresh_secret_12"


def test_a_refresh_request_to_another_host_asks_for_the_secrets_anew(admin):
    account = Account.objects.create(
        name="eu", kind="sendcloud", url="https://hub.example/api",
        credentials={"public_key": "public", "secret_key": "secret", "refresh_secret": "refresh"},
    )  # fmt: skip
    shown = {"title": "EU", "url": account.url, "requests_per_minute": "60", "is_active": "on",
             "settings-user_agents": "Sendcloud/1.0.0", "settings-api": "v3", "settings-look_back_s": "600",
             "settings-panel_url_template": "https://app.sendcloud.com/i/{system}"}  # fmt: skip
    page = reverse("connect-account", args=["eu"])
    away = '{"url": "https://collector.example/?x={refresh_secret}"}'
    assert admin.post(page, {**shown, "settings-refresh": away}).status_code == 422
    assert admin.post(page, shown).status_code == 302


def test_the_administration_changes_no_address(admin, store):
    entered = {"title": "Lyon", "url": "https://collector.example", "time_zone": "UTC", "tags": ""}
    admin.post(reverse("admin:integrations_store_change", args=[store.pk]), entered)
    store.refresh_from_db()
    assert store.url == "https://lyon.example"


def test_a_text_in_a_chart_is_no_markup():
    at = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    figure = latency_figure([], zone=ZoneInfo("UTC"), marks=[Mark(at, '<a href="https://x.example">x</a>')])
    assert not any("<a" in text for text in figure["data"][-1]["hovertext"])


def test_signing_in_leads_to_no_other_site():
    user = person("vera", "viewer")
    user.set_password("correct horse 9")
    user.save()
    away = "https://collector.example/"
    entered = {"login": "vera", "password": "correct horse 9", "next": away}
    by_password = Client().post(reverse("login"), entered)
    by_link = Client().get(reverse("login-once"), {**get_parameters(person("otto", "viewer")), "next": away})
    for answer in (by_password, by_link):
        assert (answer.status_code, answer["Location"]) == (302, reverse("overview"))


@pytest.mark.parametrize("name", ["a" * 5_000, "a\0b", "a" * 151])
def test_a_name_that_nobody_can_have_is_an_answer_and_no_failure(name):
    answer = Client().post(reverse("login"), {"login": name, "password": "wrong"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/integrations/?q=%00", "/integrations/a%00b/", "/audit/?q=x%00", "/login/?next=%00"]
)
def test_a_zero_in_an_address_is_refused_and_no_failure(admin, path):
    assert admin.get(path).status_code == 400


def test_a_sign_in_link_works_once():
    link = {**get_parameters(person("vera", "viewer"))}
    assert Client().get(reverse("login-once"), link)["Location"] == reverse("overview")
    assert Client().get(reverse("login-once"), link)["Location"] == reverse("login")


EVIL = "<img src=x onerror=alert(1)>\"'{{7*7}}"


def test_texts_of_remotes_are_shown_as_texts_on_every_page(admin):
    account = Account.objects.create(name="eu", title=EVIL, kind="sendcloud", url="https://hub.example/api")
    store = Store.objects.create(
        name="lyon", title=EVIL, platform="woocommerce", url="https://lyon.example", tags=[EVIL[:40]]
    )
    row = Integration.objects.create(name="lyon-eu", account=account, store=store, external_id="1<b>")
    Verdict.objects.create(
        integration=row, state="fail", cause="access", rule="refused", since=NOW, judged_at=NOW,
        evidence={"by": EVIL, "detail": EVIL, "excerpt": EVIL, "message": EVIL, "numbers": [EVIL]},
    )  # fmt: skip
    for rule, kind in (("refused", "access"), ("unreadable", "imports"), ("refused", "credentials")):
        Condition.objects.create(
            integration=row, kind=kind, state="fail", rule=rule, since=NOW,
            evidence={"by": EVIL, "detail": EVIL, "excerpt": EVIL, "message": EVIL, "numbers": [EVIL]},
        )  # fmt: skip
    Arrival.objects.create(
        integration=row, order_key="1", order_number=EVIL, eligible_at=timezone.now(), expected=True
    )
    Call.objects.create(
        store=store, at=timezone.now(), method="GET", url="https://lyon.example/" + EVIL, user_agent=EVIL,
        outcome="blocked", by=EVIL, detail=EVIL, excerpt=EVIL, status=403,
    )  # fmt: skip
    HubFailureLog.objects.create(
        account=account, integration=row, external_id="1", at=timezone.now(), method="GET", path=EVIL,
        status=403, exception_type=EVIL, outcome="blocked", by=EVIL, detail=EVIL,
    )  # fmt: skip
    for kind, target in (("store_orders", store.pk), ("hub_state", account.pk), ("hub_arrivals", account.pk)):
        Job.objects.filter(kind=kind, target_id=target).update(last_error="Blocked", last_message=EVIL)
    incident = Incident.objects.create(
        scope=f"integration:{row.pk}",
        cause="access",
        rule="refused",
        state="fail",
        opened_at=NOW,
        started_at=NOW,
    )
    Member.objects.create(incident=incident, integration=row, joined_at=NOW)
    Refresh.objects.create(
        integration=row, actor=EVIL, reason=EVIL, detail=EVIL, strategy="panel", stage="done",
        outcome="moved", requested_at=timezone.now(), due_at=NOW, finished_at=timezone.now(),
    )  # fmt: skip
    shown = ""
    for path in (
        reverse("overview"), reverse("integrations"), reverse("integration", args=["lyon-eu"]),
        reverse("incidents"), reverse("incident", args=[incident.pk]), reverse("connect"), reverse("audit"),
        reverse("connect-account", args=["eu"]), reverse("connect-store", args=["lyon"]),
        reverse("connect-integration", args=["lyon-eu"]),
        reverse("admin:integrations_integration_changelist"),
        reverse("admin:monitor_refresh_changelist"), reverse("chart-latency", args=["lyon-eu", "json"]),
        reverse("integrations") + "?" + urlencode({"q": EVIL, "state": EVIL}),
    ):  # fmt: skip
        answer = admin.get(path)
        assert answer.status_code == 200, path
        shown += answer.content.decode()
        assert "<img src=x" not in answer.content.decode(), path
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
    assert "&lt;img src=x" in shown
