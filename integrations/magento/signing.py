"""Signs requests: OAuth 1.0a with HMAC-SHA256, or the access token alone as Bearer.

Magento 2.4.4 and later accept no other signature method, and Bearer only where the shop allows it. The body
of a request is not signed: with it oauthlib would add a hash of which it is not known that Magento takes it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from integrations.http import Auth
from integrations.magento.options import Credentials

NOBODY = "nobody".ljust(32, "0")
"""Of the right length and nobody's: what Magento answers shows whether the header reached it."""


def signed(credentials: Credentials, *, now: datetime) -> Auth:
    """Signs each attempt anew: Magento refuses a nonce it has seen."""
    return _oauth(
        credentials.consumer_key.get_secret_value(),
        credentials.consumer_secret.get_secret_value(),
        credentials.access_token.get_secret_value(),
        credentials.access_token_secret.get_secret_value(),
        now,
    )


def signed_by_nobody(*, now: datetime) -> Auth:
    """A well-formed signature of a consumer that exists nowhere."""
    return _oauth(NOBODY, NOBODY, NOBODY, NOBODY, now)


def bearer(credentials: Credentials) -> Auth:
    token = credentials.access_token.get_secret_value()
    return lambda _method, _url: {"authorization": f"Bearer {token}"}


def _oauth(key: str, secret: str, token: str, token_secret: str, now: datetime) -> Auth:
    def sign(method: str, url: str) -> Mapping[str, str]:
        client = Client(
            key,
            client_secret=secret,
            resource_owner_key=token,
            resource_owner_secret=token_secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            timestamp=str(int(now.timestamp())),
        )
        _url, headers, _body = client.sign(url, http_method=cast(Any, method))
        return {"authorization": headers["Authorization"]}

    return sign
