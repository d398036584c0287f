"""Serving over real HTTP, with the power to hang up on a client."""

import asyncio
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "sandbox.transport"


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which lets the application close the connection under the client."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}


async def hang_up(scope: Scope) -> None:
    """Close the connection without a word, as ``return 444`` of nginx does."""
    transport: asyncio.Transport = scope["extensions"][TRANSPORT]["transport"]
    transport.abort()
    await asyncio.sleep(0.01)  # until the server has noticed, lest it complains of a missing answer


def make_server(app: ASGIApp, port: int) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=port,
        http=Protocol,
        ws="none",
        lifespan="on",
        loop="uvloop",
        access_log=False,
        log_level="warning",
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=30,
    )
    return uvicorn.Server(config)


async def serve(app: ASGIApp, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    await make_server(app, port).serve()


def page_style() -> str:
    return (
        "<style>body{font:14px system-ui,sans-serif;margin:24px;color:#222;background:#fff}"
        "table{border-collapse:collapse}td,th{padding:4px 12px;border-bottom:1px solid #ddd;text-align:left;"
        "vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums}form{display:inline}"
        "button{font:inherit}.bad{color:#a40000}small{color:#666}</style>"
    )


JsonObject = dict[str, Any]
