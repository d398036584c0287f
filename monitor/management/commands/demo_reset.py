"""``manage.py demo_reset``: forgets everything the demo did."""

import shutil
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitor import embedded
from monitor.processes import demo, preparation


class Command(BaseCommand):
    """Deletes the demo's folder and its database; exit code 1 while the demo runs."""

    help = "Deletes the demo's data, so that the next `make demo` starts over."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        folder = demo.folder()
        try:
            with preparation.only_one(folder, "demo_reset"):
                embedded.delete(folder)
                shutil.rmtree(folder)
        except preparation.NotPossible as error:
            raise CommandError(f"{error}") from error
        self.stdout.write("The demo is as new. `make demo` starts it.")
