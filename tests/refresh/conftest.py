"""An account whose hub is a tiny HTTP server, and integrations in it."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network

import pytest

from integrations.models import Account, Integration, Store
from monitor.models import Arrival, HubState, Job, Progress, Verdict
from monitor.models.work import JobKind

NOW = datetime(2026, 3, 10, 12, 42, tzinfo=UTC)
AN_HOUR_AGO, IN_AN_HOUR = NOW - timedelta(hours=1), NOW + timedelta(hours=1)


@dataclass
class Hub:
    """What the hub was asked, and how it answers."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    status: int = 202
    headers: dict[str, str] = field(default_factory=dict)
    gate: threading.Event | None = None
    """Answers only once it is set."""
    reached: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            hub.asked.append(self.path)
            hub.reached.set()
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if hub.gate:
                hub.gate.wait(10)
            self.send_response(hub.status)
            for name, value in hub.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """The tests look at ``asked``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def local_network(settings) -> None:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.SYNCWATCH_REFRESH_COOL_DOWN_S = 300


@pytest.fixture(autouse=True)
def nudges(monkeypatch) -> list[str]:
    """No broker runs here; the names of the tasks that were asked for."""
    asked: list[str] = []
    monkeypatch.setattr("monitor.nudge.app.send_task", lambda name, **_: asked.append(name))
    return asked


@pytest.fixture
def make_integration(db, hub: Hub):
    def make(name: str = "lyon", *, can_ask: bool = True, waiting: int = 3) -> Integration:
        account, made = Account.objects.get_or_create(
            name="with-request" if can_ask else "panel-only",
            defaults={
                "kind": "sendcloud",
                "url": hub.url,
                "requests_per_minute": 6000,
                "credentials": {"public_key": "public", "secret_key": "secret"},
                "settings": {"panel_url_template": hub.url + "/panel/{integration_id}"},
            },
        )
        if made:
            if can_ask:
                account.settings["refresh"] = {"url": hub.url + "/refresh/{integration_id}"}
                account.save()
            for kind in (JobKind.HUB_STATE, JobKind.HUB_ARRIVALS):
                due_at = NOW + timedelta(hours=1)
                Job.objects.create(
                    kind=kind, target_id=account.pk, account=account, due_at=due_at, interval_s=60
                )
        store = Store.objects.create(
            name=name, title=name, platform="woocommerce", url=f"https://{name}.example"
        )
        integration = Integration.objects.create(
            name=name, account=account, store=store, external_id=f"77-{name}"
        )
        Progress.objects.create(integration=integration, newest_arrived_at=NOW - timedelta(hours=2))
        Verdict.objects.create(
            integration=integration,
            state="fail",
            rule="throttled",
            since=NOW,
            judged_at=NOW,
            waiting_count=waiting,
        )
        HubState.objects.create(integration=integration, at=NOW, last_fetched_at=NOW - timedelta(hours=2))
        for n in range(waiting):
            Arrival.objects.create(
                integration=integration,
                order_key=str(n),
                order_number=str(n),
                eligible_at=NOW - timedelta(hours=1),
            )
        return integration

    return make


@pytest.fixture
def integration(make_integration) -> Integration:
    return make_integration()


@pytest.fixture
def panel_integration(make_integration) -> Integration:
    return make_integration("nord", can_ask=False)


def hub_says(integration: Integration, read_at: datetime, fetched_at: datetime, failing_since=None) -> None:
    HubState.objects.create(
        integration=integration, at=read_at, last_fetched_at=fetched_at, failing_since=failing_since
    )


def hub_fetched(integration: Integration, at: datetime) -> None:
    hub_says(integration, at, at)


def orders_arrived(integration: Integration, at: datetime, how_many: int = 100) -> None:
    rows = Arrival.objects.filter(integration=integration, arrived_at=None).values_list("pk", flat=True)[
        :how_many
    ]
    Arrival.objects.filter(pk__in=list(rows)).update(arrived_at=at)
    Progress.objects.filter(integration=integration).update(newest_arrived_at=at)
