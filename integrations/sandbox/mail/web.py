"""The page on which the mails are read, and the control API."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import asdict
from html import escape
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from integrations.sandbox.mail.smtp import Behaviour, Handler, listen
from integrations.sandbox.mail.store import Mail, MailStore
from integrations.sandbox.server import page_style
from integrations.sandbox.shops.control import json_response

_NO_SCRIPT = "sandbox allow-popups allow-popups-to-escape-sandbox; script-src 'none'"


class MailProcess:
    """Everything the process holds."""

    def __init__(self, state: Path, smtp_port: int) -> None:
        self.store = MailStore(state)
        self.handler = Handler(self.store)
        self.smtp_port = smtp_port
        self.app = Starlette(
            routes=[
                Route("/", self.inbox),
                Route("/mails.json", self.mails, methods=["GET", "DELETE"]),
                Route("/mails/{mail}", self.mail),
                Route("/mails/{mail}/html", self.html),
                Route("/mails/{mail}/eml", self.eml),
                Route("/control/behaviour", self.behaviour, methods=["GET", "PUT", "DELETE"]),
            ],
            lifespan=self._lifespan,
        )

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        server = await listen(self.handler, self.smtp_port)
        yield
        server.close()

    async def inbox(self, _request: Request) -> Response:
        rows = "".join(
            f"<tr><td>{mail.at:%Y-%m-%d %H:%M:%S} UTC<td>{escape(', '.join(mail.recipients))}"
            f'<td><a href="/mails/{mail.id}">{escape(mail.subject)}</a></tr>'
            for mail in self.store.all()
        )
        table = f"<table><tr><th>Time<th>To<th>Subject</tr>{rows}</table>" if rows else "<p>No mail yet.</p>"
        refresh = '<meta http-equiv="refresh" content="10">'
        head = f"<!doctype html><title>Mail</title>{refresh}{page_style()}"
        return HTMLResponse(f"{head}<h1>Mail</h1>{table}")

    def _found(self, request: Request) -> Mail | None:
        return self.store.read(request.path_params["mail"])

    async def mail(self, request: Request) -> Response:
        mail = self._found(request)
        if mail is None:
            return Response("No such mail.", 404)
        headers = "".join(
            f"<tr><th>{escape(name)}<td>{escape(str(value))}</tr>" for name, value in mail.message.items()
        )
        html = ""
        if mail.text("html"):
            html = (
                f'<iframe sandbox="allow-popups allow-popups-to-escape-sandbox" src="/mails/{mail.id}/html" '
                'title="HTML part" style="width:100%;height:640px;border:1px solid #ddd"></iframe>'
            )
        subject = escape(mail.subject)
        return HTMLResponse(
            f'<!doctype html><title>{subject}</title>{page_style()}<p><a href="/">All mails</a></p>'
            f"<h1>{subject}</h1>{html}<h2>Text</h2><pre>{escape(mail.text('plain'))}</pre>"
            f'<h2>Headers</h2><table>{headers}</table><p><a href="/mails/{mail.id}/eml">Raw</a></p>'
        )

    async def html(self, request: Request) -> Response:
        """The HTML part as it is; the browser is told to run nothing of it."""
        mail = self._found(request)
        if mail is None:
            return Response("No such mail.", 404)
        return HTMLResponse(mail.text("html"), headers={"Content-Security-Policy": _NO_SCRIPT})

    async def eml(self, request: Request) -> Response:
        mail = self._found(request)
        if mail is None:
            return Response("No such mail.", 404)
        return Response(self.store.raw(mail.id), media_type="text/plain")

    async def mails(self, request: Request) -> Response:
        """All mails, newest first; DELETE empties the box."""
        if request.method == "DELETE":
            self.store.clear()
        return json_response([mail.to_json() for mail in self.store.all()])

    async def behaviour(self, request: Request) -> Response:
        """PUT the fields of ``Behaviour`` that differ from a good server; DELETE makes it good again."""
        if request.method == "PUT":
            try:
                self.handler.behaviour = Behaviour(**(await request.json()))
            except TypeError as error:
                return json_response({"error": str(error)}, 400)
        elif request.method == "DELETE":
            self.handler.behaviour = Behaviour()
        return json_response(asdict(self.handler.behaviour))
