"""Connections for the HTTP client, straight on asyncio.

httpcore's own go through anyio, which makes a request a tenth dearer and, on uvloop, takes in megabytes that
nobody has asked to read yet.
"""

import asyncio
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpcore

MOST_UNREAD = 2**17
"""Bytes that are taken in before somebody asks for them."""


@contextmanager
def _mapped(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """From asyncio's exceptions to httpcore's; ssl.SSLError is an OSError."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise broken(str(error)) from error


class Backend(httpcore.AsyncNetworkBackend):
    """Makes connections by TCP."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """``host`` is an address. Raises httpcore.ConnectTimeout and httpcore.ConnectError."""
        loop = asyncio.get_running_loop()
        local = (local_address, 0) if local_address else None
        with _mapped(httpcore.ConnectTimeout, httpcore.ConnectError):
            async with asyncio.timeout(timeout):
                _, connection = await loop.create_connection(_Connection, host, port, local_addr=local)
        for option in socket_options or ():
            connection.transport.get_extra_info("socket").setsockopt(*option)
        return Stream(connection)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _Connection(asyncio.Protocol):
    """Keeps what came until it is read, and stops taking in more when that is much."""

    def __init__(self) -> None:
        self.transport = asyncio.Transport()
        self.unread = bytearray()
        self.has_ended = False
        self.error: Exception | None = None
        self._is_paused = False
        self._came = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.unread += data
        if len(self.unread) > MOST_UNREAD and not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()
        self._came.set()

    def eof_received(self) -> bool:
        self.has_ended = True
        self._came.set()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.has_ended = True
        self.error = exc
        self._came.set()
        self._may_write.set()

    def pause_writing(self) -> None:
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._may_write.set()

    async def some(self, most: int) -> bytes:
        """What came, as soon as there is any; nothing at the end. Raises OSError."""
        while not self.unread and not self.has_ended:
            self._came.clear()
            await self._came.wait()
        if not self.unread and self.error is not None:
            raise self.error if isinstance(self.error, OSError) else OSError(str(self.error))
        piece = bytes(self.unread[:most])
        del self.unread[:most]
        if self._is_paused and len(self.unread) <= MOST_UNREAD:
            self._is_paused = False
            if not self.has_ended:
                self.transport.resume_reading()
        return piece

    async def send(self, data: bytes) -> None:
        """Returns when the system has taken most of it. Raises OSError."""
        if self.transport.is_closing():
            raise BrokenPipeError("The connection is closed.")
        self.transport.write(data)
        await self._may_write.wait()


class Stream(httpcore.AsyncNetworkStream):
    """One connection, plain or by TLS."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """At most so many bytes; none at the end. Raises httpcore.ReadTimeout and httpcore.ReadError."""
        with _mapped(httpcore.ReadTimeout, httpcore.ReadError):
            async with asyncio.timeout(timeout):
                return await self._connection.some(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Raises httpcore.WriteTimeout and httpcore.WriteError."""
        if buffer:
            with _mapped(httpcore.WriteTimeout, httpcore.WriteError):
                async with asyncio.timeout(timeout):
                    await self._connection.send(buffer)

    async def aclose(self) -> None:
        """At once: nothing written is of interest any more, and a peer may never answer a farewell."""
        self._connection.transport.abort()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """Raises httpcore.ConnectTimeout and httpcore.ConnectError, whose cause may be an ssl.SSLError."""
        connection = self._connection
        try:
            with _mapped(httpcore.ConnectTimeout, httpcore.ConnectError):
                async with asyncio.timeout(timeout):
                    transport = await asyncio.get_running_loop().start_tls(
                        connection.transport, connection, ssl_context, server_hostname=server_hostname
                    )
                if transport is None:
                    raise ConnectionResetError("The connection ended during the handshake.")
        except BaseException:
            connection.transport.abort()
            raise
        connection.transport = transport
        # Whatever came in plain text before the handshake was not said by whom we asked.
        connection.unread.clear()
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # An idle connection that says something has ended, or is of no use any more.
            connection = self._connection
            return bool(connection.unread) or connection.has_ended or connection.transport.is_closing()
        return self._connection.transport.get_extra_info(info)
