"""Signs requests: Basic over https, OAuth 1.0a with HMAC-SHA256 over plain http; on wish always OAuth,
or with everything in the address.

Over plain http WooCommerce ignores Basic and answers as if no key had been sent.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from urllib.parse import quote, urlencode

from oauthlib.oauth1 import (
    SIGNATURE_HMAC_SHA256,
    SIGNATURE_TYPE_AUTH_HEADER,
    SIGNATURE_TYPE_QUERY,
    Client,
)

from integrations.http import Auth


def signer(key: str, secret: str, *, now: datetime, always_oauth: bool = False) -> Auth:
    """Credentials in the header, for one request; OAuth makes a new nonce per attempt.

    The body is not signed: WooCommerce does not ask for it.
    """
    basic = "Basic " + b64encode(f"{key}:{secret}".encode()).decode()

    def sign(method: str, url: str) -> Mapping[str, str]:
        if url.startswith("https://") and not always_oauth:
            return {"authorization": basic}
        oauth = _client(key, secret, now, SIGNATURE_TYPE_AUTH_HEADER)
        _url, headers, _body = oauth.sign(url, http_method=cast(Any, method))
        return {"authorization": headers["Authorization"]}

    return sign


def signed_address(
    method: str, url: str, params: Mapping[str, str], key: str, secret: str, *, now: datetime
) -> str:
    """``url`` with ``params`` and the credentials: over https the key itself, else an OAuth signature.

    For servers that keep the header from PHP. Such an address holds a secret, and is good for one request.
    """
    query = urlencode(params, safe=",:", quote_via=quote)
    address = f"{url}?{query}" if query else url
    if url.startswith("https://"):
        pair = urlencode({"consumer_key": key, "consumer_secret": secret})
        return f"{address}{'&' if query else '?'}{pair}"
    oauth = _client(key, secret, now, SIGNATURE_TYPE_QUERY)
    signed, _headers, _body = oauth.sign(address, http_method=cast(Any, method))
    return str(signed)


def _client(key: str, secret: str, now: datetime, where: str) -> Client:
    return Client(
        key,
        client_secret=secret,
        signature_method=SIGNATURE_HMAC_SHA256,
        signature_type=where,
        timestamp=str(int(now.timestamp())),
    )
