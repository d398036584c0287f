"""The SMTP side, with the ways in which a mail server fails."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from aiosmtpd.smtp import SMTP

from integrations.sandbox.mail.store import MailStore

Stage = Literal["mail", "rcpt", "data"]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the server treats a mail. Everything off: it takes it at once."""

    code: int = 250
    """4xx: come back later; 5xx: never."""
    stage: Stage = "rcpt"
    """Where it refuses."""
    recipient: str = ""
    """Refuse only recipients that hold this."""
    seconds: float = 0.0
    """How long it thinks after DATA."""
    die_after_data: bool = False
    """Hang up instead of acknowledging a whole mail."""
    keep: bool = True
    """Whether a mail it dies on was delivered all the same."""
    times: int = -1
    """For so many mails only; -1: until changed."""


class Handler:
    """aiosmtpd calls its methods by name."""

    def __init__(self, store: MailStore) -> None:
        self.store = store
        self.behaviour = Behaviour()

    def _spent(self) -> None:
        """One mail less to misbehave on."""
        times = self.behaviour.times
        if times > 0:
            self.behaviour = replace(self.behaviour, times=times - 1) if times > 1 else Behaviour()

    def _refusal(self, stage: Stage, recipient: str = "") -> str | None:
        behaviour = self.behaviour
        if behaviour.code < 400 or behaviour.stage != stage or behaviour.recipient not in recipient:
            return None
        self._spent()
        word = "4.3.0 Try again later" if behaviour.code < 500 else "5.1.1 Mailbox unavailable"
        return f"{behaviour.code} {word}"

    async def handle_MAIL(
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        refusal = self._refusal("mail")
        if refusal is None:
            envelope.mail_from = address
        return refusal or "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        refusal = self._refusal("rcpt", address)
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Any, envelope: Any) -> str:
        behaviour = self.behaviour
        if behaviour.seconds:
            await asyncio.sleep(behaviour.seconds)
        refusal = self._refusal("data")
        if refusal is not None:
            return refusal
        if behaviour.die_after_data:
            self._spent()
        if behaviour.keep or not behaviour.die_after_data:
            self.store.deliver(envelope.mail_from, envelope.rcpt_tos, envelope.content)
        if behaviour.die_after_data:
            cast("asyncio.Transport", server.transport).abort()
        return "250 OK"


async def listen(handler: Handler, port: int) -> asyncio.Server:
    """Begin to accept mails. Raises OSError when the port is taken."""

    def protocol() -> SMTP:
        return SMTP(handler, hostname="sandbox", enable_SMTPUTF8=True, timeout=60)

    return await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
