"""The demo's fleet is what the demo promises, and the product can take it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from integrations.registry import adapter_class
from integrations.sandbox.__main__ import main
from integrations.sandbox.demo import demo_fleet, quiet_zone

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


def test_it_has_shops_of_all_platforms_in_three_zones_and_of_all_sizes():
    fleet = demo_fleet(NOW.timestamp())
    platforms = [shop.platform for shop in fleet.shops]
    assert len(fleet.integrations) >= 26
    assert min(platforms.count("woocommerce"), platforms.count("shopify")) >= 11
    assert min(platforms.count("magento"), platforms.count("prestashop")) >= 2
    assert {"Europe/Paris", "America/New_York", "Asia/Tokyo"} <= {shop.time_zone for shop in fleet.shops}
    rates = [shop.orders_per_day for shop in fleet.shops]
    assert (min(rates), max(rates)) == (3, 2000)
    assert 4000 < sum(rates) < 6000


def test_both_hub_accounts_have_a_throttled_shop_and_only_one_a_refresh_request():
    fleet = demo_fleet(NOW.timestamp())
    slowed = {shop.name for shop in fleet.shops if any(fault.name == "maintenance" for fault in shop.faults)}
    assert {spec.account for spec in fleet.integrations if spec.shop in slowed} == {
        "sendcloud-eu",
        "sendcloud-nord",
    }
    assert [account.operator_refresh for account in fleet.accounts] == [True, False]


@pytest.mark.parametrize("hour", range(24))
def test_the_quiet_shop_lies_where_it_is_night_now(hour: int):
    now = NOW.replace(hour=0) + timedelta(hours=hour)
    local = now.astimezone(ZoneInfo(quiet_zone(now)))
    assert local.hour <= 6 or local.hour >= 23


def test_the_fleet_file_holds_only_references_and_fits_the_adapters(tmp_path: Path):
    out = tmp_path / "fleet.yaml"
    assert main(["fleet", "--state", str(tmp_path / "state"), "--port", "8210", "--out", str(out)]) == 0
    document = YAML(typ="safe").load(out.read_text())
    for kind, entry in [
        *((account["kind"], account) for account in document["accounts"]),
        *((store["platform"], store) for store in document["stores"]),
    ]:
        adapter = adapter_class(kind)
        secrets = {
            name: Path(value.removeprefix("file:")).read_text()
            for name, value in entry["credentials"].items()
        }
        assert all(value.startswith("file:") for value in entry["credentials"].values())
        adapter.Credentials(**secrets)
        adapter.Settings(**entry["settings"])
    stores = {store["name"] for store in document["stores"]}
    assert {integration["store"] for integration in document["integrations"]} == stores
