"""Asks an address what it is."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from django.utils.translation import gettext as _

from integrations.contracts import Outcome
from integrations.detection import magento, prestashop, shopify, woocommerce
from integrations.detection.records import Detected, NotRecognised
from integrations.detection.site import Site, visit
from integrations.detection.typed import read_typed
from integrations.errors import RemoteError
from integrations.guard import GuardPolicy
from integrations.http import Patience, RemoteClient

_PATIENCE = Patience(connect=5.0, read=8.0, whole=10.0)

LOOKS: Mapping[str, Callable[[Site], Awaitable[Detected | None]]] = {
    "woocommerce": woocommerce.look,
    "shopify": shopify.look,
    "prestashop": prestashop.look,
    "magento": magento.look,
}


async def detect(text: str, *, policy: GuardPolicy, now: datetime) -> Detected:
    """The shop at the address that was typed, found by at most about 20 requests without credentials.

    Raises AddressRefused for what is no address or a private one, NotRecognised when it is no shop of a
    known platform, and the RemoteError that fits when nothing answers or something keeps visitors out.
    """
    typed = read_typed(text)
    async with RemoteClient(typed.url, policy=policy, patience=_PATIENCE) as http:
        return await recognise(await visit(http, typed, now))


async def recognise(site: Site) -> Detected:
    """The shop at a site that was visited. Raises as :func:`detect` does."""
    hint: RemoteError | None = None
    for platform in sorted(LOOKS, key=lambda platform: platform not in site.clues):
        try:
            found = await LOOKS[platform](site)
        except NotRecognised as error:
            hint = hint or error
        else:
            if found is not None:
                return found
    raise hint or _nothing(site)


def _nothing(site: Site) -> RemoteError:
    """Why no shop was found."""
    page = site.page
    if page is not None:
        judged = site.judged(page)
        if judged.outcome in (Outcome.BLOCKED, Outcome.CHALLENGED, Outcome.MAINTENANCE, Outcome.FAULT):
            return site.http.error(page, judged)
    if site.failures:
        return site.failures[0]
    sentence = _("%(url)s answers, but no Shopify, WooCommerce, Magento or PrestaShop shop was found there.")
    return NotRecognised(
        sentence % {"url": site.bases()[0]},
        remedy=_(
            "Check the address, include the folder if the shop is in one, or choose the platform yourself."
        ),
    )
