"""ModSecurity inside Apache: its rules refuse a hub, its log names the rule, and the printed exclusion lets
the hub through while attacks stay refused."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from integrations.access.records import Cause, Layer, Subject
from tests.servers.apache import NO_NAME, Config, apache, log_of, log_of_the_hub
from tests.servers.laboratory import hub_agents
from tests.servers.scenarios import HUB, ORDERS, SCANNER, Ask, Fault, Scenario

pytestmark = [pytest.mark.acceptance, pytest.mark.servers]

AGENTS = hub_agents("woocommerce")
ELSEWHERE = "/wp-json/wp/v2/users/0"
INJECTION = f"{ORDERS}?id=1%27%20OR%20%271%27=%271%27%20UNION%20SELECT%20password%20FROM%20users--"
BY_METHOD = Fault(
    Cause.METHOD_RULE, Layer.FIREWALL, Subject.METHOD, "ModSecurity", methods=("PUT", "PATCH", "DELETE")
)
BY_AGENT = Fault(Cause.USER_AGENT_RULE, Layer.FIREWALL, Subject.USER_AGENT, "ModSecurity", AGENTS)
ATTACKS = (
    Ask("GET", INJECTION, AGENTS[0]),
    Ask("PUT", INJECTION, AGENTS[1], content=b"{}"),
    Ask("PUT", ELSEWHERE, AGENTS[0], content=b"{}"),
    Ask("PUT", ORDERS, "curl/8", content=b"{}"),
    Ask("GET", ORDERS, SCANNER),
)
"""Injections in the hub's name; methods beside the interface and by others; a scanner."""
BY_NAME = (Ask(), Ask("PUT", content=b"{}"), Ask("GET", ELSEWHERE, AGENTS[0]))
NAMES = '"@pmFromFile FOLDER/unwanted"'
UNWANTED = (("unwanted", "sendcloud\nsqlmap\nnikto\n"),)

ALL_METHODS = (
    'SecAction "id:900200,phase:1,nolog,pass,t:none,'
    "setvar:'tx.allowed_methods=GET HEAD POST OPTIONS PUT PATCH DELETE'\"\n"
)
AS_JSON = {"content-type": "application/json"}
SHIPPED = b"""{"status": "completed", "meta_data": [{"key": "_wc_shipment_tracking_items", "value":
[{"tracking_provider": "PostNL", "tracking_link": "https://tracking.sendcloud.sc/forward?carrier=postnl&code=3S"}
]}]}"""
NOTED = b'{"note": "On its way: https://tracking.sendcloud.sc/forward?carrier=postnl&code=3S&lang=nl"}'
WRITTEN = (
    Ask("PUT", agent=AGENTS[0], headers=AS_JSON, content=SHIPPED),
    Ask("POST", agent=AGENTS[1], headers=AS_JSON, content=NOTED),
)
"""What the hub writes when a parcel is sent; asked without credentials, at an order that exists nowhere."""


def paranoia(level: int) -> str:
    return f'SecAction "id:900000,phase:1,nolog,pass,t:none,setvar:tx.paranoia_level={level}"\n'


def by_rule_set(name: str, owasp: str, fault: Fault = BY_METHOD, asks: Sequence[Ask] = ATTACKS) -> Scenario:
    return Scenario(
        f"ModSecurity: {name}",
        apache(Config(owasp=owasp)),
        (fault,),
        closes=True,
        stays_refused=tuple(asks),
        read_log=log_of,
    )


def by_own_rule(name: str, rule: str, fault: Fault = BY_AGENT, asks: Sequence[Ask] = BY_NAME) -> Scenario:
    return Scenario(
        f"ModSecurity: {name}",
        apache(Config(rules=rule, files=UNWANTED)),
        (fault,),
        closes=True,
        stays_refused=tuple(asks),
        read_log=log_of,
    )


def against_names(action: str, number: int) -> str:
    return f'SecRule REQUEST_HEADERS:User-Agent {NAMES} "id:{number},phase:1,t:none,log,{action}"\n'


SCENARIOS = (
    Scenario(
        "ModSecurity: OWASP's rules as shipped, without their log",
        apache(Config(owasp="")),
        (BY_METHOD,),
        closes=True,
        stays_refused=ATTACKS,
    ),
    by_rule_set("OWASP's rules as shipped", ""),
    by_rule_set("paranoia level 2", paranoia(2)),
    by_rule_set("paranoia level 3", paranoia(3)),
    by_rule_set("paranoia level 4", paranoia(4)),
    *(
        Scenario(
            f"ModSecurity: tracking links at paranoia level {level}, which only the hub's log knows",
            apache(Config(owasp=paranoia(level) + ALL_METHODS)),
            (Fault(Cause.CONTENT_RULE, Layer.FIREWALL, Subject.CONTENT, "ModSecurity"),),
            closes=True,
            stays_refused=(
                Ask("GET", INJECTION, AGENTS[0]),
                Ask("PUT", INJECTION, AGENTS[0], headers=AS_JSON, content=SHIPPED),
                Ask("PUT", agent="curl/8", headers=AS_JSON, content=SHIPPED),
                Ask("PUT", ELSEWHERE, AGENTS[0], headers=AS_JSON, content=SHIPPED),
                Ask(),
            ),
            hub_meets=WRITTEN,
            read_log=log_of_the_hub,
        )
        for level in (2, 4)
    ),
    by_own_rule("User-Agents, 403", against_names("deny,status:403,msg:'Unwanted robot'", 50001)),
    by_own_rule("User-Agents, 406", against_names("deny,status:406", 50002)),
    by_own_rule(
        "User-Agents, 429",
        against_names("deny,status:429", 50003),
        Fault(Cause.RATE_LIMIT, Layer.FIREWALL, Subject.RATE, "ModSecurity"),
    ),
    by_own_rule(
        "User-Agents, 503",
        against_names("deny,status:503", 50004),
    ),
    replace(
        by_own_rule(
            "User-Agents, hung up",
            against_names("drop", 50005),
            Fault(Cause.DROPPED, Layer.FIREWALL, Subject.USER_AGENT, "ModSecurity", AGENTS),
        ),
        methods=("GET", "PUT"),
    ),
    by_own_rule(
        "methods",
        'SecRule REQUEST_METHOD "!@within GET HEAD POST OPTIONS" "id:50006,phase:1,t:none,deny,status:403,'
        "msg:'Reading only'\"\n",
        asks=(Ask("PUT", content=b"{}"), Ask("PUT", ELSEWHERE, AGENTS[0], content=b"{}")),
        fault=BY_METHOD,
    ),
    Scenario(
        "ModSecurity: score limit so low that a shop without a name is refused",
        apache(
            Config(
                owasp='SecAction "id:900110,phase:1,nolog,pass,t:none,'
                'setvar:tx.inbound_anomaly_score_threshold=3"\n',
                files=((NO_NAME, ""),),
            )
        ),
        (Fault(Cause.EVERYBODY_REFUSED, Layer.FIREWALL, Subject.EVERYTHING, "ModSecurity"),),
        closes=True,
        stays_refused=(
            Ask(),
            Ask(agent=AGENTS[0]),
            Ask(path=ELSEWHERE, source=HUB),
            Ask("GET", INJECTION, source=HUB),
        ),
        hub_meets=(Ask(agent=AGENTS[0]),),
        read_log=log_of,
        methods=("GET", "POST", "OPTIONS"),
    ),
    Scenario(
        "ModSecurity: OWASP's methods, and Apache's rule against one spelling",
        apache(
            Config(
                owasp="",
                host='SetEnvIf User-Agent "^Sendcloud/" unwanted\nSetEnvIfNoCase User-Agent sqlmap unwanted\n'
                "<Location />\n<RequireAll>\nRequire all granted\nRequire not env unwanted\n</RequireAll>\n"
                "</Location>",
            )
        ),
        (
            Fault(Cause.USER_AGENT_RULE, Layer.SERVER, Subject.USER_AGENT, "Apache", AGENTS[:1]),
            Fault(Cause.METHOD_RULE, Layer.FIREWALL, Subject.METHOD, "ModSecurity"),
        ),
        closes=True,
        stays_refused=ATTACKS,
        read_log=log_of,
    ),
    by_own_rule(
        "every body of JSON",
        'SecRule REQUEST_HEADERS:Content-Type "@beginsWith application/json" "id:50007,phase:2,t:none,chain,'
        'deny,status:403,msg:\'No JSON\'"\nSecRule REQUEST_METHOD "@rx ^(?:POST|PUT|PATCH)$" "t:none"\n',
        asks=(Ask("PUT", content=b"{}", headers={"content-type": "application/json"}),),
        fault=Fault(Cause.CONTENT_RULE, Layer.FIREWALL, Subject.CONTENT, "ModSecurity"),
    ),
    by_own_rule(
        "one address of the interface",
        'SecRule REQUEST_FILENAME "@contains /orders" "id:50008,phase:1,t:none,deny,status:403"\n',
        asks=(Ask(), Ask("GET", "/wp-json/wp/v2/orders", AGENTS[0])),
        fault=Fault(Cause.PATH_RULE, Layer.FIREWALL, Subject.PATH, "ModSecurity"),
    ),
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_rule_is_named_and_the_printed_exclusion_spares_the_hub_alone(
    scenario: Scenario, run: Callable[[Scenario], None], installed: Callable[[str], str]
) -> None:
    installed("apache2")
    run(scenario)
