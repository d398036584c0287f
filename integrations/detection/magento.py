"""Is it Magento? It tells visitors its version, and refuses an order number in words of its own."""

import re

from django.utils.translation import gettext as _

from integrations.access.classify import json_document
from integrations.answer import Answer
from integrations.detection.records import Detected, blocked
from integrations.detection.site import Site
from integrations.magento.recognition import is_refusal, magento

_ROOTS = ("rest/V1", "index.php/rest/V1")
_VERSION = re.compile(r"(?:Magento|Mage-OS)/(\d[\d.]{0,10})")


async def look(site: Site) -> Detected | None:
    for base in site.bases():
        refused: Answer | None = None
        version = await _version(site, base)
        for root in _ROOTS:
            answer = await site.ask(f"{base}/{root}/orders/0")
            if answer is None:
                continue
            if answer.looks_like_json and is_refusal(answer, json_document(answer)):
                told = _("Magento's API answers at %(url)s.") % {"url": f"{base}/{root}"}
                evidence = (told, _named(base)) if version else (told,)
                api_root = "" if root == _ROOTS[0] else root
                return Detected("magento", base, evidence, version=version, api_root=api_root)
            refused = refused or answer
            if not version and "magento" not in site.clues:
                break
        if refused is not None and (version or magento(refused)):
            told = _named(base) if version else _("Magento's own page answers at %(url)s.") % {"url": base}
            error = site.obstacle(refused, magento)
            return Detected("magento", base, (told,), version=version, **blocked(error))
    return None


def _named(base: str) -> str:
    return _("%(url)s names Magento.") % {"url": f"{base}/magento_version"}


async def _version(site: Site, base: str) -> str:
    answer = await site.ask(f"{base}/magento_version", truncate_at=512)
    found = _VERSION.match(answer.text(200).strip()) if answer and answer.status == 200 else None
    return found[1] if found else ""
