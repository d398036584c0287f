"""Requests to the OpenID Connect provider: through the address guard, like every other request that goes out.

Discovery, token, keys and user information are asked by django-allauth with requests; what the provider's own
documents name is asked too, so neither they nor a name that answers differently the second time may lead into
our network.
"""

import asyncio
import logging
import socket
from typing import Any

from django.conf import settings
from requests import PreparedRequest, RequestException, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

from integrations.errors import RemoteError
from integrations.guard import GuardPolicy, check_url

__all__ = ["NoAnswer", "Session", "guarded_session"]

log = logging.getLogger(__name__)

NoAnswer = RequestException
"""What a provider that cannot be asked raises."""
_MOST_TRIED = 3


class _Checked(HTTPConnection):
    """Connects to exactly an address that the guard has judged; names and certificates stay the host's."""

    def _new_conn(self) -> socket.socket:
        policy = GuardPolicy(settings.SYNCWATCH_ALLOWED_NETWORKS)
        found = asyncio.run(policy.addresses(self._dns_host, self.port or 443, self.timeout))
        failure: OSError | None = None
        for address in found[:_MOST_TRIED]:
            try:
                return create_connection(
                    (str(address), self.port or 443), self.timeout, socket_options=self.socket_options
                )
            except OSError as error:
                failure = error
        if isinstance(failure, TimeoutError):
            raise ConnectTimeoutError(self, f"{self.host} took too long to answer.") from failure
        raise NewConnectionError(self, f"{self.host}: {failure}") from failure


class _CheckedTls(_Checked, HTTPSConnection):
    """The same with TLS."""


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Checked


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _CheckedTls


class _Guarded(HTTPAdapter):
    def __init__(self, timeout_s: float) -> None:
        super().__init__()
        self.timeout_s = timeout_s

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def send(self, request: PreparedRequest, **kwargs: Any) -> Response:  # type: ignore[override]  # all by name
        try:
            check_url(request.url or "")
            return super().send(request, **{**kwargs, "timeout": self.timeout_s})
        except RemoteError as error:
            # For whoever runs Syncwatch; the page, which anybody can open, does not tell of our network.
            log.error("The sign-in provider cannot be asked. %s %s", error, error.remedy)
            raise NoAnswer(str(error)) from error


def guarded_session(timeout_s: float) -> Session:
    """A session that follows no redirects and waits at most ``timeout_s`` for an answer."""
    session = Session()
    session.trust_env = False
    session.max_redirects = 0
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Guarded(timeout_s))
    return session
