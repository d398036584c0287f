"""What the tests of Cloudflare share: the stand-in with two zones, and an audit of one of them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.applications import Starlette

from integrations.contracts import Target, Visitor
from integrations.opening import open_edge
from integrations.sandbox.clock import Clock
from integrations.sandbox.cloudflare.app import CloudflareApi
from integrations.sandbox.cloudflare.zones import zone
from integrations.sandbox.threads import serving

from .remote import LOCAL, NOW, PatientPacer

TOKEN = "cfut_0123456789abcdef0123456789abcdef"
HOSTED, SELF_HOSTED = "www.shop.example", "www.woo.example"
SENDCLOUD = Visitor("Sendcloud", ("Sendcloud/1.0.0", "SendCloud/1.0 (woocommerce)"), ("192.0.2.0/28",))


class Edge:
    """The stand-in, and the product looking at it."""

    def __init__(self, api: CloudflareApi, url: str) -> None:
        self.api = api
        self.url = url
        self.pacer = PatientPacer()

    def wrong(self, **faults) -> "Edge":
        """Switches faults on in both zones."""
        for name in self.api.zones:
            self.api.faults["zones"].setdefault(name, {}).update(faults)
        return self

    def refuse(self, fault: str, **params) -> "Edge":
        self.api.faults["api"][fault] = params
        return self

    def use(self, work, *, token=TOKEN, look_up=None, **settings):
        async def go():
            target = Target(
                "edge", f"{self.url}/client/v4", {"token": token}, {"check_dns": False, **settings}
            )
            async with open_edge(target, "cloudflare", policy=LOCAL, pacer=self.pacer) as adapter:
                if look_up is not None:
                    adapter.look_up = look_up
                return await work(adapter)

        return asyncio.run(asyncio.wait_for(go(), 30))

    def audit(self, host=HOSTED, *, visitors=(SENDCLOUD,), **kwargs):
        platform = "shopify" if host == HOSTED else "woocommerce"
        return self.use(
            lambda adapter: adapter.audit(host, platform=platform, visitors=visitors, now=NOW), **kwargs
        )

    def checks(self, host=HOSTED, **kwargs):
        """Checks by code; of those with a subject the first."""
        found = {}
        for check in self.audit(host, **kwargs).checks:
            found.setdefault(check.code, check)
        return found


def sentence(check) -> str:
    return check.text % check.values


@contextmanager
def running_edge() -> Iterator[Edge]:
    zones = [
        zone("shop.example", HOSTED, target="shops.myshopify.com"),
        zone("woo.example", SELF_HOSTED, plan="free"),
    ]
    api = CloudflareApi(zones, TOKEN, Clock())
    with serving(Starlette(routes=api.routes())) as url:
        yield Edge(api, url)
