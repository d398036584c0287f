"""Is it Shopify? The front page names the shop's own domain, under which the API refuses visitors in JSON."""

import re

from django.utils.translation import gettext as _

from integrations.access.classify import json_document
from integrations.detection.records import Detected
from integrations.detection.site import Site, plain_title
from integrations.errors import NoAnswer
from integrations.shopify.options import API_VERSION

_OWN = re.compile(r"Shopify\.shop\s*=\s*[\"']([a-z0-9][a-z0-9-]*\.myshopify\.com)[\"']", re.I)
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com\Z")


async def look(site: Site) -> Detected | None:
    title = ""
    for base in site.bases():
        if await _refuses(site, base):
            return _found(base, base, title)
    own = _OWN.search(site.text)
    domain = own[1].lower() if own else ""
    if not domain and "shopify" in site.clues:
        domain, title = await _meta(site)
    if domain and await _refuses(site, f"https://{domain}"):
        return _found(f"https://{domain}", site.bases()[-1], title)
    return None


def _found(address: str, front: str, title: str) -> Detected:
    evidence = [_("Shopify's API answers at %(url)s.") % {"url": address}]
    if front != address:
        sentence = _("%(front)s is the shop's own domain; the API is asked at %(url)s.")
        evidence.append(sentence % {"front": front, "url": address})
    return Detected("shopify", address, tuple(evidence), title=title, version=API_VERSION)


async def _refuses(site: Site, base: str) -> bool:
    """Whether Shopify's API is there: without a token it answers 401 and JSON, whose ``errors`` is a text."""
    url = f"{base}/admin/api/{API_VERSION}/graphql.json"
    try:
        answer = await site.http.request(
            "POST",
            url,
            now=site.now,
            headers={"content-type": "application/json"},
            content=b'{"query":"{shop{id}}"}',
        )
    except NoAnswer as error:
        site.failures.append(error)
        return False
    document = json_document(answer) if answer.looks_like_json else None
    errors = document.get("errors") if isinstance(document, dict) else None
    return answer.status in (401, 402, 403, 423) and isinstance(errors, str)


async def _meta(site: Site) -> tuple[str, str]:
    """(own domain, title), as Shopify tells them of every shop that is open to visitors."""
    answer = await site.ask(f"{site.bases()[-1]}/meta.json", redirects=1)
    document = json_document(answer) if answer and answer.looks_like_json else None
    domain = document.get("myshopify_domain") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(domain, str) or not _DOMAIN.match(domain):
        return "", ""
    return domain, plain_title(document.get("name"))
