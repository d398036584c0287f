"""``manage.py up``: the whole product as one foreground process."""

import os
import subprocess
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection

from monitor import embedded
from monitor.dashboard.setup import setup_url
from monitor.processes import demo, preparation
from monitor.processes.database import DatabaseKeeper
from monitor.processes.programs import Ports, again, product, stand_ins
from monitor.processes.progress import Progress, tell
from monitor.processes.supervisor import StartFailed, Stopped, Supervisor


class Command(BaseCommand):
    """Prepares and runs web server, worker and scheduler until Ctrl-C; exit code 1: could not start."""

    help = (
        "Runs everything on this machine: database, web server, worker, scheduler; with --demo a sandbox too."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--demo", action="store_true", help="with a sandbox of shops, a hub and a mail server"
        )
        parser.add_argument("--port", type=int, default=8000, help="port of the web server (8000)")
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")

    def handle(self, *_args: Any, **options: Any) -> None:
        ports = Ports(options["port"])
        is_demo = options["demo"]
        if is_demo:
            demo.enter(ports)
        elif "SYNCWATCH_PUBLIC_URL" not in os.environ:
            again({"SYNCWATCH_PUBLIC_URL": f"http://127.0.0.1:{ports.web}"})
        make = "demo" if is_demo else "run"
        example = f"make {make} PORT={ports.web + 10}"
        try:
            with preparation.only_one(settings.VAR_DIR, settings.PUBLIC_URL):
                preparation.check_ports(options["host"], ports.all(demo=is_demo), example=example)
                self.run(ports, options["host"], is_demo=is_demo)
        except (preparation.NotPossible, embedded.EmbeddedError, StartFailed) as error:
            raise CommandError(str(error)) from error
        except subprocess.CalledProcessError as error:
            raise CommandError(f"{' '.join(error.cmd)} failed: {error.stderr.strip()[-500:]}") from error
        except OperationalError as error:
            raise CommandError(f"The database of DATABASE_URL cannot be reached: {error}") from error

    def run(self, ports: Ports, host: str, *, is_demo: bool) -> None:
        """Starts all, waits for the end, ends all. Raises what a failed start raises."""
        supervisor = Supervisor(settings.VAR_DIR, tell)
        with supervisor.signals():
            try:
                self.start(supervisor, ports, host, is_demo=is_demo)
                if settings.EMBEDDED:
                    supervisor.chores.append(DatabaseKeeper(settings.VAR_DIR, tell))
                self.announce(ports, is_demo=is_demo)
                # Into a file or a pipe it would come at the end only.
                self.stdout.flush()
                supervisor.run()
                tell("Stopping.")
            except Stopped:
                tell("Stopping before all had started.")
            finally:
                supervisor.stop()
                connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's
                if settings.EMBEDDED and not embedded.stop_if_unused(settings.VAR_DIR):
                    tell("The database stays up: another program uses it.")
                supervisor.dismiss_guard()

    def start(self, supervisor: Supervisor, ports: Ports, host: str, *, is_demo: bool) -> None:
        progress = Progress(6 if is_demo else 4)
        state = settings.VAR_DIR / "sandbox"
        with progress.step("Starting PostgreSQL"):
            connection.ensure_connection()
        with progress.step("Bringing the tables up to date"):
            call_command("migrate", interactive=False, verbosity=0)
        with progress.step("Gathering the static files"):
            preparation.collect_static()
        if is_demo:
            with progress.step(
                "Opening the shops, the hub and the mail server (two weeks of orders at first)"
            ):
                supervisor.start(stand_ins(ports, state))
            with progress.step("Connecting the fleet"):
                demo.load_fleet(ports, state)
        with progress.step("Starting web server, worker and scheduler"):
            supervisor.start(product(ports, host))

    def announce(self, ports: Ports, *, is_demo: bool) -> None:
        if is_demo:
            self.stdout.write(
                "\nThe demo runs. Open this address to sign in (once; `make demo-login` makes another):\n"
                f"\n    {demo.login_address()}\n\n"
                f"Its mails: http://127.0.0.1:{ports.mail}/   "
                f"Its shops and their faults: http://127.0.0.1:{ports.shops}/\n"
                f"Commands: SYNCWATCH_VAR={settings.VAR_DIR} .venv/bin/python manage.py sweep\n"
                "Ctrl-C stops everything.\n"
            )
            return
        first = setup_url()
        if first:
            self.stdout.write(f"\nSyncwatch runs. Make the first administrator here:\n\n    {first}\n")
        else:
            self.stdout.write(f"\nSyncwatch runs:\n\n    {settings.PUBLIC_URL}/\n")
        self.stdout.write("\nCtrl-C stops everything.\n")
