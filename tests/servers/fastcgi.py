"""What stands for PHP-FPM: answers FastCGI by asking a sandbox shop with the headers that were handed on."""

import contextlib
import socketserver
import struct
import threading
from collections.abc import Iterator
from typing import Any

import httpx

_HEADER = struct.Struct("!BBHHBx")
_END, _PARAMS, _STDIN, _STDOUT = 3, 4, 5, 6
_NOT_ANSWERED = frozenset({"transfer-encoding", "connection", "content-encoding", "content-length"})


@contextlib.contextmanager
def running_fastcgi(shop_url: str) -> Iterator[str]:
    """``127.0.0.1:PORT`` until the block ends."""

    client = httpx.Client(base_url=shop_url, verify=False, trust_env=False)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            params, body = _read(self.rfile)
            got = _ask(client, params, body)
            self.wfile.write(_records(got))

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with client, Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def _read(stream: Any) -> tuple[dict[str, str], bytes]:
    parts = {_PARAMS: b"", _STDIN: b""}
    while True:
        _version, kind, _request, length, padding = _HEADER.unpack(stream.read(_HEADER.size))
        content = stream.read(length)
        stream.read(padding)
        if kind in parts:
            parts[kind] += content
        if kind == _STDIN and not content:
            return _params(parts[_PARAMS]), parts[_STDIN]


def _params(data: bytes) -> dict[str, str]:
    found, at = {}, 0
    while at < len(data):
        lengths = []
        for _which in range(2):
            long = data[at] > 127
            lengths.append(struct.unpack_from("!I", data, at)[0] & 0x7FFFFFFF if long else data[at])
            at += 4 if long else 1
        name, value = data[at : at + lengths[0]], data[at + lengths[0] : at + sum(lengths)]
        found[name.decode()] = value.decode("latin-1")
        at += sum(lengths)
    return found


def _ask(client: httpx.Client, params: dict[str, str], body: bytes) -> httpx.Response:
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in params.items()
        if name.startswith("HTTP_") and name != "HTTP_HOST"
    }
    if params.get("CONTENT_TYPE"):
        headers["content-type"] = params["CONTENT_TYPE"]
    # A client merges a path that begins with a slash into its base address.
    return client.request(
        params["REQUEST_METHOD"], params["REQUEST_URI"], headers=headers, content=body or None
    )


def _records(got: httpx.Response) -> bytes:
    lines = [f"Status: {got.status_code}"]
    lines += [f"{name}: {value}" for name, value in got.headers.items() if name not in _NOT_ANSWERED]
    content = ("\r\n".join(lines) + "\r\n\r\n").encode() + got.content
    pieces = [content[at : at + 60_000] for at in range(0, len(content), 60_000)]
    return b"".join(_record(_STDOUT, piece) for piece in [*pieces, b""]) + _record(_END, bytes(8))


def _record(kind: int, content: bytes) -> bytes:
    return _HEADER.pack(1, kind, 1, len(content), 0) + content
