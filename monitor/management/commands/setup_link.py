"""Prints the one-time address on which the first administrator is made."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitor.dashboard.setup import setup_url


class Command(BaseCommand):
    help = (
        "Prints the one-time address on which the first administrator is made. "
        "Exit code 1 once anybody exists."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        url = setup_url()
        if url is None:
            raise CommandError("Somebody exists already; sign in, or use: manage.py changepassword NAME")
        self.stdout.write(url)
