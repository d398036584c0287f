"""Requests to the OpenID Connect provider: to public addresses, those of its own host, and allowed networks.

What the provider's discovery document names is asked too, so it must not lead into other networks.
"""

import socket
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import InvalidURL

from integrations.guard import GuardPolicy

__all__ = ["NoAnswer", "Session", "guarded_session"]

NoAnswer = RequestException
"""What a provider that cannot be asked raises."""


class _Guarded(HTTPAdapter):
    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self.timeout_s = timeout_s

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:  # type: ignore[override]  # all by name
        parts = urlsplit(request.url or "")
        # The issuer was named by whoever runs Syncwatch; it may well be inside.
        if parts.hostname != urlsplit(settings.OIDC_ISSUER).hostname:
            policy = GuardPolicy(settings.SYNCWATCH_ALLOWED_NETWORKS)
            for place in _places(parts.hostname, parts.port or 443):
                if not policy.allows(ip_address(place.partition("%")[0])):
                    raise InvalidURL(f"{parts.hostname} leads to an address that is not allowed.")
        return super().send(request, **{**kwargs, "timeout": self.timeout_s})


def _places(host: str | None, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise RequestException(f"{host} has no address.") from error
    return [str(place[0]) for *_, place in found]


def guarded_session(timeout_s: float) -> Session:
    """A session that follows no redirects and waits at most ``timeout_s`` for an answer."""
    session = Session()
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Guarded(timeout_s))
    return session
