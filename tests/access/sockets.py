"""Servers of raw sockets in threads, which may behave as badly as any."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

Handler = Callable[[socket.socket, bytes], None]
"""From a connection and the head of the request on it (empty: none came) to whatever is done with it."""

REFUSED = b"HTTP/1.1 401 Unauthorized\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


def refuses(connection: socket.socket, _head: bytes) -> None:
    """Answers as an interface does that wants a key."""
    connection.sendall(REFUSED)


def resets(connection: socket.socket) -> None:
    """Ends the connection by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextlib.contextmanager
def listening(
    handler: Handler,
    *,
    tls: ssl.SSLContext | None = None,
    port: int = 0,
    many: bool = False,
    greets: bool = False,
) -> Iterator[int]:
    """The port of a server that gives each connection to the handler, and closes it afterwards.

    ``many``: a connection is given to the handler again for each request that comes on it. ``greets``: it
    is given before anything was heard.
    """
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def one(plain: socket.socket) -> None:
        plain.settimeout(5.0)
        with contextlib.suppress(OSError), contextlib.closing(plain):
            connection = tls.wrap_socket(plain, server_side=True) if tls else plain
            with contextlib.closing(connection):
                while True:
                    head = b"" if greets else _head(connection)
                    handler(connection, head)
                    if not (many and head):
                        return

    def accept(listener: socket.socket) -> None:
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _address = listener.accept()
                thread = threading.Thread(target=one, args=(connection,), daemon=True)
                threads.append(thread)
                thread.start()

    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            thread.join()
            for thread in threads:
                thread.join(timeout=6.0)


def _head(connection: socket.socket) -> bytes:
    """Up to the empty line, and what came with it; of what comes after, nothing is awaited."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(65_536)
        if not part:
            return head
        head += part
    return head
