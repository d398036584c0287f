"""``manage.py rotate_keys``: everything encrypted at rest, encrypted anew under the first key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from cryptography.fernet import InvalidToken
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import models, transaction
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from integrations.crypto import EncryptedJSONField, is_under_first_key, rotate
from monitor.people.keys import rotate_factors

BATCH = 200


@dataclass(slots=True)
class Count:
    """What became of the rows of one encrypted column."""

    rotated: int = 0
    already: int = 0
    """Under the first key before: made since the new key, or by an earlier run."""
    unreadable: list[str] = field(default_factory=list)
    """Rows that none of the keys decrypts."""


class Command(BaseCommand):
    help = (
        "Encrypts all stored credentials anew under the first key of SYNCWATCH_KEYS. Put the new key in "
        "front, restart every process, run this, and drop the old key once it says that it may go. Can be "
        "stopped and run again at any time. Exit codes: 0 the old keys may go, 1 some rows no key decrypts."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *_args: Any, json: bool, **_options: Any) -> None:
        counts = {
            str(model._meta.verbose_name_plural): rotate_column(model, name)
            for model, name in encrypted_columns()
        }
        counts[_("second factors")] = second_factors()
        unreadable = [row for count in counts.values() for row in count.unreadable]
        if json:
            self.stdout.write(orjson.dumps(counts, option=orjson.OPT_INDENT_2).decode())
        else:
            for name, count in counts.items():
                message = _("%(name)s: %(rotated)d encrypted anew, %(already)d under the first key already.")
                self.stdout.write(
                    message % {"name": name, "rotated": count.rotated, "already": count.already}
                )
        if unreadable:
            message = _(
                "No key decrypts the credentials of %(rows)s. "
                "Add the key they were stored with, or enter them anew."
            )
            raise CommandError(message % {"rows": ", ".join(unreadable)})
        if not json:
            self.stdout.write(_("All credentials are under the first key; the other keys may go."))


def encrypted_columns() -> Iterator[tuple[type[models.Model], str]]:
    for model in apps.get_models():
        for column in model._meta.concrete_fields:
            if isinstance(column, EncryptedJSONField):
                yield model, column.name


def second_factors() -> Count:
    """Those of all people."""
    count = Count()
    for whose, changed in rotate_factors():
        if changed is None:
            count.unreadable.append(whose)
        else:
            count.rotated += changed
            count.already += not changed
    return count


def rotate_column(model: type[models.Model], name: str) -> Count:
    """Re-encrypts one column, a short transaction per batch, so that nobody waits for long."""
    count, last = Count(), 0
    while True:
        with transaction.atomic():
            # Locked, so that credentials entered meanwhile are not overwritten by the old ones.
            rows = (
                model._default_manager.select_for_update()
                .filter(pk__gt=last)
                .exclude(**{f"{name}__isnull": True})
                .annotate(token=Cast(name, models.BinaryField()))
                .order_by("pk")
                .values_list("pk", "token")[:BATCH]
            )
            for pk, token in (batch := list(rows)):
                _rotate_row(model, name, pk, bytes(token), count)
        if len(batch) < BATCH:
            return count
        last = batch[-1][0]


def _rotate_row(model: type[models.Model], name: str, pk: int, token: bytes, count: Count) -> None:
    if is_under_first_key(token):
        count.already += 1
        return
    try:
        renewed = rotate(token)
    except InvalidToken:
        label = model._default_manager.defer(name).get(pk=pk)
        count.unreadable.append(f"{model._meta.model_name} {getattr(label, 'name', label.pk)}")
        return
    model._default_manager.filter(pk=pk).update(**{name: renewed})
    count.rotated += 1
