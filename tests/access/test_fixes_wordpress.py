"""What is printed for WordPress runs, opens the shop's interface to the hub, and opens nothing else."""

import json
import subprocess

import pytest

from integrations.access.fixes import php, wordpress
from integrations.access.fixes.records import Guest, Place
from integrations.access.records import Cause, Confidence, Diagnosis, Layer, Severity, Subject
from tests.needs import need

pytestmark = pytest.mark.unit
AGENTS = ("Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce; https://www.sendcloud.sc)")
GUEST = Guest(
    "Sendcloud", AGENTS, ("192.0.2.0/28", "2001:db8::/33"), "shop.example", "/wp-json/wc", "woocommerce"
)
NAMELESS = Guest("Sendcloud", AGENTS, (), "shop.example", "/wp-json/wc", "woocommerce")


def found(cause=Cause.EVERYBODY_REFUSED, product="", subject=Subject.EVERYTHING, layer=Layer.PLUGIN):
    return Diagnosis(cause, layer, subject, Confidence.CERTAIN, Severity.FAIL, product=product)


def run_php(code, before="", after=""):
    need("php")
    script = f"{before}\n$file = tempnam('/tmp', 'fix'); file_put_contents($file, {json_of(code)});\n{after}"
    done = subprocess.run(["php", "-r", script], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def json_of(text):
    return f"json_decode({php._text(json.dumps(text))})"


@pytest.mark.parametrize(
    ("address", "path", "passes"),
    [
        ("192.0.2.0", "/wp-json/wc/v3/orders", True),
        ("192.0.2.15", "/wp-json/wc/v3/orders?per_page=5", True),
        ("192.0.2.16", "/wp-json/wc/v3/orders", False),
        ("192.0.2.1", "/wp-login.php?/wp-json/wc", False),
        ("2001:db8:7fff::1", "/wp-json/wc/v3/orders", True),
        ("2001:db8:8000::1", "/wp-json/wc/v3/orders", False),
        ("203.0.113.4", "/wp-json/wc/v3/orders", False),
    ],
)
def test_ninja_firewall_lets_the_hubs_addresses_through_to_the_interface(address, path, passes):
    (fix,) = wordpress.fixes(found(product="NinjaFirewall"), GUEST)
    assert (fix.place, fix.language) == (Place.PHP, "php")
    before = f"$_SERVER['REMOTE_ADDR'] = '{address}'; $_SERVER['REQUEST_URI'] = '{path}';"
    answer = run_php(fix.text, before, "$answer = include $file; unlink($file); echo json_encode($answer);")
    assert answer == ("ALLOW" if passes else 1)


@pytest.mark.parametrize(
    ("code", "route", "opens"),
    [
        ("rest_cannot_access", "/wc/v3/orders", True),
        ("rest_not_logged_in", "/wc/v3/orders", True),
        ("rest_cannot_access", "/wp/v2/users", False),
        ("rest_cookie_invalid_nonce", "/wc/v3/orders", False),
        ("woocommerce_rest_authentication_error", "/wc/v3/orders", False),
    ],
)
def test_a_closed_interface_is_opened_for_the_shops_routes_only(code, route, opens):
    setting, file = wordpress.fixes(found(Cause.API_OFF), GUEST)
    assert setting.place is Place.PANEL
    before = f"""
        $_SERVER['REQUEST_URI'] = '/wp-json/wc?rest_route={route}';
        $wp = (object) ['query_vars' => ['rest_route' => '{route}']];
        class WP_Error {{
            function __construct(public $code) {{}}
            function get_error_code() {{ return $this->code; }}
        }}
        function is_wp_error($thing) {{ return $thing instanceof WP_Error; }}
        function add_filter($name, $work, $priority) {{ $GLOBALS[$name] = $work; }}"""
    after = f"""include $file; unlink($file);
        $answer = $GLOBALS['rest_authentication_errors'](new WP_Error('{code}'));
        echo json_encode($answer === null);"""
    assert run_php(file.text, before, after) is opens


def test_a_path_with_quotes_stays_a_text():
    odd = Guest("Sendcloud", (), ("192.0.2.1",), path="/it's\\'; exit(3); '")
    (fix,) = wordpress.fixes(found(product="NinjaFirewall"), odd)
    before = "$_SERVER['REMOTE_ADDR'] = '192.0.2.1'; $_SERVER['REQUEST_URI'] = '/';"
    assert run_php(fix.text, before, "echo json_encode(include $file);") == 1


@pytest.mark.parametrize(
    "product", ["Wordfence", "NinjaFirewall", "Shield Security", "SecuPress", "MalCare", "", "Some Other"]
)
def test_every_plugin_is_told_which_addresses_to_allow(product):
    for guest in (GUEST, NAMELESS):
        fixes = wordpress.fixes(found(product=product), guest)
        said = " ".join([*fixes[0].steps, fixes[0].text])
        expected = "192.0.2.0/28" if guest is GUEST else "Ask Sendcloud for the addresses"
        assert expected in said
        assert not product or product == "NinjaFirewall" or product in fixes[0].title


def test_wordfence_is_changed_where_it_refuses():
    by_agent = wordpress.fixes(found(product="Wordfence", subject=Subject.USER_AGENT), GUEST)[0]
    assert "Blocking" in by_agent.steps[0]
    assert AGENTS[0] in by_agent.steps[1]
    limits = wordpress.fixes(found(Cause.RATE_LIMIT, "Wordfence", Subject.RATE), GUEST)[1]
    assert "Rate Limiting" in limits.steps[0]


def test_permalinks_header_and_maintenance_have_their_own():
    assert "Permalinks" in wordpress.fixes(found(Cause.API_NOT_FOUND), GUEST)[0].steps[0]
    assert "HTTP_AUTHORIZATION" in wordpress.fixes(found(Cause.HEADER_LOST), GUEST)[0].steps[1]
    stuck, plugin = wordpress.fixes(found(Cause.MAINTENANCE), GUEST)
    assert stuck.text == "rm .maintenance\n"
    assert "refresh" in plugin.note
    assert wordpress.fixes(found(Cause.APPLICATION_FAULT), GUEST)
