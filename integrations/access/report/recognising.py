"""Which shop is at an address; where it cannot be told, what to take it for."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

import httpx
from django.utils.translation import gettext as _

from integrations.access.report.records import Shop, Wanted
from integrations.detection.detect import LOOKS, recognise
from integrations.detection.records import Detected, NotRecognised
from integrations.detection.site import Site, visit
from integrations.detection.typed import Typed, read_typed
from integrations.errors import AddressRefused, ConnectionFailed, RemoteError, TlsFailed
from integrations.guard import GuardPolicy
from integrations.http import Patience, RemoteClient
from integrations.registry import adapter_class

MOST_FREQUENT = "woocommerce"
"""What a shop is taken for when nothing at all can be told."""
_TYPED_CLUES: Mapping[str, re.Pattern[str]] = {
    "shopify": re.compile(r"\.myshopify\.com\b|//admin\.shopify\.com", re.I),
    "woocommerce": re.compile(r"/wp-(?:admin|json|login|content)\b", re.I),
    "magento": re.compile(r"/rest(?:/|\Z)", re.I),
    "prestashop": re.compile(r"/api(?:/|\Z)|/admin\d\w+/", re.I),
}


async def recognise_shop(wanted: Wanted, *, policy: GuardPolicy, patience: Patience, now: datetime) -> Shop:
    """Never fails because something refuses or nothing answers: then it says what it assumed.

    Raises AddressRefused for what is no address or a private one, NotRecognised where something answers
    that is no shop.
    """
    typed = read_typed(wanted.text)
    async with RemoteClient(typed.url, policy=policy, patience=patience) as http:
        try:
            site = await _visited(http, typed, now)
        except AddressRefused:
            raise
        except RemoteError as error:
            return _assumed(wanted, typed, None, error)
        if wanted.platform:
            return _shop(wanted, typed, Detected(wanted.platform, site.bases()[0], ()))
        try:
            return _shop(wanted, typed, await recognise(site))
        except AddressRefused:
            raise
        except RemoteError as error:
            return _assumed(wanted, typed, site, error)


async def _visited(http: RemoteClient, typed: Typed, now: datetime) -> Site:
    """The front page. A hub keeps to https where it is offered with a bad certificate, and so does this."""
    try:
        return await visit(http, replace(typed, chose_scheme=True), now)
    except (ConnectionFailed, TlsFailed) as error:
        if typed.chose_scheme or _is_about_the_certificate(error):
            raise
    return await visit(http, typed, now)


def _is_about_the_certificate(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _shop(wanted: Wanted, typed: Typed, found: Detected) -> Shop:
    adapter = adapter_class(found.platform)
    api_root = wanted.api_root or adapter.plan.default_root
    return Shop(
        platform=found.platform,
        label=str(adapter.label),
        url=found.url,
        api_root=api_root,
        title=found.title,
        version="" if found.platform == "shopify" else found.version,
        told_by=found.evidence,
        answers_at=found.api_root if found.api_root != api_root else "",
        moved_from=typed.url if has_moved(typed, found) else "",
    )


def has_moved(typed: Typed, found: Detected) -> bool:
    """Whether the address, typed in full, leads to another. Shopify's own domain is not led to."""
    if not typed.chose_scheme or found.platform == "shopify":
        return False
    before, after = httpx.URL(typed.url), httpx.URL(found.url)
    if (before.scheme, before.raw_host, before.port) != (after.scheme, after.raw_host, after.port):
        return True
    # A shop above the page that was copied is where it was; one below the address is not.
    return not f"{before.path.rstrip('/')}/".startswith(f"{after.path.rstrip('/')}/")


def _assumed(wanted: Wanted, typed: Typed, site: Site | None, error: RemoteError) -> Shop:
    """The likeliest platform. Raises ``error`` where an answer shows no sign of any."""
    clues = {platform for platform, sign in _TYPED_CLUES.items() if sign.search(wanted.text)}
    if site is not None:
        clues |= site.clues
    platform = wanted.platform or next((platform for platform in LOOKS if platform in clues), "")
    if not platform and isinstance(error, NotRecognised):
        raise error
    url = site.bases()[0] if site is not None else typed.url
    shop = _shop(wanted, typed, Detected(platform or MOST_FREQUENT, url, ()))
    if wanted.platform:
        return shop
    if platform:
        sentence = _("It could not be asked what shop this is; by its signs it was taken for %(platform)s.")
    else:
        sentence = _(
            "It could not be told what shop this is; it was asked as %(platform)s, the most frequent. "
            "Name another with --platform."
        )
    doubt = error if isinstance(error, NotRecognised) else None
    return replace(shop, assumed=sentence % {"platform": shop.label}, doubt=doubt)
