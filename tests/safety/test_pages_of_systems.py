"""Checks, zones, parcels and ticks on the page: texts of remotes are texts, and nobody is led away."""

import asyncio
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.contracts import Check, CheckState, ConditionKind
from integrations.models import Account, Integration, Store
from integrations.registry import adapter_class
from integrations.woocommerce.adapter import WooCommerceStore
from monitor.access_control import ADMIN, OPERATOR
from monitor.collect.checks import record_checks
from monitor.dashboard import systems
from monitor.models import (
    Audit,
    CheckResult,
    Condition,
    EdgeChange,
    HubState,
    ManualTick,
    Refresh,
    Shipment,
    StoreState,
    Verdict,
)
from monitor.wording import told
from tests.people.conftest import NOW, person, signed_in
from tests.safety.test_browser_and_people import EVIL
from tests.safety.test_browser_and_people import admin as _admin

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
admin = _admin
ODD = "%n %s %(x)s 100% %% {0} {{7*7}}" + EVIL


@pytest.fixture
def integration() -> Integration:
    zone = Account.objects.create(name="zone", kind="cloudflare", url="https://api.example/client/v4")
    account = Account.objects.create(
        name="eu",
        kind="sendcloud",
        url="https://hub.example/api",
        credentials={"public_key": "public", "secret_key": "secret"},
    )
    store = Store.objects.create(name="lyon", platform="woocommerce", url="https://lyon.example", edge=zone)
    return Integration.objects.create(name="lyon-eu", account=account, store=store, external_id="1")


@pytest.mark.parametrize(
    ("template", "values", "words"),
    [
        ("%(name)s is wrong.", {"name": ODD}, f"{ODD} is wrong."),
        ("%(n)d of %(all)d", {"n": "many"}, "? of ?"),
        ("%(n)d", {"n": None}, "?"),
        ("%(n).1f%%", {"n": 2}, "2.0%"),
        ("100% of %n", {}, "100% of %n"),
        (ODD, {"x": ODD}, "%n %s " + ODD + " 100% % {0} {{7*7}}" + EVIL),
    ],
)
def test_no_value_of_a_remote_is_a_template_or_costs_the_page(template, values, words):
    assert told(template, values) == words


def fill(integration: Integration) -> None:
    now = timezone.now()
    bad = Check(
        ConditionKind.WEBHOOKS,
        "hook",
        CheckState.FAIL,
        "%(name)s: %(n)d",
        {"name": ODD, "n": ODD},
        "Look at %(name)s.",
        ODD,
    )
    for source, target in (
        (CheckResult.Source.STORE, integration.store_id),
        (CheckResult.Source.EDGE, integration.store_id),
        (CheckResult.Source.INTEGRATION, integration.pk),
        (CheckResult.Source.ACCOUNT, integration.account_id),
    ):
        record_checks(source, target, [bad], now)
    StoreState.objects.create(store=integration.store, checked_at=now, version=EVIL[:60], time_zone=EVIL[:60])
    change = {"what": ODD, "before": ODD, "after": ODD}
    EdgeChange.objects.create(store=integration.store, at=now, changes=[change], digest="x")
    evidence = {"checks": [{"text": bad.text, "values": dict(bad.values), "remedy": bad.remedy}]}
    Condition.objects.create(
        integration=integration,
        kind="webhooks",
        state="fail",
        rule="check_failed",
        since=NOW,
        evidence=evidence,
    )
    Verdict.objects.create(
        integration=integration,
        state="fail",
        cause="webhooks",
        rule="check_failed",
        since=NOW,
        judged_at=NOW,
        evidence=evidence,
    )
    HubState.objects.create(integration=integration, at=now, system=EVIL[:30], feedback="label")
    for number, url in enumerate(
        ("javascript:alert(1)", "http://x.example/", 'https://x.example/"><img src=x>')
    ):
        Shipment.objects.create(
            integration=integration, hub_id=str(number), number=EVIL[:60] + str(number), url=url,
            carrier=EVIL[:40], order_key=EVIL[:60], order_number=EVIL[:60], status="x", problem=ODD,
            changed_at=now, announced_at=now - timedelta(hours=3), due_at=now - timedelta(hours=3),
        )  # fmt: skip


@pytest.mark.parametrize("language", ["en", "fr"])
def test_texts_of_remotes_are_texts_on_the_page_of_an_integration(admin, integration, language):
    fill(integration)
    for path in ("integration", "connect-integration"):
        page = admin.get(reverse(path, args=["lyon-eu"]), headers={"accept-language": language})
        assert page.status_code == 200
        assert "<img src=x" not in page.content.decode()
    queries = [
        *({"part": part} for part in ("tracking", "refresh", "head")),
        {"tab": "history"},
        {"tab": "checks"},
    ]
    for query in queries:
        page = admin.get(reverse("integration", args=["lyon-eu"]), query).content.decode()
        assert "<img src=x" not in page
        assert 'href="javascript' not in page
        assert 'href="http://x.example' not in page


@pytest.mark.parametrize("key", ["\0", "a\0b", "x" * 5_000, EVIL])
def test_orders_that_are_chosen_are_only_looked_for(admin, integration, key):
    fill(integration)
    where = reverse("refresh-request", args=["lyon-eu"])
    assert admin.post(where, {"strategy": "repush_tracking", "only": [key] * 500}).status_code == 302
    refresh = Refresh.objects.get()
    assert len(refresh.only) <= 1
    assert "\0" not in str(refresh.only)


def test_asking_ticking_and_subscribing_need_the_page_they_are_asked_from(integration):
    """A form on somebody else's page, or a link, does nothing."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(person("ada", ADMIN), backend="monitor.permissions.PermissionsBackend")
    for where in (
        reverse("refresh-request", args=["lyon-eu"]),
        reverse("store-subscribe", args=["lyon-eu"]),
        reverse("manual-tick", args=["lyon-eu", "x"]),
        reverse("connect-store-find"),
    ):
        assert client.post(where, {"url": "https://lyon.example"}).status_code == 403
    for where in ("refresh-request", "store-subscribe"):
        assert client.get(reverse(where, args=["lyon-eu"])).status_code == 405
    assert not Refresh.objects.exists()


def test_only_what_the_hub_lists_can_be_ticked_and_every_tick_is_audited(integration):
    operator = signed_in(person("omar", OPERATOR))
    assert operator.post(reverse("manual-tick", args=["lyon-eu", "anything"])).status_code == 404
    braze = Account.objects.create(name="braze", kind="braze", url="https://rest.example")
    row = Integration.objects.create(
        name="lyon-braze", account=braze, store=integration.store, external_id="1"
    )
    code = adapter_class("braze").manual_checks[0].code
    where = reverse("manual-tick", args=[row.name, code])
    for _twice in range(2):
        operator.post(where, {"seen": "yes"})
    assert ManualTick.objects.get().ticked_by == "omar"
    operator.post(where, {"seen": "no"})
    assert not ManualTick.objects.exists()
    told_of = list(Audit.objects.order_by("id").values_list("actor", "action"))
    assert told_of == [("omar", "check.tick"), ("omar", "check.untick")]


@pytest.mark.parametrize("field", ["settings-token_url", "settings-panel_url_template"])
def test_the_keys_of_a_hub_do_not_follow_an_address_in_its_settings(admin, integration, field):
    shown = {
        "title": "EU",
        "url": "https://hub.example/api",
        "requests_per_minute": "60",
        "is_active": "on",
        "settings-user_agents": "Sendcloud/1.0.0",
        "settings-api": "v3",
        "settings-look_back_s": "600",
        "settings-auth": "oauth2",
        "settings-token_url": "https://account.sendcloud.com/oauth2/token",
        "settings-panel_url_template": "https://app.sendcloud.com/v2/settings/integrations/{system}",
    }
    page = reverse("connect-account", args=["eu"])
    assert admin.post(page, {**shown, field: "https://collector.example/x"}).status_code == 422
    assert admin.post(page, shown).status_code == 302


def test_a_shop_that_drips_does_not_hold_a_page_for_ever(admin, integration, monkeypatch, settings):
    async def for_ever(self, *, now):
        await asyncio.Event().wait()

    settings.SYNCWATCH_WEBHOOK_URL = "https://watch.example"
    monkeypatch.setattr(WooCommerceStore, "subscribe", for_ever)
    monkeypatch.setattr(systems, "DEADLINE_S", 0.05)
    Store.objects.filter(pk=integration.store_id).update(
        credentials={"consumer_key": "ck_12345678", "consumer_secret": "cs_12345678"}
    )
    answer = admin.post(reverse("store-subscribe", args=["lyon-eu"]), follow=True)
    assert "did not answer within" in answer.content.decode()
