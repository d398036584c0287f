"""Notices to web-hooks, over real HTTP: what is sent, how it is signed, and what each answer means."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from threading import Thread
from urllib.parse import urlsplit

import orjson
import pytest
from django.db import connections, transaction
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.threads import serving
from monitor.alerts import channels, notices, outbox
from monitor.alerts.documents import _cut, escape
from monitor.alerts.hooks import Hooks
from monitor.alerts.outbox import deliver_due
from monitor.alerts.react import react
from monitor.models import Audit, Channel, Notice, Subscription
from monitor.watch.checks import examine
from monitor.watch.snapshot import take
from tests.alerts.conftest import FINE, LATE, NOW, STALLED, Postbox, change, subscribe

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

SECRET = "whsec_" + "c2VjcmV0LW9mLXRoZS1yZWNlaXZlci1vZi1ob29rcw=="
SOON = NOW + timedelta(seconds=1)
PATH = "/services/T0/B0/verysecretpath"


@dataclass
class Receiver:
    """What came in, and how it is answered."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    """Given first, one after the other; then 200."""

    async def take(self, request: Request) -> Response:
        self.requests.append((dict(request.headers), await request.body()))
        return self.answers.pop(0) if self.answers else Response("ok")

    def documents(self) -> list[dict]:
        return [orjson.loads(body) for _headers, body in self.requests]


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    with serving(Starlette(routes=[Route(PATH, receiver.take, methods=["POST"])])) as url:
        receiver.url = url + PATH
        yield receiver


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    settings.PUBLIC_URL = "https://sync.example"
    with receiving() as one:
        yield one


def hook(receiver: Receiver, channel: Channel = Channel.WEBHOOK, **more) -> Subscription:
    endpoint = channels.Endpoint(receiver.url, SECRET if channel == Channel.WEBHOOK else "")
    more = {"label": "Ops room", "time_zone": "Europe/Paris", **more}
    return Subscription.objects.create(channel=channel, endpoint=endpoint.document(), **more)


def test_a_web_hook_is_told_in_a_document_that_programs_read(integration, receiver: Receiver):
    row = hook(receiver)
    react([change(integration, STALLED, waiting=31)], now=NOW)
    notice = Notice.objects.get()
    assert (notice.recipient, notice.channel) == (f"hook:{row.pk}", "webhook")
    assert deliver_due(SOON).sent == 1
    (document,) = receiver.documents()
    incident = document["data"]["incidents"][0]
    assert (document["version"], document["type"]) == (1, "incident.opened")
    assert datetime.fromisoformat(document["timestamp"]) == NOW
    assert {key: incident[key] for key in ("id", "event", "state", "cause", "rule", "title", "waiting")} == {
        "id": notice.incident_id,
        "event": "opened",
        "state": "fail",
        "cause": "imports",
        "rule": "stalled",
        "title": "Boutique Lyon → Sendcloud",
        "waiting": 31,
    }
    assert incident["url"] == f"https://sync.example/incidents/{notice.incident_id}/"
    assert incident["answer_url"].startswith("https://sync.example/")
    assert datetime.fromisoformat(incident["since"]) == STALLED.since
    assert incident["steps"]
    assert incident["sentence"] in document["data"]["text"]


def test_it_is_told_in_the_language_of_the_subscription(integration, receiver: Receiver):
    hook(receiver, language="fr")
    react([change(integration, STALLED)], now=NOW)
    deliver_due(SOON)
    (document,) = receiver.documents()
    assert document["data"]["language"] == "fr"
    assert "Depuis 12:55" in document["data"]["text"]


def test_receivers_verify_the_signature_with_the_library_of_the_standard(integration, receiver: Receiver):
    hook(receiver)
    now = datetime.now(UTC)
    react([change(integration, STALLED)], now=now)
    deliver_due(now)
    ((headers, body),) = receiver.requests
    assert Webhook(SECRET).verify(body, headers)["id"] == headers["webhook-id"]
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(channels.new_secret()).verify(body, headers)
    assert "." not in headers["webhook-id"]


def test_an_attempt_has_its_own_time_and_the_same_id(integration, receiver: Receiver):
    hook(receiver)
    receiver.answers = [Response(status_code=503)]
    react([change(integration, STALLED)], now=NOW)
    deliver_due(SOON)
    deliver_due(SOON + timedelta(minutes=1))
    (first, _body), (second, _again) = receiver.requests
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 60
    before, after = receiver.documents()
    for document in (before, after):  # its signature has the second in it
        assert document["data"]["incidents"][0].pop("answer_url")
    assert before == after


def test_opening_and_recovery_are_two_documents_in_order(integration, receiver: Receiver):
    hook(receiver)
    for new in (LATE, STALLED, FINE):
        react([change(integration, new)], now=NOW)
    deliver_due(SOON)
    documents = receiver.documents()
    assert [one["type"] for one in documents] == [
        "incident.opened",
        "incident.worsened",
        "incident.recovered",
    ]
    last = documents[-1]["data"]["incidents"][0]
    assert (last["state"], last["worst_state"], last["answer_url"]) == ("ok", "fail", None)


def test_what_opens_together_is_one_document(make_integration, receiver: Receiver):
    hook(receiver)
    react([change(make_integration(name), STALLED) for name in ("lyon", "nord")], now=NOW)
    deliver_due(SOON)
    (document,) = receiver.documents()
    assert document["type"] == "incidents"
    assert [one["event"] for one in document["data"]["incidents"]] == ["opened", "opened"]


def test_the_link_in_it_lets_answer_whoever_reads_the_room(integration, receiver: Receiver, client):
    row = hook(receiver)
    react([change(integration, STALLED)], now=datetime.now(UTC))
    deliver_due(datetime.now(UTC))
    (document,) = receiver.documents()
    link = urlsplit(document["data"]["incidents"][0]["answer_url"]).path
    assert client.post(link, {"what": "acknowledge"}).status_code == 302
    assert Audit.objects.get(action="incident.acknowledge").actor == "web-hook Ops room"
    row.delete()
    assert client.get(link).status_code == 404


def test_slack_and_its_kin_get_text_and_blocks(make_integration, receiver: Receiver):
    hook(receiver, Channel.SLACK)
    react([change(make_integration(title="Smith & <Sons>"), STALLED, waiting=3)], now=NOW)
    deliver_due(SOON)
    (document,) = receiver.documents()
    ((headers, _body),) = receiver.requests
    assert "webhook-signature" not in headers
    assert "*Smith &amp; &lt;Sons&gt; → Sendcloud: stalled*" in document["text"]
    assert "<https://sync.example/incidents/" in document["text"]
    assert "|Acknowledge or snooze>" in document["text"]
    assert {block["type"] for block in document["blocks"]} == {"section"}
    assert "\n\n".join(block["text"]["text"] for block in document["blocks"]) == document["text"]


def test_long_blocks_are_cut_between_characters():
    assert escape("a & b < c") == "a &amp; b &lt; c"
    text = _cut("x" * 10 + escape("&") * 10, 20)
    assert text == "x" * 10 + "&amp;" + "…"
    assert _cut("see <https://sync.example/incidents/1/|Open>", 20) == "see …"
    assert _cut("short", 20) == "short"


# --- answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410])
def test_who_says_that_nobody_is_there_is_switched_off(integration, receiver: Receiver, status):
    row = hook(receiver)
    subscribe(tags=["elsewhere"])
    receiver.answers = [Response("gone", status)]
    react([change(integration, STALLED)], now=NOW)
    done = outbox.Delivered()
    outbox.drain(outbox.Hooks(), SOON, done)
    row.refresh_from_db()
    assert (row.bounced_at, row.bounce_answer, done.given_up) == (SOON, f"HTTP {status} gone", 1)
    assert Notice.objects.get(recipient=row.recipient).failed_at == SOON
    assert row not in notices.subscribed()


def test_a_revoked_slack_address_is_switched_off(integration, receiver: Receiver):
    row = hook(receiver, Channel.SLACK)
    subscribe(tags=["elsewhere"])
    receiver.answers = [Response("invalid_token", 403)]
    react([change(integration, STALLED)], now=NOW)
    outbox.drain(outbox.Hooks(), SOON, outbox.Delivered())
    row.refresh_from_db()
    assert row.bounced_at == SOON


@pytest.mark.parametrize(("asked", "waits"), [("90", 90), ("86400", 3600)])
def test_who_asks_for_patience_gets_it(integration, receiver: Receiver, asked, waits):
    hook(receiver)
    receiver.answers = [Response(status_code=429, headers={"retry-after": asked})]
    react([change(integration, STALLED)], now=NOW)
    deliver_due(SOON)
    notice = Notice.objects.get()
    assert timedelta(seconds=waits) <= notice.due_at - SOON <= timedelta(seconds=waits + 2)
    deliver_due(notice.due_at)
    assert len(receiver.requests) == 2
    assert Notice.objects.get().sent_at is not None


def test_redirects_are_not_followed(integration, receiver: Receiver):
    hook(receiver)
    with receiving() as elsewhere:
        receiver.answers = [Response(status_code=307, headers={"location": elsewhere.url})]
        react([change(integration, STALLED)], now=NOW)
        deliver_due(SOON)
        assert elsewhere.requests == []
    assert Notice.objects.get().answer.startswith("HTTP 307 It answers with another address")


def test_a_document_that_is_refused_holds_back_no_other(make_integration, receiver: Receiver):
    hook(receiver)
    receiver.answers = [Response("bad", 400)]
    react([change(make_integration("lyon"), STALLED)], now=NOW)
    react([change(make_integration("nord"), STALLED)], now=NOW + timedelta(minutes=5))
    deliver_due(NOW + timedelta(minutes=5))
    assert len(receiver.requests) == 2
    assert Notice.objects.filter(sent_at=None).count() == 1


def test_a_private_address_is_refused_and_that_is_said(integration, receiver: Receiver, settings):
    settings.SYNCWATCH_ALLOWED_NETWORKS = []
    hook(receiver)
    react([change(integration, STALLED)], now=NOW)
    deliver_due(SOON)
    assert receiver.requests == []
    assert "private or reserved" in Notice.objects.get().answer


def test_no_secret_is_in_what_is_kept_or_logged(integration, receiver: Receiver, caplog, capsys):
    row = hook(receiver)
    receiver.answers = [Response(f"no such hook {receiver.url} {PATH} {SECRET}", 500)]
    react([change(integration, STALLED)], now=NOW)
    deliver_due(SOON)
    notice = Notice.objects.get()
    assert notice.answer.startswith("HTTP 500 no such hook")
    said = notice.answer + caplog.text + "".join(capsys.readouterr()) + repr(channels.Endpoint.of(row))
    assert "verysecretpath" not in said
    assert SECRET not in said


def test_an_endless_answer_is_cut(integration, receiver: Receiver):
    hook(receiver)
    receiver.answers = [Response("x" * 5_000_000, 500)]
    react([change(integration, STALLED)], now=NOW)
    deliver_due(SOON)
    assert len(Notice.objects.get().answer) < 250


def test_a_web_hook_that_was_removed_is_given_up(integration, receiver: Receiver):
    row = hook(receiver)
    react([change(integration, STALLED)], now=NOW)
    row.delete()
    deliver_due(SOON)
    assert "removed" in Notice.objects.get().answer
    assert receiver.requests == []


# --- each by itself ------------------------------------------------------------------------------


def test_a_dead_web_hook_delays_neither_mails_nor_other_web_hooks(
    integration, receiver: Receiver, postbox: Postbox
):
    dead = hook(receiver, label="dead")
    dead.endpoint = {"url": "http://127.0.0.1:9/", "secret": SECRET}
    dead.save()
    hook(receiver, label="alive")
    subscribe()
    react([change(integration, STALLED)], now=NOW)
    began = time.monotonic()
    done = deliver_due(SOON)
    assert (done.sent, done.retried) == (2, 1)
    assert time.monotonic() - began < 5
    assert len(receiver.requests) == len(postbox.mails) == 1


def test_a_mail_server_that_is_away_delays_no_web_hook(integration, receiver: Receiver, server):
    hook(receiver)
    subscribe()
    server.down()
    react([change(integration, STALLED)], now=NOW)
    done = deliver_due(SOON)
    assert (done.sent, done.retried, len(receiver.requests)) == (1, 1, 1)


def test_the_status_names_the_web_hook_and_does_not_blame_the_mail_server(integration, receiver: Receiver):
    hook(receiver)
    receiver.answers = [Response("later", 503) for _ in range(9)]
    react([change(integration, STALLED)], now=NOW)
    for minute in range(4):
        deliver_due(NOW + timedelta(minutes=4 * minute))
    bad = {check.name: check for check in examine(take(NOW + timedelta(minutes=12))) if check.state.is_bad}
    assert bad["hooks"].values == {"names": "Ops room", "count": 1, "answer": "HTTP 503 later"}
    assert "mail" not in bad


def test_one_deliverer_at_a_time_sends_to_a_web_hook(make_integration, receiver: Receiver):
    hook(receiver)
    react([change(make_integration("lyon"), STALLED)], now=NOW)
    react([change(make_integration("nord"), STALLED)], now=NOW + timedelta(minutes=5))
    at = NOW + timedelta(minutes=5)
    assert outbox.claim(at, outbox.Hooks()) is not None
    assert outbox.claim(at, outbox.Hooks()) is None


@pytest.mark.parametrize("channel", [Channel.WEBHOOK, Channel.SLACK])
def test_the_test_notice_takes_the_same_way(db, receiver: Receiver, channel):
    notices.send_test_to(hook(receiver, channel), now=NOW)
    deliver_due(SOON)
    (document,) = receiver.documents()
    assert "This is how Syncwatch will write to you." in str(document)
    assert document.get("type", "test") == "test"


@pytest.mark.django_db(transaction=True)
def test_two_who_deliver_send_to_one_web_hook_one_after_the_other(receiver: Receiver):
    for _ in range(2):
        notices.send_test_to(Subscription.objects.first() or hook(receiver), now=NOW)
    found = []

    def other():
        found.append(outbox.claim(NOW, Hooks()))
        connections.close_all()

    thread = Thread(target=other)
    with transaction.atomic():
        assert outbox.claim(NOW, Hooks()) is not None
        thread.start()
        thread.join(0.2)
    thread.join()
    assert found == [None]
