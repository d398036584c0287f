"""What nginx does to hubs, who asks, and what must be said: shared by the scenarios."""

import contextlib
from collections.abc import Iterator

from integrations.access.records import Cause, Layer, Subject
from tests.servers.fastcgi import running_fastcgi
from tests.servers.laboratory import hub_agents
from tests.servers.nginx import Config, running
from tests.servers.scenarios import Ask, Fault, Front, Serve, Site

SHORT, LONG = hub_agents("woocommerce")
HUB_ELSEWHERE = Ask(path="/wp-json/wp/v2/users", agent=SHORT)
"""The hub's name, at a path that is none of the hub's business."""
SHORT_OUTSIDE = Ask(path="/", agent=SHORT)
OTHER_ROUTE = Ask(path="/wp-json/wc/v3/orders?rest_route=/wp/v2/users", agent=SHORT)
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


_PARAMS = "\n        ".join(
    f"fastcgi_param {name} {variable};"
    for name, variable in (
        ("REQUEST_METHOD", "$request_method"),
        ("REQUEST_URI", "$request_uri"),
        ("CONTENT_TYPE", "$content_type"),
        ("CONTENT_LENGTH", "$content_length"),
    )
)


def php(lines: str) -> Serve:
    """nginx that runs the shop by FastCGI, with these lines where it does when it is broken."""

    @contextlib.contextmanager
    def serve(site: Site, is_broken: bool) -> Iterator[Front]:
        with running_fastcgi(site.shop_url) as address:
            handler = f"{_PARAMS}\n        fastcgi_pass {address};"
            with running(Config(location=lines if is_broken else "", handler=handler), site) as front:
                yield front

    return serve


def wordpress(*, server: str = "", location: str = "", php: str = "") -> Serve:
    """nginx as WordPress' own documentation sets it up, with these lines when it is broken: what is no file
    goes to index.php, and ``php`` stands where that is run."""

    @contextlib.contextmanager
    def serve(site: Site, is_broken: bool) -> Iterator[Front]:
        with running_fastcgi(site.shop_url) as address:
            of_php = f"{php if is_broken else ''}\n        {_PARAMS}\n        fastcgi_pass {address};"
            config = Config(
                server=f"{server if is_broken else ''}\n    location ~ \\.php$ {{\n        {of_php}\n    }}",
                location=location if is_broken else "",
                handler="try_files $uri $uri/ /index.php?$args;",
            )
            with running(config, site) as front:
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
