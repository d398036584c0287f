"""Apache in front of a shop: lost headers, missing rewrite rules, redirects, maintenance; and what only looks
odd."""

from collections.abc import Callable, Sequence

import pytest

from integrations.access.fixes.records import Fix
from integrations.access.records import Cause, Layer, Subject
from integrations.access.server_log import ServerLog, read_log
from tests.servers.apache import WORDPRESS, Apache, Config, apache
from tests.servers.scenarios import Fault, Front, Scenario

pytestmark = [pytest.mark.acceptance, pytest.mark.servers]

WITHOUT_HEADER = "\n".join(line for line in WORDPRESS.splitlines() if "HTTP_AUTHORIZATION" not in line) + "\n"
LOST = Fault(Cause.HEADER_LOST, (Layer.SERVER, Layer.UNKNOWN), Subject.CREDENTIALS)
KEPT = Config(htaccess=WORDPRESS)
AS_PROGRAM = Config(htaccess=WORDPRESS, program="cgi")
RIGHT = Config(htaccess=WITHOUT_HEADER + "\n")
"""Without the line that keeps the header."""
REDIRECTED = Fault(Cause.REDIRECT, (Layer.SERVER, Layer.UNKNOWN), Subject.ADDRESS_WRITTEN)
CLOSED = "RewriteEngine On\nRewriteCond %{REQUEST_URI} !^/closed\nRewriteRule ^ - [R=503,L]\n"


def redirect(name: str, rule: str) -> Scenario:
    return Scenario(f"Apache: {name}", apache(Config(host=f"RewriteEngine On\n{rule}\n")), (REDIRECTED,))


def what_is_not_understood(front: Front, fixes: Sequence[Fix]) -> ServerLog:
    """By the command that the fix prints, which must show the file and the word."""
    assert isinstance(front, Apache)
    shown = front.run(next(fix.find for fix in fixes if ".htaccess" in fix.find))
    assert f"{front.folder}/www/.htaccess: Invalid command 'php_value'" in shown
    return read_log(shown.splitlines())


SCENARIOS = (
    Scenario(
        "Apache: header lost before a program that stays (as PHP-FPM)",
        apache(RIGHT, KEPT),
        (LOST,),
        closes=True,
    ),
    Scenario(
        "Apache: header lost before a CGI program",
        apache(Config(htaccess=WITHOUT_HEADER, program="cgi"), AS_PROGRAM),
        (LOST,),
        closes=True,
        methods=("GET",),
    ),
    Scenario(
        "Apache: header taken away on its way to an upstream",
        apache(Config(host="RequestHeader unset Authorization")),
        (LOST,),
        closes=True,
    ),
    Scenario(
        "Apache: .htaccess lost",
        apache(Config(htaccess="")),
        (
            Fault(
                Cause.API_NOT_FOUND,
                (Layer.SERVER, Layer.UNKNOWN),
                (Subject.PATH, Subject.NOTHING, Subject.EVERYTHING),
            ),
        ),
        closes=True,
    ),
    Scenario(
        "Apache: .htaccess that is not understood",
        apache(Config(htaccess=f"php_value memory_limit 256M\n{WORDPRESS}")),
        (Fault(Cause.SERVER_FAULT, Layer.SERVER, (Subject.NOTHING, Subject.EVERYTHING), "Apache"),),
        read_log=what_is_not_understood,
    ),
    Scenario(
        "Apache: upstream does not answer",
        apache(Config(host="RewriteEngine On\nRewriteRule ^/wp-json http://127.0.0.1:9/ [P]")),
        (Fault(Cause.SERVER_FAULT, Layer.SERVER, (Subject.NOTHING, Subject.EVERYTHING), "Apache"),),
        settled=False,
    ),
    redirect("redirect to https", "RewriteRule ^(.*)$ https://shop.example$1 [R=301,L]"),
    redirect("redirect to www", "RewriteRule ^(.*)$ http://www.shop.example$1 [R=301,L]"),
    redirect("redirect to a slash at the end", "RewriteRule ^(/.*[^/])$ $1/ [R=301,L]"),
    Scenario(
        "Apache: page for maintenance, 503",
        apache(
            Config(
                host=f'{CLOSED}ErrorDocument 503 "<html><head><title>Maintenance</title></head><body>We are '
                'working on our shop. Come back soon.</body></html>"'
            )
        ),
        (Fault(Cause.MAINTENANCE, (Layer.SERVER, Layer.UNKNOWN), (Subject.NOTHING, Subject.EVERYTHING)),),
    ),
    Scenario(
        "Apache: page for maintenance, 200",
        apache(
            Config(
                htaccess="RewriteEngine On\nRewriteRule !^closed - [C]\nRewriteRule ^ closed.html [END]\n",
                files=(
                    (
                        "www/closed.html",
                        "<html><head><title>Under maintenance</title></head><body>Back soon.</body></html>",
                    ),
                ),
            )
        ),
        (
            Fault(
                (Cause.MAINTENANCE, Cause.POLITE_BLOCK),
                (Layer.SERVER, Layer.UNKNOWN),
                (Subject.NOTHING, Subject.EVERYTHING),
            ),
        ),
    ),
    Scenario(
        "Apache: page instead of an answer for robots, 200",
        apache(
            Config(
                htaccess="RewriteEngine On\nRewriteCond %{HTTP_USER_AGENT} (sendcloud|sqlmap) [NC]\n"
                f"RewriteRule !^robots.html$ robots.html [END]\n{WORDPRESS}",
                files=(
                    ("www/robots.html", "<html><head><title>Hello</title></head><body>Robot!</body></html>"),
                ),
            )
        ),
        (
            Fault(
                (Cause.POLITE_BLOCK, Cause.USER_AGENT_RULE),
                (Layer.SERVER, Layer.UNKNOWN),
                Subject.USER_AGENT,
            ),
        ),
        closes=True,
    ),
)


def healthy(name: str, config: Config, **fields: object) -> Scenario:
    return Scenario(f"Apache, healthy: {name}", apache(config), settled=False, **fields)  # type: ignore[arg-type]


HEALTHY = (
    healthy("proxy", Config()),
    healthy("program by .htaccess", KEPT),
    healthy("CGI", AS_PROGRAM, methods=("GET", "PUT")),
    healthy("gzip", Config(host="AddOutputFilterByType DEFLATE application/json text/html")),
    healthy("a connection for each request", Config(main="KeepAlive Off")),
    healthy("says nothing of itself", Config(main="ServerTokens Prod\nServerSignature Off")),
    healthy(
        "OPTIONS answered by itself",
        Config(
            host="RewriteEngine On\nRewriteCond %{REQUEST_METHOD} OPTIONS\nRewriteRule ^ - [R=204,L]\n"
            'Header always set Access-Control-Allow-Methods "GET, POST, PUT, PATCH, DELETE, OPTIONS"'
        ),
    ),
    healthy(
        "headers of thirty plug-ins",
        Config(host="\n".join(f'Header always set X-Plugin-{n} "active; firewall={n}"' for n in range(30))),
    ),
    healthy(
        "rule against other robots",
        Config(host="RewriteEngine On\nRewriteCond %{HTTP_USER_AGENT} sqlmap\nRewriteRule ^ - [F]"),
    ),
    healthy(
        "OWASP's rules with all methods",
        Config(
            owasp='SecAction "id:900200,phase:1,nolog,pass,t:none,'
            "setvar:'tx.allowed_methods=GET HEAD POST OPTIONS PUT PATCH DELETE'\"\n"
        ),
    ),
    healthy("OWASP's rules that only watch", Config(owasp="SecRuleEngine DetectionOnly\n")),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_apache_does_to_the_interface_is_named(
    scenario: Scenario, run: Callable[[Scenario], None], installed: Callable[[str], str]
) -> None:
    installed("apache2")
    run(scenario)


@pytest.mark.parametrize("scenario", HEALTHY, ids=lambda scenario: scenario.name)
def test_nobody_is_blamed_where_apache_lets_the_hub_pass(
    scenario: Scenario, run: Callable[[Scenario], None], installed: Callable[[str], str]
) -> None:
    installed("apache2")
    run(scenario)
