"""A store without a platform: found at its address, or kept as it is stored."""

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_django import Settings

from integrations.models import Integration, Store
from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from tests.fleet.test_applying import run

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

SHOPS = small_fleet([shop("lyon", time_zone="Europe/Paris"), shop("nord", "magento")])
KEYS = {
    "lyon": "{consumer_key: ck_12345678, consumer_secret: cs_12345678}",
    "nord": "{consumer_key: aaaaaaaa, consumer_secret: b1234567, access_token: c1234567, "
    "access_token_secret: d1234567}",
}


@pytest.fixture
def sandbox(tmp_path: Path, settings: Settings) -> Iterator[Sandbox]:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    with running_sandbox(SHOPS, tmp_path / "sandbox") as running:
        yield running


def file(folder: Path, sandbox: Sandbox, more: str = "", **urls: str) -> str:
    """A fleet file of both shops that names no platform."""
    lines = ["stores:"]
    for name, keys in KEYS.items():
        url = urls.get(name, sandbox.store_url(name))
        lines += [f"  - name: {name}", f"    url: {url}", f"    credentials: {keys}"]
    path = folder / "fleet.yaml"
    path.write_text("\n".join(lines) + more)
    return str(path)


def test_platform_and_time_zone_are_found_and_stay(tmp_path: Path, sandbox: Sandbox) -> None:
    code, out, _err = run("apply", file(tmp_path, sandbox))
    assert (code, out.splitlines()[-1]) == (0, "2 created, 0 unchanged.")
    found = dict(Store.objects.values_list("name", "platform"))
    assert found == {"lyon": "woocommerce", "nord": "magento"}
    assert Store.objects.get(name="lyon").time_zone == "Europe/Paris"
    sandbox.break_shop("lyon", "early_close")
    code, out, _err = run("apply", file(tmp_path, sandbox))
    assert (code, out.strip()) == (0, "Nothing to change: 2 entries are stored just so.")


def test_what_the_entry_says_itself_counts_more(tmp_path: Path, sandbox: Sandbox) -> None:
    path = Path(file(tmp_path, sandbox))
    said = "    time_zone: UTC\n    settings: {page_size: 7}\n"
    path.write_text(path.read_text().replace("  - name: nord", f"{said}  - name: nord"))
    assert run("apply", str(path))[0] == 0
    lyon = Store.objects.get(name="lyon")
    assert (lyon.platform, lyon.time_zone, lyon.settings) == ("woocommerce", "UTC", {"page_size": 7})


def test_diff_finds_too_and_changes_nothing(tmp_path: Path, sandbox: Sandbox) -> None:
    assert run("diff", file(tmp_path, sandbox))[0] == 1
    assert not Store.objects.exists()


def test_nothing_is_asked_unless_wanted(tmp_path: Path, sandbox: Sandbox) -> None:
    code, _out, err = run("apply", "--no-detect", file(tmp_path, sandbox))
    assert code == 2
    assert "stores[0].platform: is missing; add it." in err
    assert run("apply", file(tmp_path, sandbox))[0] == 0
    assert run("apply", "--no-detect", file(tmp_path, sandbox))[0] == 0


def test_an_address_without_a_shop_is_one_mistake_with_a_way_out(tmp_path: Path, sandbox: Sandbox) -> None:
    code, _out, err = run("apply", file(tmp_path, sandbox, lyon=f"{sandbox.store_url('nord')}-nobody"))
    assert code == 2
    (line,) = [line for line in err.splitlines() if "stores[0]" in line]
    assert "no Shopify, WooCommerce, Magento or PrestaShop" in line
    assert "write platform: yourself" in line
    assert "1 mistake in the file" in err
    assert not Store.objects.exists()


def test_an_address_that_leads_elsewhere_is_told_with_the_right_one(tmp_path: Path, sandbox: Sandbox) -> None:
    url = sandbox.store_url("lyon")
    code, _out, err = run("apply", file(tmp_path, sandbox, lyon=f"{url}/product/hat"))
    assert code == 2
    assert f"leads to the shop at {url}; write that address." in err


def test_private_addresses_are_not_asked(tmp_path: Path, sandbox: Sandbox, settings: Settings) -> None:
    settings.SYNCWATCH_ALLOWED_NETWORKS = []
    code, _out, err = run("apply", file(tmp_path, sandbox))
    assert code == 2
    assert err.count("SYNCWATCH_ALLOWED_NETWORKS") == 2


EDGE = """
    edge: zones
    edge_host: www.nord.example
    allows_nudge: true
accounts:
  - {name: zones, kind: cloudflare, url: https://api.cloudflare.com/client/v4,
     credentials: {token: t123456789012345678901234567890123456789}}
  - {name: hub, kind: sendcloud, url: https://panel.sendcloud.sc,
     credentials: {public_key: pk_1, secret_key: sk_1}}
integrations:
  - {name: nord-hub, account: hub, store: nord, external_id: 1, tracking_tolerance_s: 5400,
     auto_refresh: do, auto_refresh_ways: [hub_api, push_orders]}
"""


def test_zones_and_tolerances_are_applied_exported_and_taken_back(tmp_path: Path, sandbox: Sandbox) -> None:
    path = file(tmp_path, sandbox, EDGE)
    assert run("apply", path)[0] == 0
    store = Store.objects.select_related("edge").get(name="nord")
    assert (store.edge.name, store.edge_host, store.allows_nudge) == ("zones", "www.nord.example", True)
    integration = Integration.objects.get()
    assert integration.tracking_tolerance_s == 5400
    assert (integration.auto_refresh, integration.auto_refresh_ways) == ("do", ["hub_api", "push_orders"])
    exported = run("export", "-")[1]
    for line in ("edge: zones", "edge_host: www.nord.example", "allows_nudge: true"):
        assert line in exported
    assert "tracking_tolerance_s: 5400" in exported
    assert "auto_refresh: do" in exported
    assert run("apply", path)[1].startswith("Nothing to change")
    Path(path).write_text(Path(path).read_text().replace("edge: zones", "edge: null"))
    assert "store nord: edge zones → null" in run("apply", path)[1]
    assert Store.objects.get(name="nord").edge is None


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("edge: zones", "edge: hub", '"hub" is a hub'),
        ("edge: zones", "edge: zonse", 'Did you mean "zones"?'),
        ("account: hub", "account: zones", '"zones" is no hub'),
    ],
)
def test_hubs_and_zones_are_told_apart(
    tmp_path: Path, sandbox: Sandbox, old: str, new: str, sentence: str
) -> None:
    path = Path(file(tmp_path, sandbox, EDGE))
    path.write_text(path.read_text().replace(old, new))
    code, _out, err = run("apply", str(path))
    assert code == 2
    assert sentence in err
