"""How our client tells apart the ways in which a connection comes to nothing, on real sockets."""

import asyncio
import datetime as dt

import pytest

from integrations.errors import ConnectionFailed, NoAnswer, TlsFailed
from integrations.http import Patience, RemoteClient
from tests.integrations.remote import LOCAL

from .pki import Authority
from .sockets import listening, resets
from .test_surroundings_tls import listening_for_http_2_only

pytestmark = pytest.mark.integration

NOW = dt.datetime.now(dt.UTC)


def failure(url: str, **options) -> NoAnswer:
    async def go() -> None:
        async with RemoteClient(url, policy=LOCAL, patience=Patience(2, 2, 4), **options) as http:
            await http.request("GET", f"{url}/api", now=NOW, retry=False)

    with pytest.raises(NoAnswer) as error:
        asyncio.run(go())
    return error.value


WAYS = {
    "closes": lambda connection, _head: None,
    "reads and closes": lambda connection, _head: connection.recv(65_536),
    "resets": lambda connection, _head: resets(connection),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_ends_is_neither_refused_nor_a_matter_of_tls(scheme, way):
    """A server that hangs up amid the handshake says nothing about certificates; again and again, for what
    the sockets report of it changes from time to time."""
    with listening(WAYS[way], greets=True) as port:
        for _again in range(5):
            found = failure(f"{scheme}://127.0.0.1:{port}")
            assert isinstance(found, ConnectionFailed), found
            assert found.broke_off
            assert "refused" not in str(found)


def test_a_server_of_http_2_only_is_told_in_the_words_of_tls(tmp_path):
    authority = Authority(NOW)
    certificate, key = authority.issue("127.0.0.1").files(tmp_path)
    with listening_for_http_2_only(certificate, key) as port:
        found = failure(f"https://127.0.0.1:{port}", tls=authority.trusting())
    assert isinstance(found, TlsFailed)
    assert "no application protocol" in str(found)
