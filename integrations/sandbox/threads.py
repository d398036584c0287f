"""Servers in threads, for tests: the same applications, on free ports, without a new interpreter."""

import contextlib
import random
import socket
import threading
import time
from collections.abc import Iterator

from starlette.types import ASGIApp

from integrations.sandbox.server import make_server

_START_WITHIN_S = 20.0


class NotStarted(RuntimeError):
    """A server ended before it served; its own report is on stderr."""


def free_port() -> int:
    """A port that is free, below those that outgoing connections take: a server that is started again
    finds it free again."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextlib.contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """The address of the application, which serves until the block ends. Raises NotStarted."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        port = int(listener.getsockname()[1])
        server = make_server(app, port)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + _START_WITHIN_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise NotStarted("The server did not start.")
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join()
