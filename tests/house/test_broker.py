"""A task goes through a real broker and a real worker process."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from django.conf import settings

from monitor import embedded
from monitor.broker import ensure_queues
from tests.house.trial import mark

pytestmark = pytest.mark.integration

URLS = {
    "redis": os.environ.get("SYNCWATCH_TEST_REDIS_URL", "redis://127.0.0.1:6379/9"),
    "rabbitmq": os.environ.get("SYNCWATCH_TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//"),
}


@pytest.fixture(params=["postgresql", "redis", "rabbitmq"])
def broker_url(request, service):
    if request.param != "postgresql":
        return service(request.param, URLS[request.param])
    if not settings.BROKER_URL.startswith("pgmq://"):
        pytest.skip("BROKER_URL names another broker")
    if settings.EMBEDDED:
        embedded.ensure_running(settings.VAR_DIR)
    ensure_queues(settings.BROKER_URL)
    return ""


@contextmanager
def worker(broker_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "celery", "-A", "tests.house.trial", "worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--without-gossip", "--without-mingle", "--loglevel", "INFO"],
            env={**os.environ, "BROKER_URL": broker_url},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)


def send(broker_url: str, marks: Path, word: str) -> None:
    environment = {**os.environ, "BROKER_URL": broker_url}
    code = f"from tests.house.trial import mark; mark.delay({str(marks)!r}, {word!r})"
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def wait_for(marks: Path, words: set[str], log: Path, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if marks.exists() and words <= set(marks.read_text().split()):
            return
        time.sleep(0.05)
    pytest.fail(f"not done: {words}\n{log.read_text()[-3000:]}")


def test_a_task_reaches_a_worker_and_its_message_survives_a_killed_one(broker_url, tmp_path):
    marks, log = tmp_path / "marks", tmp_path / "worker.log"
    with worker(broker_url, log) as first:
        send(broker_url, marks, "one")
        wait_for(marks, {"one"}, log)
        first.kill()
        first.wait()
    send(broker_url, marks, "two")
    with worker(broker_url, log):
        wait_for(marks, {"one", "two"}, log)


def test_the_worker_keeps_to_one_queue_and_threads():
    app: Celery = mark.app
    assert app.conf.worker_pool == "threads"
    assert app.conf.task_acks_late
