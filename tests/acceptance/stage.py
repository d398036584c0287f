"""What acceptance tests stand on: the product's own processes beside a sandbox, on free ports."""

import contextlib
import dataclasses
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from integrations.sandbox.client import Mailbox, Sandbox
from integrations.sandbox.manifest import SecretFiles, manifest, write_manifest
from monitor.processes.programs import Ports, product
from monitor.processes.supervisor import Supervisor

Found = TypeVar("Found")
FOREIGN = ("SYNCWATCH_", "DATABASE_URL", "BROKER_URL")


def eventually(look: Callable[[], Found], *, within_s: float, what: str) -> Found:
    """The first true answer of ``look``; fails, saying what was waited for, when none comes in time."""
    deadline = time.monotonic() + within_s
    while True:
        if found := look():
            return found
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within_s:g} s: {what}; the last answer was {found!r}")
        time.sleep(0.2)


def connect_fleet(sandbox: Sandbox, folder: Path, **of_every_integration: Any) -> None:
    """Connects the product's database to the sandbox by the command an operator would use."""
    document = manifest(sandbox.fleet, sandbox.shops_url, sandbox.hub_url, SecretFiles(folder / "secrets"))
    for integration in document["integrations"]:
        integration.update(of_every_integration)
    write_manifest(folder / "fleet.yaml", document)
    with Path(os.devnull).open("w") as nowhere:
        call_command("fleet", "apply", str(folder / "fleet.yaml"), stdout=nowhere, stderr=nowhere)


# --- worker and scheduler on the database of the test --------------------------------------------


def database_url() -> str:
    """Of the database that this test has to itself."""
    return urlsplit(settings.DATABASE_URL)._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


@contextlib.contextmanager
def worker_and_scheduler(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """The product's own programs, as ``manage.py up`` runs them. Their last words are shown when
    the block fails."""
    programs = [
        dataclasses.replace(program, environment=environment)
        for program in product(Ports(0), "127.0.0.1")
        if program.port is None
    ]
    told: list[str] = []
    supervisor = Supervisor(folder, told.append)
    try:
        supervisor.start(programs)
        yield
        assert all(child.process.poll() is None for child in supervisor.children)
    except BaseException:
        for log in (folder / "log").glob("*.log"):
            print(f"--- {log.name}\n{log.read_text(errors='replace')[-4000:]}")
        raise
    finally:
        supervisor.stop()
        supervisor.dismiss_guard()


# --- the whole product -----------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Running:
    """A ``manage.py up`` and what it said at its start."""

    var: Path
    ports: Ports
    said: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports.web}"

    @property
    def address(self) -> str:
        """The one it asks to open."""
        return next(line.strip() for line in self.said.splitlines() if line.startswith("    http"))


def free_ports(*, demo: bool) -> Ports:
    """Ports of which all are free, below those that outgoing connections take."""
    while True:
        ports = Ports(random.randrange(15_000, 31_000))
        if all(_is_free(port) for port in ports.all(demo=demo)):
            return ports


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def up(var: Path, *options: str, **environment: str) -> Iterator[Running]:
    """``manage.py up`` with everything it starts, until the block ends."""
    ports = free_ports(demo="--demo" in options)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(ports.web), *options],
        env={**kept, **environment, "SYNCWATCH_VAR": str(var)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    said = ""
    try:
        for line in process.stdout:
            said += line
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail(f"it did not start:\n{said}")
        yield Running(var, ports, said)
    finally:
        process.terminate()
        rest, _nothing = process.communicate(timeout=60)
        print(said, rest)


def mails(mailbox: Mailbox, word: str) -> list[dict[str, Any]]:
    """Those whose subject holds the word, oldest first."""
    return [mail for mail in reversed(mailbox.mails()) if word in mail["subject"]]
