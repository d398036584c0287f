"""Where the watchdog's memory is kept: in the database, and in a file for while that is away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from monitor.models import Heartbeat
from monitor.watch.listeners import listeners
from monitor.watch.memory import Memory, Person
from monitor.watch.parts import WATCHDOG
from monitor.watch.snapshot import limit_statements

log = structlog.get_logger(__name__)
FILE: Final = "watchdog.json"


def administrators() -> list[Person]:
    """Those whom SYNCWATCH_ADMIN_MAIL names."""
    return [Person(email=email) for email in settings.SYNCWATCH_ADMIN_MAIL]


def people() -> list[Person]:
    """Who is told about Syncwatch itself: the administrators by setting, else who follows all stores."""
    named = administrators()
    if named:
        return named
    return [Person(email=row.email, language=row.language, time_zone=row.time_zone) for row in listeners()]


@transaction.atomic
def change(now: datetime, do: Callable[[Memory], Memory]) -> Memory:
    """Keeps what ``do`` makes of the memory that all watchdogs share, with a sign of life.

    They take turns: the row is locked meanwhile. Raises DatabaseError.
    """
    limit_statements()
    row, _made = Heartbeat.objects.select_for_update().get_or_create(part=WATCHDOG, defaults={"at": now})
    memory = do(read(row.detail))
    row.at, row.detail = max(row.at, now), memory.model_dump(mode="json")
    row.save()
    return memory


def read(document: object) -> Memory:
    """A kept memory; an empty one where another version wrote what cannot be read."""
    try:
        return Memory.model_validate(document)
    except ValidationError:
        log.warning("the watchdog's memory could not be read and is made anew", exc_info=True)
        return Memory()


def from_file(var: Path) -> Memory:
    """The memory of this machine's watchdog about what the database cannot keep."""
    try:
        return Memory.model_validate_json((var / FILE).read_bytes())
    except FileNotFoundError:
        return Memory()
    except (OSError, ValidationError):
        log.warning("the watchdog's file could not be read and is made anew", exc_info=True)
        return Memory()


def to_file(var: Path, memory: Memory) -> None:
    """Replaces the file at once. A disk that is full leaves the old one: the memory in use stays."""
    fresh = var / f"{FILE}.new"
    try:
        fresh.touch(mode=0o600)
        fresh.write_text(memory.model_dump_json())
        fresh.replace(var / FILE)
    except OSError:
        log.warning("the watchdog's file could not be written", exc_info=True)
