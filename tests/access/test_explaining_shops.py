"""From a shop that is really asked to the sentences that people read."""

import asyncio
from datetime import UTC, datetime
from ipaddress import ip_network

import pytest

from integrations.access.examine import examine
from integrations.access.explaining import explain, guest_of
from integrations.access.fixes.choosing import fixes_for
from integrations.access.reasoning import diagnose
from integrations.guard import GuardPolicy
from integrations.http import RemoteClient
from integrations.registry import adapter_class
from integrations.sandbox.testing import running_sandbox, shop, small_fleet

pytestmark = pytest.mark.integration
LOCAL = GuardPolicy(allowed_networks=[ip_network("127.0.0.0/8")])
AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 (x; https://www.sendcloud.sc)")
PLATFORMS = {"woo": "woocommerce", "mage": "magento", "presta": "prestashop"}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    shops = [shop(name, platform) for name, platform in PLATFORMS.items()]
    with running_sandbox(small_fleet(shops), tmp_path_factory.mktemp("shops")) as running:
        yield running


def examined(sandbox, name):
    async def go():
        url, platform = sandbox.store_url(name), PLATFORMS[name]
        plan = adapter_class(platform).plan
        async with RemoteClient(url, policy=LOCAL) as http:
            return await examine(
                http, plan, f"{url}/{plan.default_root}", platform=platform, agents=AGENTS,
                now=datetime.now(UTC),
            )  # fmt: skip

    return asyncio.run(asyncio.wait_for(go(), 60))


SAID = [
    ("woo", "method_refused", {"methods": "PUT,PATCH"},
     "nginx refuses Sendcloud's PUT and PATCH; reading passes.",
     "GET, HEAD, POST, DELETE and OPTIONS pass, whoever asks.",
     "Orders arrive at Sendcloud; tracking numbers do not reach the store."),
    ("woo", "firewall", {"style": "apache", "pattern": "/1.0"},
     "Apache refuses Sendcloud by its User-Agent.",
     "The same requests under another name pass, so it goes by the User-Agent.",
     "Orders do not arrive at Sendcloud, and tracking numbers do not reach the store."),
    ("woo", "header_stripped", {},
     "The shop never sees Sendcloud's key: the Authorization header gets lost on the way.",
     "Sent a key that nobody has, and the shop answered as if none had been sent.",
     "Sendcloud is refused as if it had no key: orders do not arrive at it."),
    ("mage", "maintenance", {},
     "The shop is closed for maintenance.",
     "Whatever was asked, the answer was status 503.",
     "Orders do not arrive at Sendcloud while it lasts, and do when the shop is open again."),
    ("presta", "database_down", {},
     "The shop software fails (500).",
     "PrestaShop stopped with an error; most often it cannot reach its database.",
     "Orders do not arrive at Sendcloud, and tracking numbers do not reach the store."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "fault", "params", "headline", "reason", "consequence"), SAID)
def test_a_fault_is_told_as_it_is(sandbox, name, fault, params, headline, reason, consequence):
    sandbox.break_shop(name, fault, **params)
    try:
        examination = examined(sandbox, name)
    finally:
        sandbox.mend_shop(name, fault)
    guest = guest_of("Sendcloud", AGENTS, ["192.0.2.0/28"], examination)
    diagnosis = diagnose(examination)[0]
    told = explain(diagnosis, guest, examination)
    assert told.headline == headline
    assert reason in told.because
    assert told.consequence == consequence
    assert fixes_for(diagnosis, guest, examination)
