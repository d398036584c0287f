"""nginx that is closed by address, path or password, or stands in the way otherwise."""

from collections.abc import Callable

import pytest

from integrations.access.records import Cause, Layer, Subject
from tests.servers.nginx import Config, nginx
from tests.servers.nginx_faults import (
    BY_PATH,
    DOTS,
    DOTS_STAY,
    EVERYTHING,
    FROM_HUB,
    HTPASSWD,
    HUB_ELSEWHERE,
    LOST,
    NIKTO,
    OTHER_ROUTE,
    PAGE,
    RATE,
    REDIRECT,
    SCANNER_PUT,
    SHORT,
    SHORT_OUTSIDE,
    SIGN_IN,
    php,
)
from tests.servers.scenarios import HUB, STRANGER, Ask, Fault, Scenario

pytestmark = [pytest.mark.acceptance, pytest.mark.servers]

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
        "nginx: the hub's address hung up on",
        nginx(
            Config(
                http=f"geo $blocked {{\n    default 0;\n    {HUB}/31 1;\n}}",
                server="if ($blocked) { return 444; }",
            )
        ),
        (
            Fault(
                (Cause.ADDRESS_RULE, Cause.DROPPED),
                (Layer.SERVER, Layer.NETWORK, Layer.UNKNOWN),
                Subject.ADDRESS,
            ),
        ),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SHORT)),
        hub_meets=(Ask(agent=SHORT),),
    ),
    Scenario(
        "nginx: writing from the hub's address denied",
        nginx(
            Config(
                location="limit_except GET {\n            allow 127.0.0.1;\n            deny all;\n        }"
            )
        ),
        (FROM_HUB,),
        closes=True,
        stays_refused=(SCANNER_PUT, Ask("PUT", agent=SHORT, content=b"{}")),
        hub_meets=(Ask("PUT", agent=SHORT, content=b"{}"),),
    ),
    Scenario(
        "nginx: everybody denied, where PHP is run",
        nginx(
            Config(
                server="location ~ \\.php$ {\n        allow 127.0.0.9;\n        deny all;\n"
                "        proxy_pass UPSTREAM$request_uri;\n    }",
                location="rewrite ^ /index.php last;",
            )
        ),
        (EVERYTHING,),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SHORT)),
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
        stays_refused=(Ask(), SHORT_OUTSIDE, HUB_ELSEWHERE, DOTS, OTHER_ROUTE),
    ),
    Scenario(
        "nginx: password or the office's address",
        nginx(
            Config(
                server='satisfy any;\n    allow 127.0.0.9;\n    deny all;\n    auth_basic "Staging";\n'
                "    auth_basic_user_file FOLDER/htpasswd;",
                files=(HTPASSWD,),
            )
        ),
        (SIGN_IN,),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SHORT), HUB_ELSEWHERE),
    ),
    Scenario(
        "nginx: password that the office's address spares, and the hub's does not",
        nginx(
            Config(
                server='satisfy any;\n    allow 127.0.0.1;\n    deny all;\n    auth_basic "Staging";\n'
                "    auth_basic_user_file FOLDER/htpasswd;",
                files=(HTPASSWD,),
            )
        ),
        (
            Fault(
                (Cause.ADDRESS_RULE, Cause.SIGN_IN),
                Layer.SERVER,
                (Subject.ADDRESS, Subject.EVERYTHING),
                "nginx",
            ),
        ),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SHORT)),
        hub_meets=(Ask(agent=SHORT),),
    ),
    Scenario(
        "nginx: a sign-in of one's own",
        nginx(
            Config(
                server="location = /who-may-pass {\n        internal;\n        return 401;\n    }",
                location="auth_request /who-may-pass;",
            )
        ),
        (SIGN_IN,),
        closes=True,
        stays_refused=(Ask(), HUB_ELSEWHERE, DOTS, OTHER_ROUTE),
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
        "nginx: no message may be JSON",
        nginx(Config(location='if ($content_type ~ "json") { return 415; }')),
        (Fault(Cause.CONTENT_RULE, Layer.SERVER, Subject.CONTENT, "nginx"),),
        closes=True,
        stays_refused=(Ask("POST", headers={"content-type": "application/json"}, content=b"{}"),),
    ),
    Scenario(
        "nginx: a page that a browser must run first",
        nginx(
            Config(
                location="default_type text/html;\n        if ($cookie_human = '') {\n            return 200 "
                "'<html><script>document.cookie=1;location.reload()</script></html>';\n        }"
            )
        ),
        (
            Fault(
                (Cause.POLITE_BLOCK, Cause.CHALLENGE),
                (Layer.SERVER, Layer.UNKNOWN),
                Subject.EVERYTHING,
            ),
        ),
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
SCENARIOS = (*BY_ADDRESS, *BY_PATHS, *BY_OTHER_THINGS)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_fault_is_named_and_the_printed_change_mends_it(
    scenario: Scenario, run: Callable[[Scenario], None], installed: Callable[[str], str]
) -> None:
    installed("nginx")
    run(scenario)
