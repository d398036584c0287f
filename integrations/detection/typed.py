"""What a person types or pastes where the address of a shop is asked for."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

from django.utils.translation import gettext as _

from integrations.errors import AddressRefused
from integrations.guard import check_url

_HOST = re.compile(r"[\w.:-]+\Z")
"""Letters of any script; what is odd beyond that, the address guard says."""
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_BROKEN_SCHEME = re.compile(r"(https?)[:;/]+", re.IGNORECASE)
_SHOPIFY_ADMIN = re.compile(r"/store/([a-z0-9][a-z0-9-]*)", re.IGNORECASE)
_BACK_OFFICE = re.compile(r"/(?:wp-admin|wp-login\.php|wp-json|admin|index\.php|rest|api)(?:/.*)?\Z")
"""Where the owner of a shop may have been when the address was copied; the shop is in front of it."""
_FILE = re.compile(r"/[^/]*\.(?:php|html?)\Z")


@dataclass(frozen=True, slots=True)
class Typed:
    """An address to begin with."""

    url: str
    """Without query, fragment and final slash."""
    chose_scheme: bool
    """Whether http or https was typed; else https is tried first."""


def read_typed(text: str) -> Typed:
    """Raises AddressRefused when it can be no web address, or may not be asked."""
    text = text.strip()
    chose_scheme = bool(_SCHEME.match(text))
    try:
        parts = urlsplit(text if chose_scheme else f"https://{text}")
        host = parts.hostname or ""
    except ValueError:
        parts, host = SplitResult("", "", "", "", ""), ""
    broken = None if chose_scheme else _BROKEN_SCHEME.match(text)
    if broken:
        raise AddressRefused(
            _("“%(text)s” is no web address.") % {"text": text[:80]},
            remedy=_("Did you mean %(url)s?") % {"url": f"{broken[1].lower()}://{text[broken.end() :][:80]}"},
        )
    if not _HOST.match(host):
        raise AddressRefused(
            _("“%(text)s” is no web address.") % {"text": text[:80]},
            remedy=_("Enter the shop's address as customers see it, for example https://shop.example."),
        )
    if parts.username is not None or parts.password is not None:
        raise AddressRefused(
            _("The address holds a user name or a password."),
            remedy=_("Leave them out; credentials are asked for in the next step."),
        )
    admin = _SHOPIFY_ADMIN.match(parts.path) if host == "admin.shopify.com" else None
    if admin:
        return Typed(f"https://{admin[1].lower()}.myshopify.com", chose_scheme=True)
    path = "" if host.endswith(".myshopify.com") else _FILE.sub("", _BACK_OFFICE.sub("", parts.path))
    url = urlunsplit((parts.scheme, parts.netloc, path.rstrip("/"), "", ""))
    check_url(url)
    return Typed(url, chose_scheme)
