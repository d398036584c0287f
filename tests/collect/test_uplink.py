"""When nobody answers it is us; when one does not, it is that one."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.models import Account, Store
from monitor.collect import uplink
from monitor.models import Incident
from tests.tracking.conftest import local_network, make_world, nudges

__all__ = ["local_network", "make_world", "nudges"]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.integration
@pytest.mark.django_db
def test_nobody_answers_since_the_first_silence_and_until_the_first_answer():
    uplink.record((), NOW)
    assert uplink.lost_since() is None
    uplink.record(["a.example"], NOW + timedelta(seconds=20))
    assert uplink.lost_since() is None, "one host may simply be down"
    uplink.record(["b.example"], NOW + timedelta(seconds=40))
    assert uplink.lost_since() == NOW + timedelta(seconds=20)
    uplink.record((), NOW + timedelta(seconds=60))
    assert uplink.lost_since() is None


@pytest.mark.unit
@pytest.mark.parametrize(
    ("met", "silent", "answered"),
    [
        ([("store_orders", "TimedOut")], True, False),
        ([("store_orders", "TimedOut"), ("hub_state", "")], True, True),
        ([("store_orders", "TimedOut"), ("hub_state", "CredentialsRefused")], True, True),
        ([("store_access", "")], False, False),
        ([("store_orders", "AddressRefused")], False, False),
        ([("store_orders", "TlsFailed")], False, True),
    ],
)
def test_what_counts_as_an_answer(met, silent, answered):
    line = uplink.Uplink()
    for kind, error in met:
        line.note(kind, error, "https://shop.example/x")
    line.note("learn", "", "")
    assert (bool(line.silent), line.answered) == (silent, answered)


@pytest.mark.integration
def test_no_store_is_blamed_while_nobody_answers_us(make_world):
    world = make_world("woocommerce", "magento")
    world.ship("woocommerce")
    world.ship("magento")
    world.look()
    urls = dict(Store.objects.values_list("pk", "url"))
    hub = Account.objects.get().url
    for pk in urls:
        Store.objects.filter(pk=pk).update(url=f"http://127.0.0.{pk % 200 + 2}:9")
    Account.objects.update(url="http://127.0.0.250:9")
    for _time in range(3):
        world.look()
    assert world.condition("woocommerce", "access").rule == "own_network"
    assert world.condition("magento", "access").state == "unknown"
    assert not Incident.objects.exists()

    Account.objects.update(url=hub)
    world.look()
    world.look()
    assert world.condition("woocommerce", "access").rule == "only_we_are_shut_out", "the hub answers"
