"""Is it PrestaShop? Its webservice asks visitors for a key under a realm of its own, even when it is off."""

from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from integrations.answer import Answer
from integrations.detection.records import Detected, blocked
from integrations.detection.site import Site
from integrations.prestashop.recognition import asked_for_a_key, is_webservice, prestashop


async def look(site: Site) -> Detected | None:
    refused: tuple[str, Answer] | None = None
    bases = site.bases()
    for base in bases:
        answer = await site.ask(f"{base}/api/orders/0")
        if answer is None:
            continue
        if asked_for_a_key(answer) or is_webservice(answer):
            told = _("PrestaShop's webservice asks for a key at %(url)s.") % {"url": f"{base}/api"}
            return Detected("prestashop", base, (told, *_closed(site)))
        main = _main_domain(answer)
        if main and main not in bases and len(bases) < 6:
            bases.append(main)
        elif prestashop(answer) or "prestashop" in site.clues:
            refused = refused or (base, answer)
    if refused is None:
        return None
    base, answer = refused
    told = _("The site is PrestaShop, and its webservice does not answer at %(url)s.")
    error = site.obstacle(answer, prestashop)
    remedy = _(
        "In PrestaShop: Advanced Parameters > Webservice, switch it on; then save Shop Parameters > "
        "Traffic & SEO once, so that the rule for /api is written."
    )
    found = blocked(error) if prestashop(answer) else {"obstacle": str(error), "remedy": remedy}
    return Detected("prestashop", base, (told % {"url": f"{base}/api"},), **found)


def _main_domain(answer: Answer) -> str:
    """Asked under another than its main domain, PrestaShop leads to ``main-domain/?url=...``."""
    location = answer.headers.get("location", "")
    if answer.status not in (301, 302) or "?url=" not in location:
        return ""
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    is_address = parts.scheme in ("http", "https") and parts.netloc
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/") if is_address else ""


def _closed(site: Site) -> tuple[str, ...]:
    if site.page is not None and site.page.status == 503:
        return (_("The front page is closed for maintenance, which does not touch the webservice."),)
    return ()
