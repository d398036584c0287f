"""Is it WooCommerce? Its API tells visitors which interfaces it has, and in which time zone it is."""

from zoneinfo import available_timezones

from django.utils.translation import gettext as _

from integrations.access.classify import json_document
from integrations.access.wordpress import wordpress
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.detection.records import Detected, NotRecognised, blocked
from integrations.detection.site import Site, generator, plain_title

_ROOTS = ("wp-json", "index.php/wp-json")
_FIELDS = {"_fields": "name,namespaces,timezone_string,gmt_offset"}
_STOPPED = {Outcome.BLOCKED, Outcome.CHALLENGED, Outcome.MAINTENANCE, Outcome.FAULT}


async def look(site: Site) -> Detected | None:
    """Raises NotRecognised for WordPress that is no shop, or hides its API."""
    refused: tuple[str, Answer] | None = None
    for base in site.bases():
        for root in _ROOTS:
            answer = await site.ask(f"{base}/{root}/", redirects=2, params=_FIELDS)
            if answer is None:
                continue
            document = json_document(answer) if answer.looks_like_json else None
            if isinstance(document, dict) and isinstance(document.get("namespaces"), list):
                return _found(site, answer, root, document)
            by = site.judged(answer, wordpress)
            if by.by == "WordPress" or (by.outcome in _STOPPED and "woocommerce" in site.clues):
                refused = refused or (base, answer)
    if refused is not None:
        base, answer = refused
        told = _("The site is WordPress, and its API does not answer at %(url)s.")
        return Detected(
            "woocommerce",
            base,
            (told % {"url": f"{base}/wp-json/"},),
            version=generator(site.text, "WooCommerce"),
            **blocked(site.obstacle(answer, wordpress)),
        )
    if "woocommerce" in site.clues:
        await _plain_permalinks(site)
    return None


def _found(site: Site, answer: Answer, root: str, document: dict[str, object]) -> Detected:
    base = answer.url.partition("?")[0].rstrip("/").removesuffix(f"/{root}")
    namespaces = document["namespaces"]
    if not isinstance(namespaces, list) or "wc/v3" not in namespaces:
        raise NotRecognised(
            _("WordPress answers at %(url)s, but WooCommerce is not active there.") % {"url": base},
            remedy=_("Enter the address of the shop, or activate WooCommerce in WordPress."),
        )
    offered = _("WordPress answers at %(url)s and offers WooCommerce's interface wc/v3.")
    return Detected(
        "woocommerce",
        base,
        (offered % {"url": f"{base}/{root}/"},),
        title=plain_title(document.get("name")),
        version=generator(site.text, "WooCommerce"),
        api_root="" if root == _ROOTS[0] else root,
        time_zone=_zone(document),
    )


def _zone(document: dict[str, object]) -> str:
    """WordPress names a zone, or keeps to an offset all year round."""
    name, offset = document.get("timezone_string"), document.get("gmt_offset")
    if isinstance(name, str) and name in available_timezones():
        return name
    try:
        hours = float(str(offset))
    except ValueError:
        return ""
    if hours == 0:
        return "UTC"
    # The signs of these names are the other way round (IANA, file etcetera).
    fixed = f"Etc/GMT{-int(hours):+d}" if hours.is_integer() else ""
    return fixed if fixed in available_timezones() else ""


async def _plain_permalinks(site: Site) -> None:
    for base in site.bases():
        answer = await site.ask(f"{base}/?rest_route=/")
        document = json_document(answer) if answer and answer.looks_like_json else None
        if isinstance(document, dict) and "namespaces" in document:
            raise NotRecognised(
                _("WordPress answers at %(url)s, but its permalinks are set to Plain.") % {"url": base},
                remedy=_(
                    "In WordPress, under Settings > Permalinks, choose anything but Plain; keys are only "
                    "read then."
                ),
            )
