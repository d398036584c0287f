"""Rules of a zone let hubs pass by secrets: those are not stored, and no zone fills the database."""

import asyncio
import time
from datetime import UTC, datetime

import orjson
import pytest

from integrations.cloudflare.caa import NoName, by_dns
from integrations.cloudflare.secrecy import without_secrets, without_written_secrets
from integrations.cloudflare.snapshot import differences
from integrations.contracts import EdgeReport
from integrations.models import Store
from monitor.collect.checks import LARGEST_SNAPSHOT, MOST_CHANGES, record_audit
from monitor.models import EdgeChange
from tests.integrations.cloudflare import SELF_HOSTED, running_edge

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.unit
@pytest.mark.parametrize(
    "expression",
    [
        'any(http.request.headers["x-pass"][*] eq "s3cr3t") and ip.src in $hubs',
        'http.cookie contains "pass=s3cr3t"',
        'http.request.uri.args["key"][0] in {"a" "s3cr3t"}',
        'http.request.headers["x"][0] matches r#"s3"cr3t"#',
        'starts_with(http.request.uri.query, "token=s3cr3t")',
        'http.request.full_uri contains "key=s3cr3t"',
        'http.request.body.raw contains "\\"s3cr3t',
    ],
)
def test_what_a_rule_compares_headers_with_is_not_kept(expression):
    shown = without_secrets(expression)
    assert "cr3t" not in shown
    assert shown != without_secrets(expression.replace("cr3t", "cr4t"))


@pytest.mark.unit
@pytest.mark.parametrize(
    "expression",
    [
        'http.user_agent contains "Sendcloud" and http.host eq "shop.example"',
        'http.request.headers["user-agent"][0] eq "Sendcloud/1.0.0"',
        'http.request.uri.path eq "/wp-json" or ip.src.country in {"NL" "FR"}',
    ],
)
def test_what_is_no_secret_stays_readable(expression):
    assert without_secrets(expression) == expression


@pytest.mark.unit
def test_headers_that_a_rule_sets_are_not_kept():
    rule = {"action_parameters": {"headers": {"X-Pass": {"operation": "set", "value": "s3cr3t"}}}}
    shown = without_written_secrets(rule)
    assert "s3cr3t" not in str(shown)
    assert shown["action_parameters"]["headers"]["X-Pass"]["operation"] == "set"


@pytest.mark.unit
@pytest.mark.parametrize("piece", ['"', 'r#"', 'http.cookie "', '[ "', "a.b", '\\"', ' r"', "[", "r#"])
def test_an_expression_made_to_be_slow_is_read_quickly(piece):
    started = time.process_time()
    without_secrets((piece * 70_000)[:65_536])
    assert time.process_time() - started < 2


@pytest.mark.integration
@pytest.mark.django_db
def test_a_secret_of_a_rule_is_neither_in_the_audit_nor_in_the_database():
    store = Store.objects.create(name="lyon", platform="woocommerce", url=f"https://{SELF_HOSTED}")
    with running_edge() as edge:
        for secret in ("s3cr3t-one", "s3cr3t-two"):
            rule = {"description": "", "expression": f'http.request.headers["x-pass"][0] eq "{secret}"'}
            report = edge.wrong(custom_rule=rule).audit(SELF_HOSTED)
            assert "s3cr3t" not in repr(report)
            record_audit(store, report, NOW, differences)
            newest = EdgeChange.objects.latest("id")
            assert "x-pass" in str(newest.snapshot)
            assert "s3cr3t" not in f"{newest.snapshot}{newest.changes}"
    assert newest.changes


@pytest.mark.integration
@pytest.mark.django_db
def test_a_huge_zone_does_not_fill_the_database():
    store = Store.objects.create(name="lyon", platform="woocommerce", url="https://lyon.example")
    for text in ("a", "b"):
        rules = {str(number): {"pattern": text * 500} for number in range(LARGEST_SNAPSHOT // 1_000)}
        record_audit(store, EdgeReport((), {"routes": rules}), NOW, differences)
    rules = {str(number): {"pattern": "c" * 3_000} for number in range(LARGEST_SNAPSHOT // 2_000)}
    record_audit(store, EdgeReport((), {"routes": rules}), NOW, differences)
    record_audit(store, EdgeReport((), {"routes": rules}), NOW, differences)
    _first, second, huge = EdgeChange.objects.order_by("id")
    assert len(second.changes) == len(huge.changes) == MOST_CHANGES
    assert second.snapshot == huge.snapshot == {}
    assert len(orjson.dumps(huge.changes)) < 100_000


@pytest.mark.unit
def test_a_long_name_does_not_hold_up_an_audit(monkeypatch):
    monkeypatch.setattr("integrations.cloudflare.caa.WHOLE_S", 0.01)

    async def silent(name):
        await asyncio.Event().wait()

    with pytest.raises(NoName):
        asyncio.run(by_dns(silent, ".".join("a" * 60) + ".example"))
