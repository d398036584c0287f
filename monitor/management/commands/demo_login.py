"""``manage.py demo_login``: another one-time address to sign in to the demo."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitor.processes import demo


class Command(BaseCommand):
    """Prints the address; exit code 1 when no demo was ever started."""

    help = "Prints an address that signs in to the demo once."
    requires_system_checks = ()

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not (demo.folder() / "settings.env").exists():
            raise CommandError("There is no demo yet: `make demo` starts one.")
        demo.enter()
        self.stdout.write(demo.login_address())
