"""Why a shop saw no valid key: one question more tells the causes apart.

The same request with an OAuth signature names what Basic cannot: WordPress answers a signature with a
reason wherever it sees one, be it over http or over https, and a signature gives no secret away.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from integrations.access.classify import json_document
from integrations.errors import CredentialsRefused, RemoteError, RightMissing

if TYPE_CHECKING:
    from integrations.woocommerce.adapter import WooCommerceStore

_ONE = {"per_page": "1", "_fields": "id"}


async def explained(store: WooCommerceStore, error: RemoteError, *, now: datetime) -> RemoteError:
    """The error, in the clearer words of its cause where one more request finds it."""
    refused = isinstance(error, CredentialsRefused) and not isinstance(error, RightMissing)
    if not refused or error.call is None or store.settings.sign_in == "query":
        return error
    try:
        answer = await store.ask("GET", "wc/v3/orders", now=now, params=_ONE, always_oauth=True, keep=False)
    except RemoteError:
        # The question was only for better words; what is known stays true.
        return error
    document = json_document(answer) if answer.looks_like_json else None
    if answer.status == 200 and isinstance(document, list):
        return CredentialsRefused(
            _("The key is good, but WordPress does not know that it is behind https, and so ignores it."),
            call=error.call,
            remedy=_(
                "Let the proxy send X-Forwarded-Proto and WordPress trust it; or choose the sign-in oauth in "
                "the store's settings."
            ),
        )
    if not isinstance(document, dict):
        return error
    if str(document.get("message", "")).lower().startswith("consumer key is invalid"):
        return CredentialsRefused(
            _("The shop does not know this consumer key: it was deleted, or belongs to another shop."),
            call=error.call,
            remedy=_("Make a new REST key in WooCommerce and enter both its parts."),
        )
    if answer.status == 401 and str(document.get("code", "")).startswith("woocommerce_rest_cannot_"):
        return CredentialsRefused(
            _("The web server drops the Authorization header before WordPress sees it."),
            call=error.call,
            remedy=_(
                "Let the web server hand the Authorization header to PHP (WordPress writes such a line into "
                ".htaccess); or, if the key may stand in the server's logs, choose the sign-in query in the "
                "store's settings."
            ),
        )
    return error
