"""A real server in front of the sandbox that passes every byte on and keeps what it was asked."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import h11


@dataclass(frozen=True)
class Asked:
    """One request, as it came over the wire."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


@dataclass
class Recorder:
    url: str
    _bytes: list[bytearray] = field(default_factory=list)
    """What clients sent, connection by connection."""

    @property
    def said(self) -> bytes:
        """Every byte that any client sent."""
        return b"\n".join(map(bytes, self._bytes))

    def asked(self) -> list[Asked]:
        """Every request so far. Raises h11.RemoteProtocolError when something else than HTTP came."""
        return [one for sent in self._bytes for one in _requests(bytes(sent))]

    def forget(self) -> None:
        self._bytes.clear()

    def keep(self) -> bytearray:
        self._bytes.append(bytearray())
        return self._bytes[-1]


def _requests(sent: bytes) -> Iterator[Asked]:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(sent)
    request: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request):
            request, body = event, b""
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            headers = tuple((name.decode(), value.decode()) for name, value in request.headers)
            yield Asked(request.method.decode(), request.target.decode(), headers, body)
            connection.send(h11.Response(status_code=204, headers=[]))
            connection.send(h11.EndOfMessage())
            if connection.our_state is not h11.DONE:
                return
            connection.start_next_cycle()
        else:
            return


@contextmanager
def recording(upstream: str) -> Iterator[Recorder]:
    """In front of the server at ``upstream``, on a free port, until the end of the block."""
    parts = urlsplit(upstream)
    assert parts.hostname is not None
    behind = (parts.hostname, parts.port or 80)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        recorder = Recorder(f"http://127.0.0.1:{listener.getsockname()[1]}")

        def serve() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=_tee, args=(client, behind, recorder.keep()), daemon=True).start()

        accepting = threading.Thread(target=serve, daemon=True)
        accepting.start()
        try:
            yield recorder
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _tee(client: socket.socket, behind: tuple[str, int], kept: bytearray) -> None:
    with client, socket.create_connection(behind) as server:
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_pump, args=(server, client, bytearray()), daemon=True)
        back.start()
        _pump(client, server, kept)
        back.join()


def _pump(source: socket.socket, sink: socket.socket, kept: bytearray) -> None:
    """Until ``source`` ends, or either of them breaks."""
    with suppress(OSError):
        while piece := source.recv(65_536):
            kept += piece
            sink.sendall(piece)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
