"""The outside monitor hears from us each minute, and hears when we are not well."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread

import pytest

from monitor.models import Heartbeat
from monitor.watch.ping import address
from tests.watch.conftest import EVERYBODY, NOW, Dog, Postbox

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
PATH = "/ping/4f0c"


class Outside:
    """A monitor that writes down which paths were asked for."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.status = 200
        outside = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outside.paths.append(self.path)
                self.send_response(outside.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}{PATH}"


@pytest.fixture
def outside(settings, dog: Dog) -> Iterator[Outside]:
    outside = Outside()
    thread = Thread(target=outside.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    settings.SYNCWATCH_PING_URL = outside.url
    settings.SYNCWATCH_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]
    yield outside
    outside.server.shutdown()
    thread.join()
    outside.server.server_close()


def test_it_hears_once_a_minute_that_all_is_well(dog: Dog, outside: Outside):
    dog.looks(6, *EVERYBODY)
    assert outside.paths == [PATH] * 3
    assert Heartbeat.objects.get(part="ping").detail == {}


def test_it_hears_fail_while_a_part_has_failed_and_success_again_after(dog: Dog, outside: Outside):
    dog.looks(1, *EVERYBODY)
    dog.looks(5)
    dog.looks(4, *EVERYBODY)
    assert outside.paths[0] == PATH
    assert f"{PATH}/fail" in outside.paths
    assert outside.paths[-1] == PATH


def test_a_warning_is_no_failure(dog: Dog, outside: Outside, monkeypatch):
    monkeypatch.setattr("monitor.watch.snapshot._disk_free", lambda: 1 << 30)
    dog.looks(6, *EVERYBODY)
    assert set(outside.paths) == {PATH}


def test_it_hears_fail_while_the_database_is_away(dog: Dog, outside: Outside, monkeypatch):
    def away(_now: object) -> None:
        raise TimeoutError

    monkeypatch.setattr("monitor.watch.dog.take", away)
    dog.looks(3)
    assert outside.paths[-1] == f"{PATH}/fail"


def test_a_monitor_that_cannot_be_reached_is_a_warning_for_people(
    dog: Dog, outside: Outside, postbox: Postbox
):
    dog.looks(2, *EVERYBODY)
    outside.status = 503
    dog.looks(16, *EVERYBODY)
    (mail,) = postbox.mails
    assert mail["Subject"].startswith("[warning] Syncwatch: The outside monitor cannot be told")
    assert PATH not in mail.as_string()


def test_an_address_inside_is_refused_by_the_guard(dog: Dog, outside: Outside, settings):
    settings.SYNCWATCH_ALLOWED_NETWORKS = []
    dog.looks(1, *EVERYBODY)
    assert outside.paths == []
    assert "not allowed" in Heartbeat.objects.get(part="ping").detail["error"]


@pytest.mark.parametrize(
    ("url", "failing"),
    [
        ("https://hc.example/abc", "https://hc.example/abc/fail"),
        ("https://hc.example/abc/", "https://hc.example/abc/fail"),
        ("https://hc.example/abc?rid=1", "https://hc.example/abc/fail?rid=1"),
    ],
)
def test_fail_ends_the_path(url: str, failing: str):
    assert address(url, is_well=True) == url
    assert address(url, is_well=False) == failing


def test_nobody_is_asked_when_no_monitor_is_set(dog: Dog):
    dog.looks(2, *EVERYBODY)
    assert not Heartbeat.objects.filter(part="ping").exists()
    assert Heartbeat.objects.get(part="watchdog").at > NOW
