"""One real HTTP server in front of the sandbox: each path prefix passes requests on, changes the answers
that come back, or answers badly itself."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit
from weakref import WeakSet

Head = dict[str, str]
Pieces = Iterator[bytes | float]
"""What is written to the socket; a number is a pause in seconds. Then the connection is closed."""
BadAnswer = Callable[[str], Pieces]
"""From the address of the bad remote to what it sends."""
Change = Callable[[str, bytes], bytes]
"""From the signature of a request and the body of its good answer to what is sent instead."""

NOT_THERE = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"
_OPERATION = re.compile(rb"\b(query|mutation)\s+(\w+)")


@dataclass
class Mount:
    """One remote: everything below its prefix."""

    upstream: str
    """What stands in place of the prefix; empty: ``answers`` are given."""
    answers: Mapping[str, bytes] = field(default_factory=dict)
    """JSON by the end of the path, for a remote that the sandbox does not have."""
    bad: BadAnswer | None = None
    only: frozenset[str] | None = None
    """The signatures that are answered badly; None: all."""
    change: Change | None = None
    asked: list[str] = field(default_factory=list)
    spoiled: Counter[str] = field(default_factory=Counter)
    """How often each signature was answered badly, or with changes."""


def signature(method: str, target: str, body: bytes) -> str:
    """Names a kind of request: equal for the same question about other orders."""
    parts = urlsplit(target)
    path = re.sub(r"\d+", "N", parts.path)
    names = sorted({re.sub(r"\d+", "N", name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)})
    found = _OPERATION.search(body)
    return " ".join([method, path, *names, *([found[2].decode()] if found else [])])


class Front:
    """The server; its mounts are changed from the test's thread between two batches."""

    def __init__(self, mounts: dict[str, Mount]) -> None:
        self.mounts = mounts
        self.url = ""

    def heal(self) -> None:
        for mount in self.mounts.values():
            mount.bad = mount.only = mount.change = None
            mount.asked.clear()
            mount.spoiled.clear()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._one(reader, writer):
                pass
        writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (h.partition(":") for h in head[1:-2])}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        prefix = "/" + re.split(r"[/?]", target, maxsplit=2)[1]
        mount = self.mounts.get(prefix)
        if mount is None:
            writer.write(NOT_THERE)
            return True
        name = signature(method, target.removeprefix(prefix), body)
        mount.asked.append(name)
        if mount.bad is not None and (mount.only is None or name in mount.only):
            mount.spoiled[name] += 1
            await _send(writer, mount.bad(self.url + prefix))
            return False
        if mount.upstream:
            rest = target.removeprefix(prefix)
            status, sent, content = await _pass_on(method, mount.upstream + rest, headers, body)
            # The sandbox's hub names its next page by the host that it was asked at.
            if "link" in sent:
                sent["link"] = sent["link"].replace(f"{self.url}/api/", f"{self.url}{prefix}/api/")
        else:
            # A changed answer may have named anything as what is to be asked for next.
            known = mount.answers.get(urlsplit(target).path.rpartition("/")[2])
            if known is None:
                writer.write(NOT_THERE)
                return True
            status, sent = "200 OK", {"content-type": "application/json"}
            content = known.replace(b"FRONT", self.url.encode())
        if mount.change is not None:
            changed = mount.change(name, content)
            mount.spoiled[name] += changed != content
            content = changed
        lines = [f"HTTP/1.1 {status}", *(f"{key}: {value}" for key, value in sent.items())]
        writer.write("\r\n".join([*lines, f"content-length: {len(content)}"]).encode("latin-1") + b"\r\n\r\n")
        writer.write(b"" if method == "HEAD" else content)
        await writer.drain()
        return True


async def _send(writer: asyncio.StreamWriter, pieces: Pieces) -> None:
    for piece in pieces:
        if isinstance(piece, bytes):
            writer.write(piece)
            await writer.drain()
        else:
            await asyncio.sleep(piece)


async def _pass_on(method: str, url: str, headers: Head, body: bytes) -> tuple[str, Head, bytes]:
    """The answer of the sandbox, which sees the client's own host name: some sign it."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    target = url[url.index("/", 8) :]
    kept = {key: value for key, value in headers.items() if key not in ("accept-encoding", "connection")}
    lines = [f"{method} {target} HTTP/1.1", *(f"{key}: {value}" for key, value in kept.items())]
    writer.write("\r\n".join([*lines, "connection: close"]).encode("latin-1") + b"\r\n\r\n" + body)
    head, _, content = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    status, *fields = head.decode("latin-1").split("\r\n")
    sent = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in fields)}
    if sent.pop("transfer-encoding", "") == "chunked":
        content = _joined(content)
    for name in ("content-length", "connection"):
        sent.pop(name, None)
    return status.partition(" ")[2], sent, content


def _joined(chunked: bytes) -> bytes:
    pieces = []
    while chunked:
        size, _, chunked = chunked.partition(b"\r\n")
        length = int(size, 16)
        pieces.append(chunked[:length])
        chunked = chunked[length + 2 :] if length else b""
    return b"".join(pieces)


@contextmanager
def running_front(mounts: dict[str, Mount]) -> Iterator[Front]:
    """The server on a free port, in a thread of its own."""
    front = Front(mounts)
    loop = asyncio.new_event_loop()
    started = threading.Event()
    ending: asyncio.Event
    tasks: set[asyncio.Task[None]] = set()
    writers: WeakSet[asyncio.StreamWriter] = WeakSet()

    async def main() -> None:
        nonlocal ending
        ending = asyncio.Event()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.add(writer)
            task = asyncio.ensure_future(front.serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=2**20)
        front.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        started.set()
        await ending.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in list(writers):
            # Closing waits for what nobody reads any more.
            writer.transport.abort()
        await asyncio.sleep(0)

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),), daemon=True)
    thread.start()
    started.wait()
    try:
        yield front
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()
        loop.close()
