"""Shops behind an nginx that lets no hub through: what is named, and whether the printed change mends it."""

import contextlib
from collections.abc import Callable, Iterator

import pytest

from integrations.access.records import Cause, Layer, Subject
from tests.servers.fastcgi import running_fastcgi
from tests.servers.laboratory import hub_agents
from tests.servers.nginx import Config, nginx, running
from tests.servers.scenarios import HUB, STRANGER, Ask, Fault, Front, Scenario, Serve, Site

pytestmark = [pytest.mark.acceptance, pytest.mark.servers]

SHORT, LONG = hub_agents("woocommerce")
HUB_ELSEWHERE = Ask(path="/wp-json/wp/v2/users", agent=SHORT)
"""The hub's name, at a path that is none of the hub's business."""
SHORT_OUTSIDE = Ask(path="/", agent=SHORT)
DOTS = Ask(path="/wp-json/wc/%2e%2e/wp/v2/users", agent=SHORT)
"""Out of the interface again by the back door."""
DOTS_STAY = Ask(path="/wp-json/wp/%2e%2e/wc/v3/orders/0")
NIKTO = Ask(agent="Mozilla/5.00 (Nikto/2.5.0)")
"""Refused by a rule that has nothing to do with the hub."""
LOOKS_LIKE = Ask(agent=f"{SHORT} (compatible; scanner)")
SCANNER_PUT = Ask(method="PUT", content=b"{}")
PUT_ELSEWHERE = Ask(method="PUT", path="/wp-json/wp/v2/users/0", agent=SHORT, content=b"{}")
BY_AGENT = Fault(
    Cause.USER_AGENT_RULE, Layer.SERVER, Subject.USER_AGENT, "nginx", agents=hub_agents("woocommerce")
)
WRITES = ("PUT", "PATCH", "DELETE")
BY_METHOD = Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx", methods=WRITES)
EVERYTHING = Fault(Cause.EVERYBODY_REFUSED, Layer.SERVER, (Subject.EVERYTHING, Subject.ADDRESS), "nginx")
BY_PATH = Fault(Cause.PATH_RULE, Layer.SERVER, Subject.PATH, "nginx")
FROM_HUB = Fault(Cause.ADDRESS_RULE, Layer.SERVER, Subject.ADDRESS, "nginx")
SIGN_IN = Fault(Cause.SIGN_IN, Layer.SERVER, (Subject.EVERYTHING, Subject.CREDENTIALS))
REDIRECT = Fault(Cause.REDIRECT, Layer.SERVER, Subject.ADDRESS_WRITTEN)
RATE = Fault(Cause.RATE_LIMIT, Layer.SERVER, Subject.RATE, "nginx")
LOST = Fault(Cause.HEADER_LOST, (Layer.SERVER, Layer.UNKNOWN), Subject.CREDENTIALS)
BAD_ROBOTS = "sqlmap|Sendcloud|nikto"
HTPASSWD = ("htpasswd", "staging:{PLAIN}staging\n")
PAGE = "<!doctype html><html><head><title>{}</title></head><body><h1>{}</h1></body></html>"


def php(lines: str) -> Serve:
    """nginx that runs the shop by FastCGI, with these lines where it does when it is broken."""
    params = "\n        ".join(
        f"fastcgi_param {name} {variable};"
        for name, variable in (
            ("REQUEST_METHOD", "$request_method"),
            ("REQUEST_URI", "$request_uri"),
            ("CONTENT_TYPE", "$content_type"),
            ("CONTENT_LENGTH", "$content_length"),
        )
    )

    @contextlib.contextmanager
    def serve(site: Site, is_broken: bool) -> Iterator[Front]:
        with running_fastcgi(site.shop_url) as address:
            handler = f"{params}\n        fastcgi_pass {address};"
            with running(Config(location=lines if is_broken else "", handler=handler), site) as front:
                yield front

    return serve


@contextlib.contextmanager
def slow(site: Site, _is_broken: bool) -> Iterator[Front]:
    """A shop that takes a second for everything."""
    site.sandbox.break_shop(site.shop, "slow", seconds=1.0)
    try:
        with running(Config(), site) as front:
            yield front
    finally:
        site.sandbox.mend_shop(site.shop, "slow")


def _by_agent(name: str, broken: Config, **fields: object) -> Scenario:
    return Scenario(
        f"nginx: {name}",
        nginx(broken),
        fields.pop("faults", (BY_AGENT,)),
        closes=True,
        stays_refused=(NIKTO, *fields.pop("stays_refused", (Ask(), HUB_ELSEWHERE, DOTS, LOOKS_LIKE))),
    )


def _by_method(name: str, broken: Config, *faults: Fault, elsewhere: Ask = PUT_ELSEWHERE) -> Scenario:
    return Scenario(
        f"nginx: {name}",
        nginx(broken),
        faults or (BY_METHOD,),
        closes=True,
        stays_refused=(SCANNER_PUT, elsewhere),
    )


BY_USER_AGENT = (
    _by_agent(
        "User-Agent rule in the server",
        Config(server=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{ return 403; }}'),
        stays_refused=(Ask(), HUB_ELSEWHERE, SHORT_OUTSIDE, DOTS, LOOKS_LIKE),
    ),
    _by_agent(
        "User-Agent rule in the location",
        Config(location=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{\n            return 403;\n        }}'),
    ),
    _by_agent(
        "User-Agent rule by a map",
        Config(
            http=f'map $http_user_agent $bad_robot {{\n    default 0;\n    "~*({BAD_ROBOTS})" 1;\n}}',
            server="if ($bad_robot) { return 403; }",
        ),
    ),
    _by_agent(
        "User-Agent rule that is anchored and minds capitals",
        Config(server='if ($http_user_agent ~ "^(sqlmap|Sendcloud)") { return 403; }'),
        faults=(Fault(Cause.USER_AGENT_RULE, Layer.SERVER, Subject.USER_AGENT, "nginx", agents=(SHORT,)),),
    ),
    _by_agent(
        "User-Agent rule that hangs up",
        Config(server='if ($http_user_agent ~ "sqlmap|SendCloud") { return 444; }'),
        faults=(Fault(Cause.DROPPED, (Layer.SERVER, Layer.NETWORK, Layer.UNKNOWN), Subject.USER_AGENT),),
        stays_refused=(Ask(), Ask(path="/", agent=LONG)),
    ),
    _by_agent(
        "User-Agent rule with a page of its own and 200",
        Config(
            server="error_page 403 =200 /no.html;\n    location = /no.html { internal; }",
            location=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{ return 403; }}',
            files=(("html/no.html", PAGE.format("Welcome", "Welcome to our shop")),),
        ),
        faults=(Fault(Cause.POLITE_BLOCK, (Layer.SERVER, Layer.UNKNOWN), Subject.USER_AGENT),),
        stays_refused=(),
    ),
    _by_agent(
        "User-Agent rule with a page of its own",
        Config(
            server="error_page 403 /no.html;\n    location = /no.html { internal; }",
            location=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{ return 403; }}',
            files=(("html/no.html", PAGE.format("No entry", "You shall not pass")),),
        ),
        faults=(Fault(Cause.USER_AGENT_RULE, (Layer.SERVER, Layer.UNKNOWN), Subject.USER_AGENT),),
    ),
)

BY_METHODS = (
    _by_method(
        "limit_except",
        Config(interface="/wp-json/", location="limit_except GET POST {\n            deny all;\n        }"),
        Fault(
            Cause.METHOD_RULE,
            Layer.SERVER,
            Subject.METHOD,
            "nginx",
            methods=("PUT", "PATCH", "DELETE", "OPTIONS"),
        ),
    ),
    _by_method(
        "limit_except in one line",
        Config(location="limit_except GET POST OPTIONS { deny all; }"),
    ),
    _by_method(
        "method rule with 405",
        Config(server="if ($request_method !~ ^(GET|HEAD|POST|OPTIONS)$) { return 405; }"),
    ),
    _by_method(
        "method rule with 403 for PUT alone",
        Config(location='if ($request_method = "PUT") {\n            return 403;\n        }'),
        Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx", methods=("PUT",)),
    ),
    _by_method(
        "method rule by a map",
        Config(
            http="map $request_method $odd {\n    default 1;\n    GET 0;\n    HEAD 0;\n    POST 0;\n"
            "    OPTIONS 0;\n}",
            server="if ($odd) { return 403; }",
        ),
    ),
    _by_method(
        "method rule that hangs up",
        Config(server="if ($request_method ~ ^(PUT|PATCH|DELETE)$) { return 444; }"),
        Fault(Cause.DROPPED, (Layer.SERVER, Layer.NETWORK, Layer.UNKNOWN), Subject.METHOD, methods=WRITES),
    ),
    Scenario(
        "nginx: POST refused to a Magento shop",
        nginx(Config(interface="/rest/", location="if ($request_method = POST) { return 405; }")),
        (Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx", methods=("POST",)),),
        closes=True,
        stays_refused=(Ask("POST", "/rest/V1/orders/0"), Ask("POST", "/rest/V2/orders/0", SHORT)),
        platform="magento",
    ),
    Scenario(
        "nginx: PUT and PATCH refused to a PrestaShop",
        nginx(Config(interface="/api/", location="limit_except GET POST DELETE OPTIONS {\n deny all;\n }")),
        (Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx", methods=("PUT", "PATCH")),),
        closes=True,
        stays_refused=(Ask("PUT", "/api/orders/0"), Ask("PATCH", "/api/carts/1")),
        platform="prestashop",
    ),
)

BY_ADDRESS = (
    Scenario(
        "nginx: everybody denied but the office",
        nginx(Config(server="allow 127.0.0.9;\n    deny all;")),
        (EVERYTHING,),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SHORT), Ask(path="/", agent=SHORT)),
    ),
    Scenario(
        "nginx: the hub's address denied",
        nginx(Config(server=f"deny {HUB};\n    deny {STRANGER};")),
        (FROM_HUB,),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SHORT)),
        hub_meets=(Ask(agent=SHORT), Ask("PUT", agent=SHORT, content=b"{}")),
    ),
    Scenario(
        "nginx: the hub's address in a list of networks",
        nginx(
            Config(
                http=f"geo $blocked {{\n    default 0;\n    {HUB}/31 1;\n}}",
                server="if ($blocked) { return 403; }",
            )
        ),
        (FROM_HUB,),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SHORT)),
        hub_meets=(Ask(agent=SHORT),),
    ),
    Scenario(
        "nginx: only some countries let in",
        nginx(
            Config(
                http="geo $country {\n    default XX;\n    127.0.0.9 NL;\n}",
                server="if ($country != NL) { return 403; }",
            )
        ),
        (EVERYTHING,),
        closes=True,
        stays_refused=(Ask(), HUB_ELSEWHERE),
    ),
    Scenario(
        "nginx: only with a browser's Accept",
        nginx(Config(server='if ($http_accept !~ "text/html") { return 403; }')),
        (EVERYTHING,),
        closes=True,
        stays_refused=(Ask(), HUB_ELSEWHERE),
    ),
    Scenario(
        "nginx: only browsers",
        nginx(Config(server='if ($http_user_agent !~ "Mozilla|Safari") { return 403; }')),
        (EVERYTHING,),
        closes=True,
        stays_refused=(NIKTO, Ask(), HUB_ELSEWHERE),
    ),
    Scenario(
        "nginx: only with a Referer",
        nginx(
            Config(
                location="valid_referers server_names shop.example;\nif ($invalid_referer) { return 403; }"
            )
        ),
        (EVERYTHING,),
        closes=True,
        stays_refused=(Ask(), HUB_ELSEWHERE),
    ),
    Scenario(
        "nginx: hangs up on everybody",
        nginx(Config(server="if ($http_cookie !~ human) { return 444; }")),
        (Fault(Cause.CLOSED_EARLY, (Layer.NETWORK, Layer.SERVER), Subject.EVERYTHING),),
        stays_refused=(Ask(),),
    ),
)

BY_PATHS = (
    Scenario(
        "nginx: rule against the orders' path",
        nginx(Config(server='if ($request_uri ~ "/orders") { return 403; }')),
        (BY_PATH,),
        closes=True,
        stays_refused=(Ask(), Ask(path="/wp-json/wp/orders", agent=SHORT)),
    ),
    Scenario(
        "nginx: location of the orders closed",
        nginx(Config(server="location ~ /orders { deny all; }")),
        (BY_PATH,),
        closes=True,
        stays_refused=(Ask(), Ask(path="/wp-json/wp/orders", agent=SHORT)),
    ),
    Scenario(
        "nginx: the whole interface closed",
        nginx(Config(server="location ^~ /wp-json/wc {\n        return 403;\n    }")),
        (EVERYTHING,),
        closes=True,
        stays_refused=(Ask(), Ask(path="/wp-json/wcfm/v1/orders", agent=SHORT), DOTS_STAY),
    ),
    Scenario(
        "nginx: password in front of the shop",
        nginx(
            Config(
                server='auth_basic "Staging";\n    auth_basic_user_file FOLDER/htpasswd;', files=(HTPASSWD,)
            )
        ),
        (SIGN_IN,),
        closes=True,
        stays_refused=(Ask(), SHORT_OUTSIDE, HUB_ELSEWHERE, DOTS),
    ),
    Scenario(
        "nginx: password in front of the interface",
        nginx(
            Config(
                location='auth_basic "Members only";\n    auth_basic_user_file FOLDER/htpasswd;',
                files=(HTPASSWD,),
            )
        ),
        (SIGN_IN,),
        closes=True,
        stays_refused=(Ask(), HUB_ELSEWHERE),
    ),
)

BY_OTHER_THINGS = (
    Scenario(
        "nginx: redirects to https",
        nginx(Config(server="return 301 https://$host$request_uri;")),
        (REDIRECT,),
    ),
    Scenario(
        "nginx: redirects to www",
        nginx(Config(server="return 301 http://www.shop.example$request_uri;")),
        (REDIRECT,),
    ),
    Scenario(
        "nginx: redirects to a slash at the end",
        nginx(Config(location="rewrite ^(.*[^/])$ $1/ permanent;")),
        (REDIRECT,),
    ),
    Scenario(
        "nginx: rate limit with 429",
        nginx(
            Config(
                http="limit_req_zone $binary_remote_addr zone=shop:1m rate=1r/m;",
                location="limit_req zone=shop burst=3 nodelay;\n        limit_req_status 429;",
            )
        ),
        (RATE,),
        closes=True,
        stays_refused=(Ask(times=6), Ask(agent=SHORT, times=6)),
    ),
    Scenario(
        "nginx: rate limit with 503",
        nginx(
            Config(
                http="limit_req_zone $binary_remote_addr zone=shop:1m rate=1r/m;",
                location="limit_req zone=shop burst=3 nodelay;",
            )
        ),
        (RATE,),
        closes=True,
        stays_refused=(Ask(times=6),),
    ),
    Scenario(
        "nginx: Authorization not handed on",
        nginx(Config(location='proxy_set_header Authorization "";')),
        (LOST,),
        closes=True,
    ),
    Scenario(
        "nginx: Authorization not handed on to PHP",
        php("fastcgi_pass_request_headers off;\n        fastcgi_param HTTP_ACCEPT $http_accept;"),
        (LOST,),
        closes=True,
    ),
    Scenario(
        "nginx: Authorization emptied for PHP",
        php('fastcgi_param HTTP_AUTHORIZATION "";'),
        (LOST,),
        closes=True,
    ),
    Scenario(
        "nginx: maintenance page with 503",
        nginx(
            Config(
                server="error_page 503 /closed.html;\nlocation = /closed.html { internal; }",
                location="return 503;",
                files=(("html/closed.html", PAGE.format("Maintenance", "We will be back soon")),),
            )
        ),
        (Fault(Cause.MAINTENANCE, (Layer.SERVER, Layer.UNKNOWN, Layer.APPLICATION), Subject.NOTHING),),
    ),
    Scenario(
        "nginx: maintenance page with 200",
        nginx(
            Config(
                server="error_page 503 =200 /closed.html;\nlocation = /closed.html { internal; }",
                location="return 503;",
                files=(("html/closed.html", PAGE.format("Maintenance", "We will be back soon")),),
            )
        ),
        (
            Fault(
                (Cause.MAINTENANCE, Cause.POLITE_BLOCK),
                (Layer.SERVER, Layer.UNKNOWN, Layer.APPLICATION),
                (Subject.NOTHING, Subject.EVERYTHING),
            ),
        ),
    ),
    Scenario(
        "nginx: no message may have a body",
        nginx(Config(location="client_max_body_size 1;")),
        (Fault(Cause.CONTENT_RULE, Layer.SERVER, Subject.CONTENT, "nginx"),),
        closes=True,
    ),
    Scenario(
        "nginx: nothing listens behind it",
        nginx(Config(upstream="http://127.0.0.1:9")),
        (Fault(Cause.SERVER_FAULT, Layer.SERVER, Subject.NOTHING, "nginx"),),
    ),
    Scenario(
        "nginx: the interface is not handed on",
        nginx(Config(server="location ^~ /wp-json/wc/ { root html; }")),
        (Fault(Cause.API_NOT_FOUND, Layer.SERVER, Subject.PATH, "nginx"),),
    ),
)

TWO_AT_ONCE = (
    Scenario(
        "nginx: User-Agent rule and PUT refused",
        nginx(
            Config(
                server=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{ return 403; }}',
                location="if ($request_method = PUT) { return 405; }",
            )
        ),
        (BY_AGENT, Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx", methods=("PUT",))),
        closes=True,
        stays_refused=(Ask(), SCANNER_PUT, HUB_ELSEWHERE, Ask("PUT", "/wp-json/wp/v2/users", "curl/8")),
    ),
    Scenario(
        "nginx: PUT, PATCH, DELETE refused and Authorization not handed on",
        nginx(
            Config(
                location="limit_except GET POST OPTIONS {\n            deny all;\n        }\n"
                '        proxy_set_header Authorization "";'
            )
        ),
        (BY_METHOD, LOST),
        closes=True,
        stays_refused=(SCANNER_PUT, PUT_ELSEWHERE),
    ),
)

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
HEALTHY = tuple(
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
    )
)
SLOW = Scenario("healthy: slow", slow, methods=("GET",), settled=False)
SCENARIOS = (
    *BY_USER_AGENT,
    *BY_METHODS,
    *BY_ADDRESS,
    *BY_PATHS,
    *BY_OTHER_THINGS,
    *TWO_AT_ONCE,
    *HEALTHY,
    SLOW,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_fault_is_named_and_the_printed_change_mends_it(
    scenario: Scenario, run: Callable[[Scenario], None], installed: Callable[[str], str]
) -> None:
    installed("nginx")
    run(scenario)
