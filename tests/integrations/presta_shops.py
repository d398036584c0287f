"""PrestaShop shops of the three generations, and how tests open them."""

import asyncio
from datetime import timedelta

from integrations.contracts import Target, Watermark
from integrations.opening import open_store
from integrations.sandbox.testing import NOW, shop

from .remote import LOCAL, PatientPacer

SHOPS = [
    shop("eight", "prestashop", time_zone="Europe/Amsterdam"),
    shop("nine", "prestashop", version="9.0.3", time_zone="America/New_York"),
    shop("seven", "prestashop", version="1.7.8.11", time_zone="Asia/Tokyo"),
]
NAMES = [spec.name for spec in SHOPS]
START = Watermark(NOW - timedelta(days=2))


def using(sandbox, name, do, *, who="monitor", zone="UTC", **settings):
    async def go():
        key = {"key": sandbox.fleet.prestashop_key(name, who)}
        target = Target(name, sandbox.store_url(name), key, {"page_size": 4, **settings}, zone)
        async with open_store(target, "prestashop", policy=LOCAL, pacer=PatientPacer()) as store:
            return await do(store)

    return asyncio.run(go())


def read(sandbox, name, since=START, **how):
    async def pages(store):
        return [page async for page in store.read_orders(since, now=sandbox.now())]

    return using(sandbox, name, pages, **how)
