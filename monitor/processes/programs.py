"""The programs that run side by side, and how to start each."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Program:
    """One child process of ``up``."""

    name: str
    command: tuple[str, ...]
    port: int | None = None
    """The port whose answering shows that it is ready; None: it is ready when it runs."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port in use, derived from the one the operator chooses so that one option moves all."""

    web: int

    @property
    def shops(self) -> int:
        return self.web + 601

    @property
    def hub(self) -> int:
        return self.web + 602

    @property
    def smtp(self) -> int:
        return self.web + 525

    @property
    def mail(self) -> int:
        return self.web + 526

    def all(self, *, demo: bool) -> tuple[int, ...]:
        return (self.web, *((self.shops, self.hub, self.smtp, self.mail) if demo else ()))


def product(ports: Ports, host: str) -> tuple[Program, ...]:
    """Web server, worker, scheduler, and the watchdog that looks at them."""
    celery = (sys.executable, "-m", "celery", "-A", "monitor.celery")
    return (
        Program(
            "web",
            (
                *(sys.executable, "-m", "granian", "monitor.wsgi:application", "--interface", "wsgi"),
                *("--host", host, "--port", str(ports.web), "--no-ws"),
                *("--workers", "1", "--blocking-threads", "8", "--respawn-failed-workers"),
            ),
            port=ports.web,
        ),
        Program(
            "worker",
            (*celery, "worker", "--without-gossip", "--without-mingle", "--loglevel", "INFO"),
        ),
        Program("scheduler", (*celery, "beat", "--loglevel", "INFO", "--pidfile", "")),
        Program("watchdog", (sys.executable, str(settings.BASE_DIR / "manage.py"), "watchdog")),
    )


def stand_ins(ports: Ports, state: Path) -> tuple[Program, ...]:
    """The demo's outside world: shops, hub, and a mail server with a page."""
    sandbox = (sys.executable, "-m", "integrations.sandbox")
    return (
        Program(
            "sandbox",
            (*sandbox, "serve", "--port", str(ports.shops), "--state", str(state)),
            port=ports.hub,
        ),
        Program(
            "mail",
            (
                *(sys.executable, "-m", "integrations.sandbox.mail", "--smtp-port", str(ports.smtp)),
                *("--http-port", str(ports.mail), "--state", str(state / "mail")),
            ),
            port=ports.smtp,
        ),
    )


def again(additions: Mapping[str, str], *, foreign: tuple[str, ...] = ()) -> NoReturn:
    """Starts this very command anew, as the same process, because settings are read only once.

    ``additions`` join the environment; variables that begin with one of ``foreign`` leave it.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign or ("\0",))}
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *sys.argv], kept | dict(additions))  # noqa: S606  # ourselves
