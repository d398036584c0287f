"""Programs that Apache runs or calls where a shop would have PHP: they hand requests to the sandbox shop."""

import contextlib
import http.client
import socketserver
import threading
from collections.abc import Iterator, Mapping
from typing import BinaryIO
from urllib.parse import urlsplit

CGI_SCRIPT = """\
#!/usr/bin/python3 -IS
import http.client, os, sys
host = os.environ["UPSTREAM"].split("/")[2]
path = "/" + os.environ["UPSTREAM"].split("/", 3)[3] + os.environ["REQUEST_URI"]
headers = {name[5:].replace("_", "-"): text for name, text in os.environ.items() if name.startswith("HTTP_")}
if "REDIRECT_HTTP_AUTHORIZATION" in os.environ:
    headers["AUTHORIZATION"] = os.environ["REDIRECT_HTTP_AUTHORIZATION"]
headers = {name: text for name, text in headers.items() if name not in ("HOST", "CONNECTION")}
headers["Content-Type"] = os.environ.get("CONTENT_TYPE", "")
body = sys.stdin.buffer.read(int(os.environ.get("CONTENT_LENGTH") or 0))
connection = http.client.HTTPConnection(host, timeout=10)
connection.request(os.environ["REQUEST_METHOD"], path, body or None, headers)
answer = connection.getresponse()
payload = answer.read()
print(f"Status: {answer.status} {answer.reason}\\r")
for name, text in answer.getheaders():
    if name.lower() not in ("connection", "transfer-encoding", "content-length", "date", "server"):
        print(f"{name}: {text}\\r")
print("\\r", flush=True)
sys.stdout.buffer.write(payload)
"""
"""A CGI program: a process for every request. It knows of a request what Apache puts in its environment."""
_OF_ONE_CONNECTION = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


@contextlib.contextmanager
def scgi_server() -> Iterator[int]:
    """A server that stays, as PHP-FPM does; gives its port."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        environment = _environment(self.rfile)
        body = self.rfile.read(int(environment.get("CONTENT_LENGTH") or 0))
        upstream = urlsplit(environment["UPSTREAM"])
        connection = http.client.HTTPConnection(upstream.netloc, timeout=10)
        with contextlib.closing(connection):
            connection.request(
                environment["REQUEST_METHOD"],
                upstream.path + environment["REQUEST_URI"],
                body or None,
                _headers(environment),
            )
            answer = connection.getresponse()
            lines = [f"Status: {answer.status} {answer.reason}"]
            for name, text in answer.getheaders():
                if name.lower() not in _OF_ONE_CONNECTION:
                    lines.append(f"{name}: {text}")
            self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.read())


def _environment(stream: BinaryIO) -> dict[str, str]:
    """SCGI: a netstring of names and values, each ended by a zero byte."""
    length = b""
    while (char := stream.read(1)) not in (b":", b""):
        length += char
    parts = stream.read(int(length or b"0")).decode("latin-1").split("\0")
    stream.read(1)
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _headers(environment: Mapping[str, str]) -> dict[str, str]:
    headers = {
        name.removeprefix("HTTP_").replace("_", "-"): text
        for name, text in environment.items()
        if name.startswith("HTTP_") and name not in ("HTTP_HOST", "HTTP_CONNECTION")
    }
    if "REDIRECT_HTTP_AUTHORIZATION" in environment:
        headers["AUTHORIZATION"] = environment["REDIRECT_HTTP_AUTHORIZATION"]
    return headers | {"Content-Type": environment.get("CONTENT_TYPE", "")}
