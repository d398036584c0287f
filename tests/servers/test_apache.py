"""Apache in front of a shop: its own rules refuse a hub, and the printed change lets it through."""

from collections.abc import Callable

import pytest

from integrations.access.records import Cause, Layer, Subject
from tests.servers.apache import WORDPRESS, Config, apache
from tests.servers.laboratory import hub_agents
from tests.servers.scenarios import HUB, ORDERS, STRANGER, US, Ask, Fault, Scenario

pytestmark = [pytest.mark.acceptance, pytest.mark.servers]

ELSEWHERE = "/wp-json/wp/v2/users/0"
WRITES = ("PUT", "PATCH", "DELETE")
SMALL = (hub_agents("woocommerce")[0],)
"""The spelling with a small c."""
BY_AGENT = Fault(Cause.USER_AGENT_RULE, Layer.SERVER, Subject.USER_AGENT, "Apache", hub_agents("woocommerce"))
BY_METHOD = Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "Apache", methods=WRITES)
OTHER_ROUTE = Ask(agent=SMALL[0], path=f"{ORDERS}?page=1&rest%5Froute=/wp/v2/users")
SCANNERS = (Ask(), Ask("PUT", content=b"{}"), Ask(agent=SMALL[0], path=ELSEWHERE), OTHER_ROUTE)
"""By its User-Agent everywhere; with the hub's beside the interface."""
OTHER_WRITERS = (Ask("PUT", content=b"{}"), Ask("DELETE", agent=SMALL[0], path=ELSEWHERE))
AGENTS = "(sendcloud|sqlmap|nikto)"
NOBODY = (
    "<Location />\n<RequireAll>\nRequire all granted\nRequire not env unwanted\n</RequireAll>\n</Location>"
)


def rewrite(condition: str, rule: str = "RewriteRule ^ - [F]") -> str:
    return f"RewriteEngine On\n{condition}\n{rule}\n"


def by_agent(name: str, config: Config, fault: Fault = BY_AGENT) -> Scenario:
    return Scenario(f"Apache: {name}", apache(config), (fault,), closes=True, stays_refused=SCANNERS)


def by_method(name: str, config: Config, *methods: str, platform: str = "woocommerce") -> Scenario:
    fault = Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "Apache", methods=methods or WRITES)
    path = {"woocommerce": ORDERS, "magento": "/rest/V1/orders/0", "prestashop": "/api/orders/0"}[platform]
    refused = (Ask("PUT", path, content=b"{}"), Ask("PUT", "/else", SMALL[0], content=b"{}"))
    return Scenario(
        f"Apache: {name}", apache(config), (fault,), closes=True, stays_refused=refused, platform=platform
    )


LIMIT_EXCEPT = "<LimitExcept GET POST HEAD>\nRequire all denied\n</LimitExcept>"
SCENARIOS = (
    by_method("LimitExcept", Config(host=f"<Location />\n{LIMIT_EXCEPT}\n</Location>"), *WRITES, "OPTIONS"),
    by_method(
        "LimitExcept in .htaccess",
        Config(htaccess=f"{LIMIT_EXCEPT}\n{WORDPRESS}"),
        *WRITES,
        "OPTIONS",
    ),
    by_method(
        "Limit",
        Config(host="<Location />\n<Limit PUT PATCH DELETE>\nRequire all denied\n</Limit>\n</Location>"),
    ),
    by_method(
        "Limit on a Magento shop",
        Config(host="<Location />\n<Limit PUT PATCH DELETE>\nRequire all denied\n</Limit>\n</Location>"),
        *WRITES,
        platform="magento",
    ),
    by_method("AllowMethods", Config(host="<Location />\nAllowMethods GET POST HEAD OPTIONS\n</Location>")),
    by_method(
        "AllowMethods on a PrestaShop shop",
        Config(main="<Location />\nAllowMethods GET POST HEAD OPTIONS\n</Location>"),
        *WRITES,
        platform="prestashop",
    ),
    by_method(
        "rewrite rule against methods",
        Config(host=rewrite("RewriteCond %{REQUEST_METHOD} ^(PUT|PATCH|DELETE)")),
    ),
    by_method(
        "rewrite rule against methods by 405",
        Config(
            host=rewrite(
                "RewriteCond %{REQUEST_METHOD} !^(GET|HEAD|POST|OPTIONS)$", "RewriteRule .* - [R=405,L]"
            )
        ),
    ),
    by_method(
        "Deny from, inside Limit",
        Config(
            main="<Location />\n<Limit PUT DELETE>\nOrder deny,allow\nDeny from all\n</Limit>\n</Location>"
        ),
        "PUT",
        "DELETE",
    ),
    by_agent(
        "rewrite rule against User-Agents",
        Config(host=rewrite(f"RewriteCond %{{HTTP_USER_AGENT}} {AGENTS} [NC]")),
    ),
    by_agent(
        "rewrite rule against one spelling",
        Config(
            host=rewrite(
                "RewriteCond %{HTTP_USER_AGENT} Sendcloud [OR]\nRewriteCond %{HTTP_USER_AGENT} sqlmap"
            )
        ),
        Fault(Cause.USER_AGENT_RULE, Layer.SERVER, Subject.USER_AGENT, "Apache", SMALL),
    ),
    by_agent(
        "rewrite rule against how a User-Agent begins, in .htaccess",
        Config(htaccess=rewrite(f"RewriteCond %{{HTTP_USER_AGENT}} ^{AGENTS} [NC]") + WORDPRESS),
    ),
    by_agent(
        "SetEnvIfNoCase and Require not env",
        Config(host=f"SetEnvIfNoCase User-Agent {AGENTS} unwanted\n{NOBODY}"),
    ),
    by_agent(
        "BrowserMatchNoCase and Deny from env",
        Config(
            host=f"BrowserMatchNoCase {AGENTS} unwanted\n<Location />\nOrder allow,deny\nAllow from all\n"
            "Deny from env=unwanted\n</Location>"
        ),
    ),
    by_agent(
        "Deny from env in .htaccess",
        Config(
            htaccess=f"SetEnvIfNoCase User-Agent {AGENTS} unwanted\nOrder allow,deny\nAllow from all\n"
            f"Deny from env=unwanted\n{WORDPRESS}"
        ),
    ),
    by_agent(
        "Require expr in a location",
        Config(
            host="<LocationMatch ^/wp-json>\n<RequireAll>\nRequire all granted\n"
            f'Require expr "%{{HTTP_USER_AGENT}} !~ /{AGENTS}/i"\n</RequireAll>\n</LocationMatch>'
        ),
    ),
    by_agent(
        "page of one's own for 403",
        Config(
            host=f"SetEnvIfNoCase User-Agent {AGENTS} unwanted\n{NOBODY}\n"
            'ErrorDocument 403 "<html><body><h1>Not for robots</h1></body></html>"'
        ),
    ),
    Scenario(
        "Apache: nobody but the office",
        apache(Config(host="<Location />\nRequire ip 192.0.2.7\n</Location>")),
        (Fault(Cause.EVERYBODY_REFUSED, Layer.SERVER, Subject.EVERYTHING, "Apache"),),
        closes=True,
        stays_refused=(Ask(), Ask(source=HUB, path=ELSEWHERE), Ask(source=US, path=ELSEWHERE)),
        hub_meets=(Ask(agent=SMALL[0]),),
    ),
    Scenario(
        "Apache: the hub's network, which only its log knows",
        apache(
            Config(
                host=f"<Location />\n<RequireAll>\nRequire all granted\nRequire not ip {HUB} {STRANGER}\n"
                "</RequireAll>\n</Location>"
            )
        ),
        (Fault(Cause.ADDRESS_RULE, Layer.SERVER, Subject.ADDRESS, "Apache"),),
        closes=True,
        stays_refused=(Ask(), Ask(source=HUB, path=ELSEWHERE)),
        hub_meets=(Ask(agent=SMALL[0]), Ask("PUT", agent=SMALL[0], content=b"{}")),
    ),
    Scenario(
        "Apache: old-style Deny from, which only the hub's log knows",
        apache(
            Config(
                host="<Location />\nOrder allow,deny\nAllow from all\n"
                f"Deny from {HUB} {STRANGER}\n</Location>"
            )
        ),
        (Fault(Cause.ADDRESS_RULE, Layer.SERVER, Subject.ADDRESS, "Apache"),),
        closes=True,
        stays_refused=(Ask(), Ask(source=HUB, path=ELSEWHERE)),
        hub_meets=(Ask(agent=SMALL[0]),),
    ),
    Scenario(
        "Apache: orders closed",
        apache(Config(host='<LocationMatch "/orders">\nRequire all denied\n</LocationMatch>')),
        (Fault(Cause.PATH_RULE, Layer.SERVER, Subject.PATH, "Apache"),),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SMALL[0], path="/wp-json/wp/v2/orders")),
    ),
    Scenario(
        "Apache: password in front",
        apache(
            Config(
                host='<Location />\nAuthType Basic\nAuthName "Staging"\nAuthUserFile FOLDER/passwords\n'
                "Require valid-user\n</Location>",
                files=(("passwords", "team:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n"),),
            )
        ),
        (Fault(Cause.SIGN_IN, Layer.SERVER, Subject.EVERYTHING, "Apache"),),
        closes=True,
        stays_refused=(Ask(), Ask(agent=SMALL[0], path=ELSEWHERE)),
    ),
    Scenario(
        "Apache: methods for all, and all for one spelling",
        apache(
            Config(
                host="<Location />\n<Limit PUT PATCH DELETE>\nRequire all denied\n</Limit>\n</Location>\n"
                + rewrite(
                    "RewriteCond %{HTTP_USER_AGENT} ^Sendcloud/ [OR]\nRewriteCond %{HTTP_USER_AGENT} sqlmap"
                )
            )
        ),
        (
            Fault(Cause.METHOD_RULE, Layer.SERVER, Subject.METHOD, "Apache"),
            Fault(Cause.USER_AGENT_RULE, Layer.SERVER, Subject.USER_AGENT, "Apache", SMALL),
        ),
        closes=True,
        stays_refused=(*SCANNERS, Ask("PUT", agent="curl/8", content=b"{}")),
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_apaches_own_rules_are_named_and_the_printed_change_spares_the_hub_alone(
    scenario: Scenario, run: Callable[[Scenario], None], installed: Callable[[str], str]
) -> None:
    installed("apache2")
    run(scenario)
