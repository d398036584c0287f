"""nginx that refuses a hub by its User-Agent or its methods: what is named, and does the change mend it."""

from collections.abc import Callable

import pytest

from integrations.access.records import Cause, Layer, Subject
from tests.servers.laboratory import hub_agents
from tests.servers.nginx import Config, nginx
from tests.servers.nginx_faults import (
    BAD_ROBOTS,
    BY_AGENT,
    BY_METHOD,
    DOTS,
    HUB_ELSEWHERE,
    LONG,
    LOOKS_LIKE,
    LOST,
    NIKTO,
    OTHER_ROUTE,
    PAGE,
    PUT_ELSEWHERE,
    SCANNER_PUT,
    SHORT,
    SHORT_OUTSIDE,
    WRITES,
    wordpress,
)
from tests.servers.scenarios import Ask, Fault, Scenario

pytestmark = [pytest.mark.acceptance, pytest.mark.servers]


def _by_agent(name: str, broken: Config, **fields: object) -> Scenario:
    return Scenario(
        f"nginx: {name}",
        nginx(broken),
        fields.pop("faults", (BY_AGENT,)),
        closes=True,
        stays_refused=(
            NIKTO,
            *fields.pop("stays_refused", (Ask(), HUB_ELSEWHERE, DOTS, OTHER_ROUTE, LOOKS_LIKE)),
        ),
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
        stays_refused=(Ask(), HUB_ELSEWHERE, SHORT_OUTSIDE, DOTS, OTHER_ROUTE, LOOKS_LIKE),
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

BY_A_DETOUR = (
    _by_agent(
        "User-Agent rule that refuses by another place",
        Config(
            server="error_page 418 = @robots;\n    location @robots { return 403; }",
            location=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{ return 418; }}',
        ),
    ),
    _by_agent(
        "User-Agent rule that leads to a closed page",
        Config(
            server="location = /closed.html { return 403; }",
            location=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{ rewrite ^ /closed.html last; }}',
        ),
    ),
)
BY_OTHER_ENDS = tuple(
    _by_agent(
        f"User-Agent rule that {what}",
        Config(
            location="default_type application/json;\n"
            f'        if ($http_user_agent ~* "{BAD_ROBOTS}") {{ {end} }}'
        ),
        faults=(
            Fault(cause, (Layer.SERVER, Layer.UNKNOWN), Subject.USER_AGENT, agents=hub_agents("woocommerce")),
        ),
        stays_refused=(LOOKS_LIKE,),
    )
    for what, end, cause in (
        ("denies that there is anything", "return 404;", (Cause.USER_AGENT_RULE, Cause.API_NOT_FOUND)),
        ("says gone", "return 410;", Cause.USER_AGENT_RULE),
        ("says unavailable", "return 503;", Cause.USER_AGENT_RULE),
        ("asks for a password", "return 401;", (Cause.USER_AGENT_RULE, Cause.SIGN_IN)),
        (
            "refuses in JSON",
            'return 403 \'{"message": "Forbidden"}\';',
            Cause.USER_AGENT_RULE,
        ),
        ("sends elsewhere", "return 302 https://example.com/;", (Cause.USER_AGENT_RULE, Cause.REDIRECT)),
    )
)

LIKE_WORDPRESS = tuple(
    Scenario(
        f"nginx: WordPress by PHP, {name}",
        serve,
        (fault,),
        closes=True,
        stays_refused=(NIKTO, *asks),
    )
    for name, serve, fault, asks in (
        (
            "User-Agent rule in the server",
            wordpress(server=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{ return 403; }}'),
            BY_AGENT,
            (Ask(), HUB_ELSEWHERE, DOTS, OTHER_ROUTE, LOOKS_LIKE),
        ),
        (
            "User-Agent rule where PHP is run",
            wordpress(php=f'if ($http_user_agent ~* "{BAD_ROBOTS}") {{ return 403; }}'),
            BY_AGENT,
            (Ask(), HUB_ELSEWHERE, DOTS, OTHER_ROUTE, LOOKS_LIKE),
        ),
        (
            "limit_except where PHP is run",
            wordpress(php="limit_except GET POST OPTIONS {\n            deny all;\n        }"),
            BY_METHOD,
            (SCANNER_PUT, PUT_ELSEWHERE),
        ),
        (
            "method rule in the location",
            wordpress(location="if ($request_method ~ ^(PUT|PATCH|DELETE)$) { return 405; }"),
            BY_METHOD,
            (SCANNER_PUT, PUT_ELSEWHERE),
        ),
        (
            "password in front",
            wordpress(
                location='auth_basic "Staging";\n        auth_basic_user_file /dev/null;',
                php='auth_basic "Staging";\n        auth_basic_user_file /dev/null;',
            ),
            Fault(Cause.SIGN_IN, Layer.SERVER, Subject.EVERYTHING, "nginx"),
            (Ask(), HUB_ELSEWHERE, DOTS, OTHER_ROUTE),
        ),
        (
            "password in front of everything",
            wordpress(server='auth_basic "Staging";\n    auth_basic_user_file /dev/null;'),
            Fault(Cause.SIGN_IN, Layer.SERVER, Subject.EVERYTHING, "nginx"),
            (Ask(), SHORT_OUTSIDE, HUB_ELSEWHERE, DOTS, OTHER_ROUTE),
        ),
        (
            "interface closed",
            wordpress(server="location ~* ^/wp-json/ { deny all; }"),
            Fault(Cause.EVERYBODY_REFUSED, Layer.SERVER, Subject.EVERYTHING, "nginx"),
            (Ask(), HUB_ELSEWHERE, DOTS, OTHER_ROUTE),
        ),
    )
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

TWO_AT_ONCE = (
    _by_method(
        "PUT refused by 405 and DELETE by 403",
        Config(
            server="if ($request_method = PUT) { return 405; }\n"
            "    if ($request_method = DELETE) { return 403; }"
        ),
        Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx", methods=("PUT",)),
        Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "nginx", methods=("DELETE",)),
    ),
    _by_agent(
        "PUT refused to some User-Agents alone",
        Config(
            server='set $both "";\n    if ($http_user_agent ~* "sendcloud|sqlmap") { set $both U; }\n'
            '    if ($request_method = PUT) { set $both "${both}P"; }\n    if ($both = UP) { return 403; }'
        ),
        faults=(
            Fault(
                (Cause.USER_AGENT_RULE, Cause.METHOD_RULE),
                Layer.SERVER,
                (Subject.USER_AGENT, Subject.METHOD),
                "nginx",
                methods=("PUT",),
            ),
        ),
        stays_refused=(SCANNER_PUT, PUT_ELSEWHERE),
    ),
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
SCENARIOS = (*BY_USER_AGENT, *BY_A_DETOUR, *BY_OTHER_ENDS, *LIKE_WORDPRESS, *BY_METHODS, *TWO_AT_ONCE)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_fault_is_named_and_the_printed_change_mends_it(
    scenario: Scenario, run: Callable[[Scenario], None], installed: Callable[[str], str]
) -> None:
    installed("nginx")
    run(scenario)
