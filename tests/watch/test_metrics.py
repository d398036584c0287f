"""What Prometheus reads, who may, and that the alert rules speak of what is there."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from integrations.models import Account, Integration, Store
from monitor.models import Heartbeat, Incident, LatencyFleetHour, Verdict
from monitor.watch import snapshot
from monitor.watch.metrics import exposition
from tests.watch.conftest import NOW, beat

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
RULES = Path(__file__).resolve().parents[2] / "docs" / "alerts.rules.yml"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch) -> None:
    monkeypatch.setattr(snapshot, "_broker", lambda: 7)


def fleet(count: int, *, platform: str = "woocommerce", state: str = "ok", **more: object) -> None:
    account, _made = Account.objects.get_or_create(
        name="eu", defaults={"kind": "sendcloud", "url": "https://hub.example"}
    )
    first = Integration.objects.count()
    for number in range(first, first + count):
        store = Store.objects.create(name=f"s{number}", platform=platform, url=f"https://s{number}.example")
        one = Integration.objects.create(
            name=f"i{number}", account=account, store=store, external_id=str(number), **more
        )
        Verdict.objects.create(
            integration=one, state=state, since=NOW, judged_at=NOW, waiting_count=2,
            oldest_waiting_at=NOW - timedelta(minutes=5),
        )  # fmt: skip


def read(**options: bool) -> dict[str, dict[tuple[str, ...], float]]:
    """Values by metric and the values of its labels, which come by their names' alphabet."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(exposition(NOW, **options).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_the_fleet_by_platform_hub_and_state():
    fleet(3)
    fleet(1, state="fail")
    fleet(2, platform="shopify", state="unknown")
    fleet(1, platform="shopify", is_paused=True)
    found = read()
    states = found["syncwatch_integrations"]
    assert states["sendcloud", "woocommerce", "ok"] == 3
    assert states["sendcloud", "woocommerce", "fail"] == 1
    assert states["sendcloud", "shopify", "unknown"] == 2
    assert states["sendcloud", "shopify", "paused"] == 1
    assert states["sendcloud", "shopify", "fail"] == 0
    assert sum(states.values()) == 7
    assert found["syncwatch_orders_waiting"]["sendcloud", "woocommerce"] == 8
    assert found["syncwatch_oldest_waiting_seconds"]["sendcloud", "woocommerce"] == 300


def test_an_integration_that_was_never_judged_is_unknown():
    fleet(1)
    Verdict.objects.all().delete()
    assert read()["syncwatch_integrations"]["sendcloud", "woocommerce", "unknown"] == 1


def test_syncwatch_itself():
    beat(NOW - timedelta(seconds=9), "tick", "judge", "deliver", "refresh")
    Heartbeat.objects.create(part="task.tick", at=NOW)
    Incident.objects.create(
        scope="account:1", cause="access", rule="r", state="fail", opened_at=NOW, started_at=NOW
    )
    found = read()
    assert found["syncwatch_heartbeat_age_seconds"]["tick",] == 9
    assert found["syncwatch_broker_messages"][()] == 7
    assert found["syncwatch_jobs_due"][()] == 0
    assert found["syncwatch_check_state"]["tick",] == 0
    assert found["syncwatch_incidents_open"]["access",] == 1
    assert found["syncwatch_disk_free_bytes"][()] > 0


def test_latencies_are_of_the_last_day():
    fleet(1)
    account = Account.objects.get()
    for hours, n in ((1, 90), (2, 10), (30, 500)):
        hour = (NOW - timedelta(hours=hours)).replace(minute=0)
        LatencyFleetHour.objects.create(
            platform="shopify", account=account, hour=hour, n=n, buckets=[205], counts=[n]
        )
    found = read()
    assert found["syncwatch_orders_imported"]["shopify",] == 100
    assert found["syncwatch_import_latency_seconds"]["shopify", "0.5"] == pytest.approx(60, rel=0.05)


def test_series_and_queries_do_not_grow_with_the_fleet():
    fleet(2)
    small = read()
    with CaptureQueriesContext(connection) as few:
        exposition(NOW)
    fleet(20)
    with CaptureQueriesContext(connection) as many:
        exposition(NOW)
    assert len(few) == len(many) <= 25
    assert {name: len(series) for name, series in read().items()} == {
        name: len(series) for name, series in small.items()
    }
    each = read(each=True)
    assert len(each["syncwatch_integration_state"]) == 22
    assert each["syncwatch_integration_orders_waiting"]["sendcloud", "i0", "woocommerce"] == 2


def scrape(token: str = "", **more: object) -> int:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return Client().get("/metrics", headers=headers, **more).status_code


def test_with_a_token_only_who_has_it_reads(settings):
    settings.SYNCWATCH_METRICS_TOKEN = "s3cret"
    assert (scrape("s3cret"), scrape("s3cre"), scrape(), scrape("s3cretä")) == (200, 401, 401, 401)
    assert scrape("s3cret", REMOTE_ADDR="203.0.113.9") == 200


def test_without_a_token_only_this_machine_reads_and_through_no_proxy(settings):
    settings.SYNCWATCH_METRICS_TOKEN = ""
    assert scrape() == 200
    assert scrape(REMOTE_ADDR="::1") == 200
    assert scrape(REMOTE_ADDR="203.0.113.9") == 403
    assert scrape(REMOTE_ADDR="") == 403
    assert scrape(HTTP_X_FORWARDED_FOR="203.0.113.9") == 403
    settings.BEHIND_PROXY = True
    assert scrape() == 403


def test_prometheus_can_read_the_answer():
    answer = Client().get("/metrics?integrations=1")
    assert answer["Content-Type"].startswith("text/plain")
    assert list(text_string_to_metric_families(answer.content.decode()))


def test_the_alert_rules_name_metrics_that_exist():
    fleet(1)
    LatencyFleetHour.objects.create(
        platform="shopify",
        account=Account.objects.get(),
        hour=NOW - timedelta(hours=1),
        n=1,
        buckets=[9],
        counts=[1],
    )
    families = text_string_to_metric_families(exposition(NOW).decode())
    labels = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    rules = [rule for group in YAML(typ="safe").load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert len(rules) >= 8
    for rule in rules:
        assert set(rule) == {"alert", "expr", "for", "labels", "annotations"}, rule
        used = set(re.findall(r"syncwatch_\w+", rule["expr"]))
        assert used <= set(labels), rule["alert"]
        assert used or "up{" in rule["expr"], rule["alert"]
        assert re.fullmatch(r"\d+[smh]", rule["for"])
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert set(rule["annotations"]) == {"summary", "description"}
        for label in re.findall(r"\$labels\.(\w+)", str(rule["annotations"])):
            known = {label for name in used for label in labels[name]}
            assert label in known, (rule["alert"], label)
    assert len({rule["alert"] for rule in rules}) == len(rules)
