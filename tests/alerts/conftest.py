"""A fleet of a few rows, and a real SMTP server that does what a test tells it."""

import email
import email.policy
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from integrations.contracts import ConditionKind
from integrations.models import Account, Integration, Store
from monitor.health.records import Judgement, VerdictChange
from monitor.health.states import State
from monitor.models import Subscription

NOW = datetime(2026, 3, 10, 12, 42, tzinfo=UTC)


@dataclass
class Postbox:
    """The mails a server took, and how it behaves."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    refuse: dict[str, list[str]] = field(default_factory=dict)
    """Recipient -> answers to give before it is taken."""
    hang_up_after: int | None = None
    """Ends every connection after so many mails."""

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        session.carried = 0
        self.connections += 1
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.hang_up_after is not None and session.carried >= self.hang_up_after:
            return "421 4.7.0 Too many mails on this connection"
        if self.refuse.get(address):
            return self.refuse[address].pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        session.carried += 1
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        self.recipients += envelope.rcpt_tos
        return "250 OK queued"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]

    def subjects(self) -> list[str]:
        return [mail["Subject"] for mail in self.mails]


class Server:
    """A postbox on a port that can be taken down and brought back."""

    def __init__(self, postbox: Postbox) -> None:
        self.postbox = postbox
        self._controller: Controller | None = None

    def up(self) -> None:
        controller = Controller(self.postbox, hostname="127.0.0.1", port=self.postbox.port)
        controller.start()
        self.postbox.port = controller.server.sockets[0].getsockname()[1]
        self._controller = controller

    def down(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None


class FreePortController(Controller):
    """Port 0 is the kernel's choice; aiosmtpd would connect to 0 to see whether it is up."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def server(settings) -> Iterator[Server]:
    server = Server(Postbox())
    controller = FreePortController(server.postbox, hostname="127.0.0.1", port=0)
    controller.start()
    server.postbox.port = controller.port
    server._controller = controller
    settings.EMAIL_BACKEND = "monitor.alerts.smtp.Backend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.PUBLIC_URL = "https://sync.example"
    settings.DEFAULT_FROM_EMAIL = "Syncwatch <watch@ops.example>"
    yield server
    server.down()


@pytest.fixture
def postbox(server: Server) -> Postbox:
    return server.postbox


@pytest.fixture(autouse=True)
def nudges(monkeypatch) -> list[str]:
    """No broker runs here; the names of the tasks that were asked for."""
    asked: list[str] = []
    monkeypatch.setattr("monitor.nudge.app.send_task", lambda name, **_: asked.append(name))
    return asked


@pytest.fixture
def account(db) -> Account:
    return Account.objects.create(
        name="sendcloud-eu", title="Sendcloud", kind="sendcloud", url="https://hub.example"
    )


@pytest.fixture
def make_integration(account):
    def make(
        name: str = "lyon", title: str = "Boutique Lyon", tags: tuple[str, ...] = (), **more
    ) -> Integration:
        store = Store.objects.create(
            name=name, title=title, platform="woocommerce", url=f"https://{name}.example", tags=list(tags)
        )
        return Integration.objects.create(name=name, account=account, store=store, external_id=name, **more)

    return make


@pytest.fixture
def integration(make_integration) -> Integration:
    return make_integration()


def subscribe(email: str = "ops@ops.example", **more) -> Subscription:
    return Subscription.objects.create(email=email, **{"time_zone": "Europe/Paris", **more})


def judged(
    state: State,
    cause: ConditionKind | None = None,
    rule: str = "",
    since: datetime = NOW - timedelta(minutes=47),
    **evidence,
) -> Judgement:
    return Judgement(state, cause, rule, since, evidence)


FINE = judged(State.OK)
STALLED = judged(State.FAIL, ConditionKind.IMPORTS, "stalled")
LATE = judged(State.WARN, ConditionKind.IMPORTS, "late")
BLOCKED = judged(State.FAIL, ConditionKind.ACCESS, "user_agent_blocked")
UNKNOWN = judged(State.UNKNOWN)


def change(
    integration: Integration, new: Judgement, waiting: int = 0, old: Judgement = FINE
) -> VerdictChange:
    oldest = new.since if waiting else None
    return VerdictChange(integration.pk, old, new, waiting, oldest)
