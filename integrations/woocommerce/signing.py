"""Signs requests: Basic over https, OAuth 1.0a with HMAC-SHA256 over plain http.

Over plain http WooCommerce ignores Basic and answers as if no key had been sent.
"""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from integrations.http import Auth


def signer(key: str, secret: str, *, now: datetime) -> Auth:
    """Credentials for one request; OAuth makes a new nonce per attempt.

    The body is not signed: WooCommerce does not ask for it.
    """
    basic = "Basic " + b64encode(f"{key}:{secret}".encode()).decode()

    def sign(method: str, url: str) -> Mapping[str, str]:
        if url.startswith("https://"):
            return {"authorization": basic}
        oauth = Client(
            key,
            client_secret=secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            timestamp=str(int(now.timestamp())),
        )
        _url, headers, _body = oauth.sign(url, http_method=cast(Any, method))
        return {"authorization": headers["Authorization"]}

    return sign
