"""``manage.py diagnose`` against shops that are well, broken, hidden or none at all."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path

import jsonschema
import pytest
from django.conf import settings
from django.core.management import BaseCommand, call_command
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from integrations.sandbox.client import Sandbox
from integrations.sandbox.testing import running_sandbox, shop, small_fleet
from integrations.sandbox.threads import free_port, serving
from monitor.management.commands import diagnose
from tests.access.pki import self_signed, server_context
from tests.access.test_diagnose_written import SCHEMA

pytestmark = pytest.mark.integration

LOCAL = "--allow-private=127.0.0.0/8"
SHOPS = {"woo": "woocommerce", "mage": "magento", "presta": "prestashop", "shopi": "shopify"}
MANAGE = Path(settings.BASE_DIR) / "manage.py"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    fleet = small_fleet([shop(name, platform) for name, platform in SHOPS.items()])
    with running_sandbox(fleet, tmp_path_factory.mktemp("sandbox")) as running:
        yield running


def run(*arguments: str, out: StringIO | None = None, err: StringIO | None = None) -> tuple[int, str, str]:
    """(exit code, output, errors). The database is closed to these tests, so that none is used."""
    out, err = out or StringIO(), err or StringIO()
    code = 0
    try:
        call_command("diagnose", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        code = end.code
    return code, out.getvalue(), err.getvalue()


def every_path(answer: Response) -> Starlette:
    async def serve(_request: Request) -> Response:
        return answer

    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return Starlette(routes=[Route("/{path:path}", serve, methods=methods)])


@pytest.mark.parametrize("database", ["postgresql://nobody:x@127.0.0.1:1/none", ""])
def test_it_needs_no_installation_and_leaves_none(sandbox, tmp_path, database):
    """Neither a database that refuses nor none at all keeps it from working; nothing is written."""
    var = tmp_path / "var"
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ended = subprocess.run(
        [sys.executable, str(MANAGE), "diagnose", sandbox.store_url("woo"), LOCAL],
        env={**kept, "SYNCWATCH_VAR": str(var), **({"DATABASE_URL": database} if database else {})},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.stderr == ""
    assert ended.returncode == 0
    assert ended.stdout.startswith("● Nothing stands in Sendcloud's way")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SHOPS)
def test_healthy_shop_of_every_platform_is_recognised_and_passes(sandbox, name):
    code, out, _ = run(f"{sandbox.store_url(name)}/?utm=1#top", LOCAL, "--json")
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert (code, document["exit_code"]) == (0, 0)
    assert document["shop"]["platform"] == SHOPS[name]
    assert all("Sendcloud" in agent or SHOPS[name] in agent for agent in document["hub"]["user_agents"])
    assert not [cell for cell in document["matrix"]["cells"] if cell["status"] is None]


@pytest.mark.parametrize(
    ("name", "fault", "params", "code", "causes", "product"),
    [
        ("woo", "firewall", {"pattern": ""}, 1, ["everybody_refused"], "nginx"),
        ("woo", "firewall", {"pattern": "Sendcloud"}, 3, ["user_agent_rule"], "nginx"),
        ("woo", "firewall", {"style": "cloudflare_challenge", "pattern": ""}, 1, ["challenge"], "Cloudflare"),
        ("woo", "method_refused", {"methods": "PUT,PATCH"}, 1, ["method_rule"], "nginx"),
        ("woo", "header_stripped", {}, 1, ["header_lost"], ""),
        ("woo", "rewrite_gone", {}, 1, ["api_not_found"], ""),
        ("woo", "early_close", {}, 1, ["closed_early"], ""),
        ("mage", "maintenance", {}, 1, ["maintenance"], ""),
        ("mage", "database_down", {}, 1, ["application_fault"], ""),
        ("presta", "webservice_off", {}, 1, ["api_off"], ""),
        ("presta", "maintenance", {}, 0, [], ""),
        ("shopi", "server_error", {}, 1, ["server_fault"], ""),
    ],
)
def test_what_is_wrong_is_found_and_nothing_else(sandbox, name, fault, params, code, causes, product):
    sandbox.break_shop(name, fault, **params)
    try:
        ended, out, _ = run(sandbox.store_url(name), LOCAL, "--json")
    finally:
        sandbox.mend_shop(name, fault)
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert [found["cause"] for found in document["findings"]] == causes
    assert product in document["verdict"]
    assert ended == document["exit_code"] == code


def test_shop_that_hides_is_taken_for_what_it_was_said_to_be(sandbox):
    sandbox.break_shop("presta", "firewall", pattern="")
    try:
        _, assumed, _ = run(sandbox.store_url("presta"), LOCAL)
        _, named, _ = run(sandbox.store_url("presta"), LOCAL, "--platform", "prestashop")
    finally:
        sandbox.mend_shop("presta", "firewall")
    assert "It could not be told what shop this is" in assumed
    assert "PrestaShop" in named
    assert "/api/orders/0" in named
    assert "Assumed" not in named


def test_interface_elsewhere_is_asked_where_hubs_look_unless_its_path_is_given(sandbox):
    sandbox.break_shop("woo", "rewrite_gone")
    try:
        code, out, _ = run(sandbox.store_url("woo"), LOCAL)
        assert code == 1
        assert "The interface answers at /index.php/wp-json" in " ".join(out.split())
        code, out, _ = run(sandbox.store_url("woo"), LOCAL, "--api-root", "/index.php/wp-json/")
        assert code == 0
    finally:
        sandbox.mend_shop("woo", "rewrite_gone")


def test_address_that_leads_elsewhere_is_a_warning_where_it_was_given_in_full(sandbox):
    target = sandbox.store_url("woo")
    with serving(every_path(RedirectResponse(f"{target}/", 301))) as url:
        code, out, _ = run(url, LOCAL)
        assert code == 3
        assert target in out.partition("\n\n")[0]
        assert f"{url} leads there" in " ".join(out.split())
        code, out, _ = run(url.removeprefix("http://"), LOCAL)
    assert code == 0
    assert out.startswith("● ")


def test_user_agents_and_addresses_are_replaced_and_go_into_what_is_to_change(sandbox):
    sandbox.break_shop("woo", "firewall", pattern="Hub")
    try:
        code, out, _ = run(
            sandbox.store_url("woo"), LOCAL, "--user-agent=Hub/1", "--user-agent=Hub/2",
            "--hub-address=198.51.100.7", "--hub-address=192.0.2.0/24", "--json",
        )  # fmt: skip
    finally:
        sandbox.mend_shop("woo", "firewall")
    hub = json.loads(out)["hub"]
    assert code == 1
    assert hub["user_agents"] == ["Hub/1", "Hub/2"]
    assert hub["addresses"] == ["198.51.100.7/32", "192.0.2.0/24"]
    assert "192.0.2.0/24" in json.dumps(json.loads(out)["findings"])


@pytest.mark.parametrize("form", ["--markdown", "--json", "--no-color"])
def test_nothing_secret_of_the_typed_address_is_repeated(sandbox, form):
    secret = "ck_" + "5" * 40
    typed = f"{sandbox.store_url('woo')}/wp-admin/admin.php?consumer_key={secret}&email=eve@shop.example"
    code, out, err = run(typed, LOCAL, form)
    assert code == 0
    assert secret not in out + err
    assert "eve@" not in out + err


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("http//shop.example", "Did you mean http://shop.example?"),
        ("https:/shop.example/x", "Did you mean https://shop.example/x?"),
        ("", "no web address"),
        ("ftp://shop.example", "https:// or http://"),
        ("https://eve:secret@shop.example", "no key is needed"),
        (str(MANAGE), "a file on this machine"),
    ],
)
def test_what_is_no_address_is_told_in_a_sentence(typed, said):
    code, out, err = run(typed)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert "secret" not in err


def test_private_address_is_refused_until_it_is_allowed(sandbox):
    url = sandbox.store_url("woo")
    code, out, err = run(url, "--json")
    document = json.loads(out)
    jsonschema.validate(document, SCHEMA)
    assert code == document["exit_code"] == 2
    assert "--allow-private" in document["error"]["remedy"]
    assert "--allow-private" in err
    assert run(url, "--allow-private=10.0.0.0/8")[0] == 2
    assert run(url, "--allow-private")[0] == 0


def test_page_that_is_no_shop_is_not_examined():
    with serving(every_path(HTMLResponse("<h1>Welcome</h1>"))) as url:
        code, out, err = run(url, LOCAL)
    assert (code, out) == (2, "")
    assert "--platform" in err


def test_port_where_nobody_listens_is_a_finding_not_a_failure():
    code, out, _ = run(f"http://127.0.0.1:{free_port()}", LOCAL)
    assert code == 1
    assert out.startswith("■ ")
    assert "Nothing was answered." in out


def test_bad_certificate_is_named_and_no_way_around_it_is_taken(tmp_path):
    """Without a scheme, plain http is tried only where https is not spoken at all."""
    context = server_context(*self_signed(datetime.now(UTC), "127.0.0.1").files(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            code, out, _ = run(f"127.0.0.1:{server.server_port}", LOCAL)
        finally:
            server.shutdown()
            serving.join()
    assert code == 1
    assert "certificate" in out.partition("\n\n")[0]
    assert f"https://127.0.0.1:{server.server_port}" in out


def test_silent_shop_costs_a_few_requests_only(sandbox):
    sandbox.break_shop("mage", "hang", seconds=1)
    try:
        code, out, _ = run(sandbox.store_url("mage"), LOCAL, "--platform=magento", "--timeout=0.2", "--json")
    finally:
        sandbox.mend_shop("mage", "hang")
    assert code == 1
    assert json.loads(out)["requests"] == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--hub", "generic"], "--user-agent"),
        (["--server-log", "/does/not/exist"], "No such file"),
    ],
)
def test_bad_options_end_with_two_and_a_sentence(options, said):
    code, out, err = run("https://shop.example", *options)
    assert (code, out) == (2, "")
    assert said in err


REFUSAL = (
    "[Sun Nov 22 11:59:58.123456 2026] [security2:error] [pid 1] [client 203.0.113.7:40000] "
    "[client 203.0.113.7] "
    'ModSecurity: Access denied with code 403 (phase 1). Match of "within %{tx.allowed_methods}" against '
    '"REQUEST_METHOD" required. [file "own.conf"] [line "43"] [id "4711"] '
    '[msg "Method is not allowed by policy"] [data "PUT"] [hostname "shop.example"] '
    '[uri "/woo/wp-json/wc/v3/orders/7"] [unique_id "x"]\n'
)


def test_log_of_the_server_names_the_rule_and_what_is_to_change(sandbox, tmp_path, monkeypatch):
    log = tmp_path / "error.log"
    log.write_text(f"\x00 not a line of a log\n{REFUSAL}", encoding="latin-1")
    sandbox.break_shop("woo", "method_refused", methods="PUT,PATCH,DELETE", style="apache")
    try:
        _, without, _ = run(sandbox.store_url("woo"), LOCAL)
        _, named, _ = run(sandbox.store_url("woo"), LOCAL, "--server-log", str(log))
        monkeypatch.setattr(sys, "stdin", StringIO(REFUSAL))
        _, piped, _ = run(
            sandbox.store_url("woo"), LOCAL, "--server-log", "-", "--hub-address=203.0.113.0/24"
        )
    finally:
        sandbox.mend_shop("woo", "method_refused")
    assert "ruleRemoveById=4711" not in without
    assert "ruleRemoveById=4711" in named
    assert "ruleRemoveById=4711" in piped


def test_log_without_refusals_is_said_to_tell_nothing(sandbox, tmp_path):
    log = tmp_path / "error.log"
    log.write_text("something else\n")
    _, out, _ = run(sandbox.store_url("shopi"), LOCAL, "--server-log", str(log))
    assert "tells of no refusal" in out


def test_progress_is_one_line_on_a_terminal_and_nothing_elsewhere(sandbox):
    url = sandbox.store_url("shopi")
    _, _, err = run(url, LOCAL)
    assert err == ""
    _, _, err = run(url, LOCAL, err=Terminal())
    assert "Asked 3 of 3: POST as " in err
    assert "\n" not in err
    assert err.endswith(" \r")


def test_colours_come_on_terminals_that_want_them(sandbox, monkeypatch):
    url = sandbox.store_url("shopi")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert "\x1b[" in run(url, LOCAL, out=Terminal())[1]
    assert "\x1b[" not in run(url, LOCAL)[1]
    assert "\x1b[" not in run(url, LOCAL, "--no-color", out=Terminal())[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[" not in run(url, LOCAL, out=Terminal())[1]


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "fr_FR.UTF-8"}, "fr"),
        ({"LANG": "fr_FR.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "de_DE"}, "en"),
        ({}, "en"),
    ],
)
def test_language_is_the_readers(environment, language):
    assert diagnose.language_of(environment) == language


def test_every_option_is_on_the_page_about_it():
    page = (Path(settings.BASE_DIR) / "docs" / "diagnose.md").read_text()
    own = diagnose.Command().create_parser("manage.py", "diagnose")
    general = BaseCommand().create_parser("manage.py", "diagnose")
    options = set(own._option_string_actions) - set(general._option_string_actions)
    assert len(options) == 12
    assert not [option for option in options if f"`{option}" not in page]


def test_interrupting_it_is_one_line_and_130(tmp_path):
    """A real Ctrl-C while the shop keeps it waiting."""
    asked = threading.Event()

    async def app(scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        asked.set()
        while (await receive())["type"] != "http.disconnect":
            pass

    with serving(app) as url:
        command = [sys.executable, str(MANAGE), "diagnose", url, LOCAL]
        environment = {**os.environ, "SYNCWATCH_VAR": str(tmp_path), "LANG": "C.UTF-8"}
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as running:
            assert asked.wait(30)
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=30)
    assert (running.returncode, out, err) == (130, "", "Stopped; nothing was changed.\n")


def test_slow_shop_takes_seconds(sandbox, capsys):
    """Detection, surroundings and 22 requests of 200 ms each."""
    sandbox.break_shop("woo", "slow", seconds=0.2)
    try:
        code, out, _ = run(sandbox.store_url("woo"), LOCAL, "--json")
    finally:
        sandbox.mend_shop("woo", "slow")
    took_s = json.loads(out)["took_s"]
    with capsys.disabled():
        print(f"\n  diagnose of a shop that answers in 200 ms: {took_s:.1f} s")
    assert code == 0
    assert took_s < 10
