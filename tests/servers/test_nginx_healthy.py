"""nginx that is set up oddly, and hinders no hub: nothing is called broken."""

from collections.abc import Callable

import pytest

from tests.servers.nginx import Config, nginx
from tests.servers.nginx_faults import slow
from tests.servers.scenarios import Scenario

pytestmark = [pytest.mark.acceptance, pytest.mark.servers]

_PLUGIN_HEADERS = "\n".join(f'add_header X-Plugin-{n} "value {n}; mode=block" always;' for n in range(30))
_CLOUDFLARES = "\n".join(
    f"add_header {name} {value} always;"
    for name, value in (
        ("CF-RAY", "8f0a1b2c3d4e5f60-AMS"),
        ("CF-Cache-Status", "DYNAMIC"),
        ("Report-To", "cf-nel"),
        ("Alt-Svc", "'h3=\":443\"; ma=86400'"),
    )
)
SCENARIOS = tuple(
    Scenario(f"healthy: {name}", nginx(config), settled=False)
    for name, config in (
        ("plain", Config()),
        ("gzip", Config(server="gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any;")),
        ("sent in chunks", Config(server="gzip on; gzip_types *; gzip_min_length 1; proxy_buffering off;")),
        ("thirty plug-ins' headers", Config(location=_PLUGIN_HEADERS)),
        ("another language", Config(location='add_header Content-Language "fr-FR" always;')),
        ("keep-alive off", Config(server="keepalive_timeout 0;")),
        ("server_tokens off", Config(server="server_tokens off;")),
        ("Cloudflare's headers", Config(location=_CLOUDFLARES)),
        (
            "OPTIONS answered by nginx",
            Config(
                location="if ($request_method = OPTIONS) {\n"
                "add_header Access-Control-Allow-Methods 'GET, POST, PUT, DELETE, OPTIONS';\nreturn 204;\n}"
            ),
        ),
        (
            "rules against robots",
            Config(server='if ($http_user_agent ~* "sqlmap|nikto|masscan|python") { return 403; }'),
        ),
        (
            "rules against odd methods",
            Config(server="if ($request_method ~ ^(TRACE|TRACK)$) { return 405; }"),
        ),
        (
            "rate limit that suffices",
            Config(
                http="limit_req_zone $binary_remote_addr zone=shop:1m rate=5r/s;",
                location="limit_req zone=shop burst=50 nodelay;",
            ),
        ),
        (
            "a header of the shop's hidden",
            Config(location="proxy_hide_header Access-Control-Expose-Headers;"),
        ),
        (
            "data called a page",
            Config(location="proxy_hide_header Content-Type;\nadd_header Content-Type text/html always;"),
        ),
    )
)
SLOW = Scenario("healthy: slow", slow, methods=("GET",), settled=False)


@pytest.mark.parametrize("scenario", [*SCENARIOS, SLOW], ids=lambda scenario: scenario.name)
def test_nothing_is_called_broken(
    scenario: Scenario, run: Callable[[Scenario], None], installed: Callable[[str], str]
) -> None:
    installed("nginx")
    run(scenario)
