"""Connections: what comes is read whole, nobody can fill the memory, and what an end means is told."""

import asyncio
import contextlib
from contextlib import asynccontextmanager

import httpcore
import pytest

from integrations.sockets import MOST_UNREAD, Backend

pytestmark = pytest.mark.integration


@asynccontextmanager
async def connected(serve):
    """A connection to a server whose side is ``serve(reader, writer)``."""
    is_over = asyncio.Event()

    async def served(reader, writer):
        with contextlib.suppress(OSError):
            await serve(reader, writer)
        writer.transport.abort()
        is_over.set()

    async with await asyncio.start_server(served, "127.0.0.1", 0) as server:
        stream = await Backend().connect_tcp("127.0.0.1", server.sockets[0].getsockname()[1], timeout=5)
        try:
            yield stream
        finally:
            await stream.aclose()
            await asyncio.wait_for(is_over.wait(), 5)
            await asyncio.sleep(0)


def test_all_that_was_sent_is_read_before_the_end():
    async def serve(reader, writer):
        writer.write(await reader.readexactly(4))
        writer.write(b"x" * 3_000_000)
        writer.close()
        await writer.wait_closed()

    async def go():
        async with connected(serve) as stream:
            await stream.write(b"ping", timeout=5)
            pieces = []
            while piece := await stream.read(65_536, timeout=5):
                pieces.append(piece)
            assert b"".join(pieces) == b"ping" + b"x" * 3_000_000
            assert max(map(len, pieces)) <= 65_536
            assert stream.get_extra_info("is_readable")

    asyncio.run(go())


def test_what_nobody_reads_is_not_taken_in():
    sent = 0

    async def serve(reader, writer):
        nonlocal sent
        while True:
            writer.write(bytes(65_536))
            await writer.drain()
            sent += 65_536

    async def go():
        async with connected(serve) as stream:
            await stream.read(1, timeout=5)
            before = -1
            while before != sent:
                before = sent
                await asyncio.sleep(0.05)
            # Something is under way in the buffers of the system, too.
            assert len(stream._connection.unread) <= MOST_UNREAD + 2**18
            read, enough = 0, 2 * sent
            while read < enough:
                read += len(await stream.read(65_536, timeout=5))

    asyncio.run(go())


def test_an_idle_connection_is_usable_until_it_ends_or_says_something():
    async def go(says):
        go_on = asyncio.Event()

        async def serve(reader, writer):
            await go_on.wait()
            writer.write(says)
            writer.close()
            await writer.wait_closed()

        async with connected(serve) as stream:
            assert not stream.get_extra_info("is_readable")
            go_on.set()
            async with asyncio.timeout(5):
                while not stream.get_extra_info("is_readable"):
                    await asyncio.sleep(0)

    for says in (b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"):
        asyncio.run(go(says))


def test_waiting_ends():
    async def serve(reader, writer):
        await reader.read()

    async def go():
        async with connected(serve) as stream:
            with pytest.raises(httpcore.ReadTimeout):
                await stream.read(1, timeout=0.05)
            with pytest.raises(httpcore.WriteTimeout):
                await stream.write(bytes(50_000_000), timeout=0.05)

    asyncio.run(go())


def test_a_closed_connection_and_a_closed_port_are_told():
    async def serve(reader, writer):
        writer.transport.abort()

    async def go():
        async with connected(serve) as stream:
            while not stream.get_extra_info("is_readable"):
                await asyncio.sleep(0)
            with pytest.raises(httpcore.WriteError):
                await stream.write(b"x", timeout=5)
        with pytest.raises(httpcore.ConnectError) as error:
            await Backend().connect_tcp("127.0.0.1", 1, timeout=5)
        assert isinstance(error.value.__cause__, ConnectionRefusedError)

    asyncio.run(go())
