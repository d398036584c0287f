"""``manage.py verdicts``: the page of the documentation about every verdict."""

from typing import Any

from django.core.management.base import BaseCommand

from monitor.wording.guide import document


class Command(BaseCommand):
    """Prints the page; ``make docs`` keeps it as ``docs/verdicts.md``."""

    help = "Prints, in Markdown, what each verdict means and what to do: every rule with its own sentences."
    requires_system_checks = []

    def handle(self, *_args: Any, **_options: Any) -> None:
        self.stdout.write(document(), ending="")
