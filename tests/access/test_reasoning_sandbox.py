"""Sandbox shops, whole and broken: what an examination concludes on every platform."""

import asyncio
from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from integrations.access.examine import examine
from integrations.access.reasoning import diagnose
from integrations.access.records import Cause, Layer, Severity, Subject
from integrations.guard import GuardPolicy
from integrations.http import RemoteClient
from integrations.registry import adapter_class
from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet

pytestmark = pytest.mark.integration

LOCAL = GuardPolicy(allowed_networks=[ip_network("127.0.0.0/8")])
AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 (shop; https://www.sendcloud.sc)")
PLATFORMS = ("woocommerce", "magento", "prestashop", "shopify")
SELF_HOSTED = ("woocommerce", "magento", "prestashop")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    shops = [shop(platform, platform, behind_tls_proxy=True) for platform in PLATFORMS]
    with running_sandbox(small_fleet(shops), tmp_path_factory.mktemp("reasoning")) as running:
        yield running


def named(sandbox, platform, *faults):
    """What is concluded while these faults are on."""
    for fault, params in faults:
        sandbox.break_shop(platform, fault, **params)
    try:
        return diagnose(asyncio.run(examined(sandbox.store_url(platform), platform)))
    finally:
        for fault, _params in faults:
            sandbox.mend_shop(platform, fault)


async def examined(url, platform):
    url = url.rstrip("/")
    plan = adapter_class(platform).plan
    async with RemoteClient(url, policy=LOCAL) as http:
        return await examine(
            http, plan, f"{url}/{plan.default_root}", platform=platform, agents=AGENTS, now=NOW
        )


def said(found):
    return [(each.cause, each.layer, each.subject, each.product) for each in found]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_is_wrong_with_a_shop_that_works(sandbox, platform):
    assert named(sandbox, platform) == ()


STYLES = [
    ("nginx", Cause.USER_AGENT_RULE, Layer.SERVER, "nginx"),
    ("apache", Cause.USER_AGENT_RULE, Layer.SERVER, "Apache"),
    ("cloudflare", Cause.USER_AGENT_RULE, Layer.EDGE, "Cloudflare"),
    ("cloudflare_challenge", Cause.CHALLENGE, Layer.EDGE, "Cloudflare"),
    ("siteground", Cause.CHALLENGE, Layer.FIREWALL, "SiteGround"),
]


@pytest.mark.parametrize(("style", "cause", "layer", "product"), STYLES, ids=[each[0] for each in STYLES])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_who_minds_the_hubs_name_is_named(sandbox, platform, style, cause, layer, product):
    both = named(sandbox, platform, ("firewall", {"style": style, "pattern": "end"}))
    assert said(both) == [(cause, layer, Subject.USER_AGENT, product)]
    assert (both[0].agents, both[0].severity) == (AGENTS, Severity.FAIL)
    one = named(sandbox, platform, ("firewall", {"style": style, "pattern": "Sendcloud/"}))
    assert said(one) == said(both)
    assert (one[0].agents, one[0].severity) == (AGENTS[:1], Severity.WARN)


@pytest.mark.parametrize("platform", SELF_HOSTED)
def test_who_minds_methods_is_named(sandbox, platform):
    methods = "PUT,PATCH,DELETE"
    by_server = named(sandbox, platform, ("method_refused", {"methods": methods}))
    assert said(by_server) == [(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx")]
    assert by_server[0].methods == ("PUT", "PATCH", "DELETE")
    # Apache's page; a firewall would have refused the type of body that nobody uses.
    apache = named(sandbox, platform, ("method_refused", {"methods": methods, "style": "apache"}))
    assert said(apache) == [(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "Apache")]


@pytest.mark.parametrize("platform", SELF_HOSTED)
def test_two_faults_are_two_diagnoses(sandbox, platform):
    found = named(
        sandbox,
        platform,
        ("firewall", {"style": "cloudflare_challenge", "pattern": "end"}),
        ("method_refused", {"methods": "DELETE"}),
    )
    assert said(found) == [
        (Cause.CHALLENGE, Layer.EDGE, Subject.USER_AGENT, "Cloudflare"),
        (Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx"),
    ]
    assert [each.severity for each in found] == [Severity.FAIL, Severity.WARN]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_everybody_is_refused(sandbox, platform):
    found = named(sandbox, platform, ("firewall", {"style": "nginx", "pattern": ""}))
    assert said(found) == [(Cause.EVERYBODY_REFUSED, Layer.SERVER, Subject.EVERYTHING, "nginx")]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_connections_that_end_early_for_the_hub_alone_are_dropped_and_for_all_broken(sandbox, platform):
    alone = named(sandbox, platform, ("early_close", {"user_agent": "Sendcloud"}))
    assert [(each.cause, each.subject, each.agents) for each in alone] == [
        (Cause.DROPPED, Subject.USER_AGENT, AGENTS[:1])
    ]
    everybody = named(sandbox, platform, ("early_close", {}))
    assert said(everybody) == [(Cause.CLOSED_EARLY, Layer.NETWORK, Subject.EVERYTHING, "")]


BREAKDOWNS = [
    ("woocommerce", "maintenance", Cause.MAINTENANCE, Layer.APPLICATION),
    ("woocommerce", "database_down", Cause.APPLICATION_FAULT, Layer.APPLICATION),
    ("woocommerce", "server_error", Cause.APPLICATION_FAULT, Layer.APPLICATION),
    ("woocommerce", "rewrite_gone", Cause.API_NOT_FOUND, Layer.SERVER),
    ("woocommerce", "header_stripped", Cause.HEADER_LOST, Layer.SERVER),
    ("magento", "maintenance", Cause.MAINTENANCE, Layer.APPLICATION),
    ("magento", "database_down", Cause.APPLICATION_FAULT, Layer.APPLICATION),
    ("magento", "server_error", Cause.APPLICATION_FAULT, Layer.APPLICATION),
    ("magento", "header_lost", Cause.HEADER_LOST, Layer.SERVER),
    ("prestashop", "database_down", Cause.APPLICATION_FAULT, Layer.APPLICATION),
    ("prestashop", "server_error", Cause.APPLICATION_FAULT, Layer.APPLICATION),
]


@pytest.mark.parametrize(("platform", "fault", "cause", "layer"), BREAKDOWNS)
def test_a_shop_that_is_broken_is_not_called_blocked(sandbox, platform, fault, cause, layer):
    found = named(sandbox, platform, (fault, {}))
    assert [(each.cause, each.layer, each.severity) for each in found] == [(cause, layer, Severity.FAIL)]


def test_maintenance_of_a_prestashop_does_not_close_its_interface(sandbox):
    assert named(sandbox, "prestashop", ("maintenance", {})) == ()


def test_the_interface_that_is_switched_off_is_named(sandbox):
    found = named(sandbox, "prestashop", ("webservice_off", {}))
    assert [(each.cause, each.layer, each.severity) for each in found] == [
        (Cause.API_OFF, Layer.APPLICATION, Severity.FAIL)
    ]
