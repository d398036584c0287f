"""What is at an address: found by what shops tell visitors, or a reason why not."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from integrations.detection.detect import detect
from integrations.detection.records import Detected, NotRecognised
from integrations.detection.site import generator
from integrations.detection.typed import read_typed
from integrations.errors import AddressRefused, Blocked, ConnectionFailed, InMaintenance, RemoteError
from integrations.guard import GuardPolicy
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from tests.integrations.remote import LOCAL, NOW, Asked, Remote, Reply, json_reply, remote

HTML = {"content-type": "text/html; charset=utf-8"}
REALM = {"www-authenticate": 'Basic realm="Welcome to PrestaShop Webservice, please enter the key"'}
WORDPRESS = b"<link href='/wp-content/x.css'><meta name='generator' content='WooCommerce 9.1.2'>"
INDEX = {"name": "Caf&eacute; Lyon", "namespaces": ["wp/v2", "wc/v3"], "timezone_string": "", "gmt_offset": 1}
NOT_FOUND = Reply(404, b"<html>Not found</html>", HTML)
FORBIDDEN = Reply(403, b"<html><center><h1>403 Forbidden</h1></center><hr><center>nginx/1.22</center>", HTML)

Answers = dict[str, Reply] | Callable[[Asked], Reply]


def find(answers: Answers, path: str = "", *, policy: GuardPolicy = LOCAL) -> tuple[Detected, Remote]:
    """What is found at a site that gives these answers by path, and 404 for any other."""

    def answer(asked: Asked) -> Reply:
        return answers.get(asked.path, NOT_FOUND) if isinstance(answers, dict) else answers(asked)

    async def ask() -> tuple[Detected, Remote]:
        async with remote(answer) as served:
            return await detect(f"{served.url}{path}", policy=policy, now=NOW), served

    return asyncio.run(ask())


def refusal(answers: Answers, path: str = "", **more: GuardPolicy) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        find(answers, path, **more)
    return caught.value


@pytest.mark.integration
@pytest.mark.parametrize("platform", ["woocommerce", "shopify", "magento", "prestashop"])
def test_every_platform_is_found_in_its_folder(platform, tmp_path: Path):
    fleet = small_fleet([shop("lyon", platform, time_zone="Europe/Paris")])
    with running_sandbox(fleet, tmp_path) as sandbox:
        url = sandbox.store_url("lyon")
        found = asyncio.run(detect(f"{url}/", policy=LOCAL, now=NOW))
    assert (found.platform, found.url, found.obstacle) == (platform, url, "")
    assert found.evidence
    assert found.time_zone == ("Europe/Paris" if platform == "woocommerce" else "")
    assert not found.settings


@pytest.mark.integration
class TestWooCommerce:
    def test_title_version_and_fixed_offset_are_read(self):
        found, _ = find({"/": Reply(200, WORDPRESS, HTML), "/wp-json/": json_reply(INDEX)})
        assert (found.title, found.version, found.time_zone) == ("Café Lyon", "9.1.2", "Etc/GMT-1")

    def test_api_path_that_is_not_the_usual_one_becomes_a_setting(self):
        found, _ = find({"/index.php/wp-json/": json_reply(INDEX)})
        assert found.settings == {"api_root": "index.php/wp-json"}

    def test_shop_above_the_page_that_was_copied_is_found(self):
        found, _ = find({"/shop/wp-json/": json_reply(INDEX)}, "/shop/wp-admin/edit.php?post=1#x")
        assert found.url.endswith("/shop")
        found, _ = find({"/wp-json/": json_reply(INDEX)}, "/product/hat")
        assert found.url.count("/") == 2

    def test_redirect_to_another_folder_is_followed(self):
        moved = Reply(301, b"", {"location": "/boutique/"})
        found, _ = find({"/": moved, "/boutique/wp-json/": json_reply(INDEX)})
        assert found.url.endswith("/boutique")

    def test_wordpress_without_a_shop_is_said(self):
        error = refusal({"/wp-json/": json_reply({**INDEX, "namespaces": ["wp/v2"]})})
        assert isinstance(error, NotRecognised)
        assert "WooCommerce is not active" in str(error)

    def test_plain_permalinks_are_said_with_the_way_out(self):
        def answer(asked: Asked) -> Reply:
            if asked.query.get("rest_route") == "/":
                return json_reply(INDEX)
            return Reply(200, WORDPRESS, HTML) if asked.path == "/" else NOT_FOUND

        error = refusal(answer)
        assert "Plain" in str(error)
        assert "Permalinks" in error.remedy

    def test_api_behind_a_firewall_is_found_with_what_stands_in_the_way(self):
        found, _ = find({"/": Reply(200, WORDPRESS, HTML), "/wp-json/": FORBIDDEN})
        assert found.platform == "woocommerce"
        assert "nginx" in f"{found.obstacle} {found.remedy}"


@pytest.mark.integration
class TestMagento:
    REFUSED = json_reply({"message": "The consumer isn't authorized to access %resources."}, 401)

    def test_version_is_read(self):
        version = Reply(200, b"Magento/2.4 (Community)", HTML)
        found, _ = find({"/rest/V1/orders/0": self.REFUSED, "/magento_version": version})
        assert (found.platform, found.version) == ("magento", "2.4")

    def test_a_gateways_json_is_not_magento(self):
        gateway = json_reply({"message": "Forbidden"}, 403)
        assert not isinstance(refusal({"/rest/V1/orders/0": gateway}), Blocked)

    def test_maintenance_is_an_obstacle_and_no_reason_not_to_find_it(self):
        page = Reply(503, b"<html><title>Error 503: Service Unavailable</title>maintenance downtime", HTML)
        found, _ = find(lambda asked: page)
        assert found.platform == "magento"
        assert "maintenance" in found.obstacle


@pytest.mark.integration
class TestPrestaShop:
    ASKS = Reply(401, b"401 Unauthorized", {**HTML, **REALM})

    def test_found_during_maintenance_too(self):
        closed = Reply(503, b"<body class='page-maintenance'>", {**HTML, "retry-after": "3600"})
        found, _ = find({"/": closed, "/api/orders/0": self.ASKS})
        assert (found.platform, found.obstacle) == ("prestashop", "")
        assert len(found.evidence) == 2

    def test_main_domain_is_followed(self):
        def answer(asked: Asked) -> Reply:
            if asked.path == "/main/api/orders/0":
                return self.ASKS
            location = f"http://{asked.headers['host']}/main/?url=orders%2F0"
            return Reply(302, b"", {"location": location}) if "api" in asked.path else NOT_FOUND

        found, _ = find(answer)
        assert found.url.endswith("/main")

    def test_webservice_that_does_not_answer_is_said(self):
        found, _ = find({"/": Reply(200, b"<script>var prestashop = {}</script>", HTML)})
        assert found.platform == "prestashop"
        assert "Webservice" in found.remedy


@pytest.mark.integration
class TestShopify:
    def test_own_domain_leads_to_the_shops_address_at_shopify(self):
        """The API's host is another one; here it cannot be reached, and nothing is claimed of it."""
        page = Reply(200, b'<script>Shopify.shop = "lyon-1.myshopify.com";</script>', HTML)
        looked_up = []

        async def resolve(host: str, port: int) -> list:
            looked_up.append(host)
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        error = refusal({"/": page}, policy=GuardPolicy(LOCAL.allowed_networks, resolve))
        assert "lyon-1.myshopify.com" in str(error)
        assert looked_up == ["lyon-1.myshopify.com"]

    def test_json_that_refuses_is_needed(self):
        refused = json_reply({"errors": "[API] Invalid API key or access token"}, 401)
        found, served = find(lambda asked: refused if "graphql" in asked.path else NOT_FOUND)
        assert found.platform == "shopify"
        assert not any("authorization" in asked.headers for asked in served.asked)
        assert isinstance(refusal(lambda asked: json_reply({"errors": {"x": 1}}, 401)), RemoteError)


@pytest.mark.integration
class TestNothing:
    def test_what_answers_but_is_no_shop_is_said(self):
        error = refusal({"/": Reply(200, b"<html>Hello</html>", HTML)})
        assert isinstance(error, NotRecognised)
        assert "no Shopify, WooCommerce, Magento or PrestaShop" in str(error)
        assert error.remedy

    def test_site_behind_a_wall_says_who_stands_there(self):
        assert isinstance(refusal(lambda asked: FORBIDDEN), Blocked)

    def test_wordpress_in_maintenance_is_found_and_said(self):
        body = {"code": "wp_die", "message": "Briefly unavailable", "data": {"status": 503}}
        found, _ = find(lambda asked: json_reply(body, 503))
        assert "maintenance" in found.obstacle

    def test_too_many_questions_end_it(self):
        asked = []

        def answer(request: Asked) -> Reply:
            asked.append(request.path)
            tired = Reply(429, b"", {"retry-after": "60"})
            return Reply(200, b"<html>", HTML) if request.path == "/" else tired

        refusal(answer)
        assert len(asked) == 2

    def test_a_hostile_site_costs_few_questions(self):
        asked = []

        def answer(request: Asked) -> Reply:
            asked.append(request.path)
            return Reply(302, b"", {"location": request.path + "x"})

        refusal(answer, "/a/b/c/d/e/f")
        assert len(asked) < 60

    def test_private_addresses_are_refused_before_anything_is_asked(self):
        with pytest.raises(AddressRefused):
            find({}, policy=GuardPolicy())

    def test_redirect_into_a_private_network_is_refused(self):
        error = refusal({"/": Reply(302, b"", {"location": "http://10.0.0.1/"})})
        assert isinstance(error, AddressRefused)

    def test_nobody_there(self):
        with pytest.raises(ConnectionFailed):
            asyncio.run(detect("127.0.0.1:1", policy=LOCAL, now=NOW))

    def test_maintenance_of_something_unknown(self):
        error = refusal(lambda asked: Reply(503, b"<html>busy", HTML))
        assert not isinstance(error, InMaintenance | NotRecognised)


@pytest.mark.unit
@pytest.mark.parametrize(
    ("text", "url", "chose"),
    [
        ("shop.example", "https://shop.example", False),
        ("  HTTPS://Shop.Example/ ", "https://Shop.Example", True),
        ("http://shop.example/fr/?utm=1#top", "http://shop.example/fr", True),
        ("shop.example:8080/boutique/index.php", "https://shop.example:8080/boutique", False),
        ("https://shop.example/wp-admin/admin.php?page=wc-settings", "https://shop.example", True),
        ("https://shop.example/shop/wp-json/wc/v3/", "https://shop.example/shop", True),
        ("https://shop.example/admin", "https://shop.example", True),
        ("https://shop.example/api-shop", "https://shop.example/api-shop", True),
        ("lyon.myshopify.com/admin/orders", "https://lyon.myshopify.com", False),
        ("https://admin.shopify.com/store/Lyon-1/orders", "https://lyon-1.myshopify.com", True),
    ],
)
def test_what_people_paste_is_understood(text, url, chose):
    typed = read_typed(text)
    assert (typed.url, typed.chose_scheme) == (url, chose)


@pytest.mark.unit
@pytest.mark.parametrize(
    "text",
    ["", "two words", "ftp://shop.example", "https://u:p@shop.example", "https://", "http://[::1", "a b"],
)
def test_what_is_no_address_is_said(text):
    with pytest.raises(AddressRefused) as caught:
        read_typed(text)
    assert caught.value.remedy


@pytest.mark.unit
def test_version_is_only_read_from_its_own_tag():
    assert generator('<meta content="WooCommerce 9.1" name="generator">', "WooCommerce") == "9.1"
    assert generator('<meta name="description" content="WooCommerce 9.1">', "WooCommerce") == ""
    assert generator("<meta " * 50_000, "WooCommerce") == ""
