"""An examination changes nothing in a shop: neither what it stores nor what it tells, and nothing is sent
that could."""

import asyncio
import re
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import orjson
import pytest

from integrations.access.examine import examine
from integrations.access.plan import ProbePlan
from integrations.access.records import Examination, Question
from integrations.access.surroundings import look_around
from integrations.contracts import Target
from integrations.errors import AddressRefused
from integrations.guard import GuardPolicy
from integrations.http import USER_AGENT, RemoteClient
from integrations.opening import open_store
from integrations.registry import STORES, adapter_class
from integrations.sandbox.client import Sandbox
from integrations.sandbox.fleet import Platform
from integrations.sandbox.testing import NOW, running_sandbox, shop, small_fleet
from tests.access.recorder import Asked, Recorder, recording

pytestmark = pytest.mark.integration

LOCAL = GuardPolicy(allowed_networks=[ip_network("127.0.0.0/8")])
AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 (shop; https://www.sendcloud.sc)")
PLATFORMS: tuple[Platform, ...] = ("woocommerce", "magento", "prestashop", "shopify")
TIMES = 3
FAULTS: dict[str, tuple[tuple[str, Mapping[str, str]], ...]] = {
    "nothing": (),
    "User-Agent, nginx": (("firewall", {"style": "nginx"}),),
    "User-Agent, Apache": (("firewall", {"style": "apache"}),),
    "methods, nginx": (("method_refused", {"methods": "PUT,PATCH,DELETE"}),),
    "methods, Apache": (("method_refused", {"methods": "POST,PUT,PATCH,DELETE", "style": "apache"}),),
    "GET": (("method_refused", {"methods": "GET", "style": "apache"}),),
    "everybody": (("firewall", {"pattern": "", "style": "nginx"}),),
    "broken": (("server_error", {}),),
    "hung up on": (("early_close", {"user_agent": "Sendcloud"}),),
}
OVERRIDES = ("_method", "ps_method")
OVERRIDING_HEADERS = ("x-http-method-override", "x-http-method", "x-method-override")
CREDENTIAL_HEADERS = ("authorization", "proxy-authorization", "cookie", "x-shopify-access-token", "x-api-key")
CREDENTIAL_PARAMETERS = (
    "consumer_key",
    "consumer_secret",
    "ws_key",
    "access_token",
    "oauth_",
    "token",
    "key",
)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("harmless")


@pytest.fixture(scope="module")
def sandbox(state: Path) -> Iterator[Sandbox]:
    """Shops with orders of every kind, some of them shipped."""
    shops = [shop(platform, platform, behind_tls_proxy=True) for platform in PLATFORMS]
    with running_sandbox(small_fleet(shops), state) as running:
        for number, name in enumerate(PLATFORMS, start=1):
            running.add_orders(name, 3, at=NOW - timedelta(hours=2))
            running.import_now(number)
            running.ship_now(number)
            running.add_orders(name, 2, at=NOW - timedelta(hours=1), status="pending")
        yield running


@pytest.fixture(scope="module")
def front(sandbox: Sandbox) -> Iterator[Recorder]:
    with recording(sandbox.shops_url) as recorder:
        yield recorder


def stored(state: Path) -> str:
    """Everything in the shops' database, as SQL."""
    with sqlite3.connect(state / "shops.sqlite3") as database:
        return "\n".join(database.iterdump())


def told(sandbox: Sandbox, name: str) -> list[bytes]:
    """Everything that a shop's API tells of its data to whoever may read and write all of it."""
    url, credentials = sandbox.store_url(name), sandbox.store_credentials(name)
    if name == "shopify":
        order = "id name createdAt updatedAt displayFinancialStatus displayFulfillmentStatus"
        tracking = "fulfillments { id createdAt updatedAt trackingInfo { number company url } }"
        query = f"{{ shop {{ id }} orders(first: 50) {{ nodes {{ {order} {tracking} }} }} }}"
        answer = sandbox.http.post(
            f"{url}/{adapter_class('shopify').plan.default_root}/graphql.json",
            json={"query": query},
            headers={"x-shopify-access-token": credentials["access_token"]},
        )
        data = answer.raise_for_status().json()["data"]
        assert len(data["orders"]["nodes"]) == 5
        return [orjson.dumps(data)]
    auth, headers, paths = None, {}, []
    ids = sandbox.order_ids(name)
    if name == "woocommerce":
        auth = (credentials["consumer_key"], credentials["consumer_secret"])
        lists = ("orders?per_page=100", "webhooks", "reports/orders/totals", "system_status")
        paths = [f"wp-json/wc/v3/{path}" for path in lists]
        paths += [f"wp-json/wc/v3/orders/{one}{more}" for one in ids for more in ("", "/notes")]
    elif name == "magento":
        headers = {"authorization": f"Bearer {credentials['access_token']}"}
        every = "searchCriteria[pageSize]=100"
        paths = [f"rest/V1/orders?{every}", f"rest/V1/shipments?{every}"]
        paths += [f"rest/V1/orders/{one}" for one in ids]
    else:
        auth = (credentials["key"], "")
        kinds = ("orders", "order_carriers", "order_histories", "order_states")
        paths = ["api/", *(f"api/{kind}?display=full" for kind in kinds)]
    answers = [sandbox.http.get(f"{url}/{path}", auth=auth, headers=headers) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    assert answers[0].content
    return [answer.content for answer in answers]


def examined(recorder: Recorder, platform: str) -> Examination:
    """As the product does it, but through the recorder."""
    plan = adapter_class(platform).plan
    url = f"{recorder.url}/{platform}"

    async def go() -> Examination:
        async with RemoteClient(url, policy=LOCAL) as http:
            return await examine(
                http,
                plan,
                f"{url}/{plan.default_root}",
                platform=platform,
                agents=AGENTS,
                now=NOW,
            )

    return asyncio.run(go())


def break_it(sandbox: Sandbox, platform: str, fault: str) -> None:
    for name, params in FAULTS[fault]:
        sandbox.break_shop(platform, name, **params)


def mend_it(sandbox: Sandbox, platform: str, fault: str) -> None:
    for name, _ in FAULTS[fault]:
        sandbox.mend_shop(platform, name)


def test_every_platform_is_looked_at() -> None:
    assert set(PLATFORMS) == set(STORES)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_nothing_is_changed_and_nothing_is_sent_that_could(
    sandbox: Sandbox, state: Path, front: Recorder, platform: Platform, fault: str
) -> None:
    tells = told(sandbox, platform)
    break_it(sandbox, platform, fault)
    before = stored(state)
    front.forget()

    found = [examined(front, platform) for _ in range(TIMES)]

    after = stored(state)
    mend_it(sandbox, platform, fault)
    assert after == before
    assert told(sandbox, platform) == tells
    requests = front.asked()
    assert len(requests) >= sum(len(one.cells) for one in found)
    assert [line for one in requests for line in wrongs(one, platform)] == []
    assert sum(bool(one.values("authorization")) for one in requests) <= TIMES
    assert [secret for secret in secrets_of(sandbox, platform) if secret.encode() in front.said] == []
    asked_further = {cell.question for one in found for cell in one.cells} - {
        Question.MATRIX,
        Question.WRONG_KEY,
    }
    anything_is_refused = fault != "nothing" and any(
        not cell.passed for cell in found[0].answers(Question.MATRIX)
    )
    assert bool(asked_further) == anything_is_refused


@pytest.mark.parametrize("platform", PLATFORMS)
def test_looking_around_only_gets_the_same_address_in_its_other_spellings(
    sandbox: Sandbox, state: Path, front: Recorder, platform: Platform
) -> None:
    plan = adapter_class(platform).plan
    path = f"/{platform}/{plan.default_root}/{plan.target}"
    before = stored(state)
    front.forget()
    asyncio.run(look_around(f"{front.url}{path}", policy=LOCAL, now=NOW))
    assert stored(state) == before
    requests = front.asked()
    assert {(one.method, one.target.rstrip("/"), one.body) for one in requests} == {("GET", path, b"")}
    assert [name for one in requests for name in CREDENTIAL_HEADERS if one.values(name)] == []


def wrongs(asked: Asked, platform: Platform) -> Iterator[str]:
    """Whatever in a request is not among the few things that may be asked."""
    plan = adapter_class(platform).plan
    path, _, query = asked.target.partition("?")
    for name in OVERRIDES:
        if name in query:
            yield f"{name} in {asked.target}"
    for name in OVERRIDING_HEADERS:
        if asked.values(name):
            yield f"{name} in {asked}"
    for name in CREDENTIAL_HEADERS:
        if asked.values(name) and not is_the_wrong_key(asked, name, platform, plan):
            yield f"{name} in {asked}"
    for name in CREDENTIAL_PARAMETERS:
        if name in query:
            yield f"{name} in {asked.target}"
    if asked.body not in (b"", b"{}") and not is_shopifys_question(asked.body, platform):
        yield f"body of {asked}"
    if not is_a_target(asked, path, query, platform, plan):
        yield f"{asked.method} {asked.target}"


def is_the_wrong_key(asked: Asked, name: str, platform: Platform, plan: ProbePlan) -> bool:
    """A key that was made up on the spot; that it is nobody's is seen by the secrets below."""
    wrong = plan.wrong_key
    target = asked.target.removeprefix(f"/{platform}/{plan.default_root}/")
    return wrong is not None and (name, asked.method, target) == ("authorization", "GET", wrong.path)


def is_shopifys_question(body: bytes, platform: Platform) -> bool:
    """The one query: it reads, and it is the same for every shop."""
    return platform == "shopify" and body == adapter_class(platform).plan.content["POST"]


def is_a_target(asked: Asked, path: str, query: str, platform: Platform, plan: ProbePlan) -> bool:
    below = path.removeprefix(f"/{platform}/")
    root = re.escape(plan.default_root)
    if below == "":
        return asked.method == "GET" and query == ""
    if plan.wrong_key and asked.target == f"/{platform}/{plan.default_root}/{plan.wrong_key.path}":
        return asked.method == "GET" or path.endswith("/orders/0")
    if query:
        return False
    if plan.elsewhere:
        nowhere = re.escape(plan.elsewhere).replace(re.escape("{nonce}"), "[0-9a-f]{8}")
        if re.fullmatch(f"{root}/{nowhere}", below):
            return True
    return below == f"{plan.default_root}/{plan.target}" and (
        platform == "shopify" or plan.target.endswith("/0")
    )


def secrets_of(sandbox: Sandbox, platform: str) -> list[str]:
    fleet = sandbox.fleet
    if platform == "woocommerce":
        kinds = ("monitor", "hub", "read", "write", "customer", "clerk")
        return [text for who in kinds for text in fleet.woocommerce_key(platform, who)]
    if platform == "shopify":
        return [text for text in sandbox.store_credentials(platform).values() if text]
    return list(sandbox.store_credentials(platform).values())


@pytest.mark.parametrize("query", ["?_method=DELETE", "?x=1&ps_method=DELETE", "#part"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_follows_an_entered_address_is_never_sent(
    sandbox: Sandbox, front: Recorder, platform: Platform, query: str
) -> None:
    target = Target(platform, f"{front.url}/{platform}/{query}", sandbox.store_credentials(platform), {})
    front.forget()

    async def go() -> Examination:
        async with open_store(target, platform, policy=LOCAL) as store:
            return await examine(
                store.http, store.plan, store.root, platform=platform, agents=AGENTS, now=NOW
            )

    assert all(cell.passed for cell in asyncio.run(go()).cells)
    assert [line for one in front.asked() for line in wrongs(one, platform)] == []


def test_a_query_in_the_interfaces_address_is_refused(front: Recorder) -> None:
    plan = adapter_class("woocommerce").plan
    front.forget()

    async def go() -> None:
        async with RemoteClient(f"{front.url}/woocommerce", policy=LOCAL) as http:
            root = f"{front.url}/woocommerce/?_method=DELETE&x="
            await examine(http, plan, root, platform="woocommerce", agents=AGENTS, now=NOW)

    with pytest.raises(AddressRefused):
        asyncio.run(go())
    assert front.asked() == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_comparison_would_tell_a_change(sandbox: Sandbox, state: Path, platform: str) -> None:
    before = stored(state), told(sandbox, platform)
    sandbox.change_order(platform, int(sandbox.order_ids(platform)[-1]), "cancelled")
    assert stored(state) != before[0]
    assert told(sandbox, platform) != before[1]


def test_the_list_of_what_may_be_asked_would_tell_a_mistake() -> None:
    good = Asked("PUT", "/woocommerce/wp-json/wc/v3/orders/0", (("user-agent", USER_AGENT),), b"{}")
    assert list(wrongs(good, "woocommerce")) == []
    for bad in (
        replace(good, target="/woocommerce/wp-json/wc/v3/orders/1"),
        replace(good, target="/woocommerce/wp-json/wc/v3/orders"),
        replace(good, target="/woocommerce/wp-json/wc/v3/orders/0?_method=DELETE"),
        replace(good, target="/woocommerce/wp-json/wc/v3/orders/0?ws_key=ABC"),
        replace(good, target="/woocommerce/"),
        replace(good, body=b'{"status":"cancelled"}'),
        replace(good, headers=(("x-http-method-override", "DELETE"),)),
        replace(good, headers=(("authorization", "Basic YTpi"),)),
        replace(good, headers=(("cookie", "a=b"),)),
    ):
        assert list(wrongs(bad, "woocommerce")) != [], bad
