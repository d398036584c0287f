"""Making the database say what the file says: all of it, or nothing."""

import getpass
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

from integrations.models import Account, Integration, Store
from monitor import audit
from monitor.collect.plan import ensure_jobs
from monitor.fleet.comparing import Action, Change, Comparison, compare
from monitor.fleet.loading import Fleet
from monitor.fleet.problems import BadFleet
from monitor.fleet.stored import SECTIONS
from monitor.models import Subscription, User

_BATCH = 500


def apply(fleet: Fleet, now: datetime, *, prune: bool = False) -> Comparison:
    """Applies the file in one transaction, with an audit row for every change, and plans the work.

    Applying the same file again changes nothing. Raises BadFleet, with nothing changed, when the
    file does not go with what is stored.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        # Of two files applied at once, the second must be compared with what the first left.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('syncwatch.fleet'))")
        comparison = compare(fleet, prune=prune)
        if comparison.problems:
            raise BadFleet(comparison.problems)
        _store(comparison.changes)
        actor = command_line_actor()
        for change in comparison.changes:
            _record(change, actor)
        ensure_jobs(now)
    return comparison


def command_line_actor() -> str:
    """Who runs the command, as the audit names them."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # no entry for this user in the system, as in some containers
        name = str(os.getuid())
    return f"command line ({name})"


def _store(changes: Iterable[Change]) -> None:
    by_section: dict[str, list[Change]] = {}
    for change in changes:
        by_section.setdefault(change.section.name, []).append(change)
    for name in SECTIONS:
        _store_section(by_section.get(name, []))


def _store_section(changes: list[Change]) -> None:
    if not changes:
        return
    section = changes[0].section
    related = _related(section.model)
    created = [change for change in changes if change.action is Action.CREATED]
    updated = [change for change in changes if change.action is not Action.CREATED]
    moved = [change.row.pk for change in updated if {"account", "external_id"} & change.after.keys()]
    for pk in moved:
        # Two integrations may swap ids at the hub; neither may stand in the other's way.
        Integration.objects.filter(pk=pk).update(external_id=f"~{pk}")
    for change in updated:
        values = _columns(change, related)
        for column, value in values.items():
            setattr(change.row, column, value)
        change.row.save(update_fields=list(values))
    rows = section.model._default_manager.bulk_create(
        [section.model(**_columns(change, related)) for change in created], batch_size=_BATCH
    )
    for change, row in [*((one, one.row) for one in updated), *zip(created, rows, strict=True)]:
        for key in section.several & change.after.keys():
            getattr(row, section.column(key)).set([related[key][name] for name in change.after[key]])


def _related(model: type[Model]) -> dict[str, Mapping[Any, Any]]:
    """By key of the file: the rows that entries of that model name. An edge or a person may be none."""
    if model is Integration:
        stores = Store.objects.in_bulk(field_name="name")
        return {"account": Account.objects.in_bulk(field_name="name"), "store": stores}
    if model is Subscription:
        people = User.objects.in_bulk(field_name="username")
        return {"person": {None: None, **people}, "stores": Store.objects.in_bulk(field_name="name")}
    return {"edge": {None: None, **Account.objects.in_bulk(field_name="name")}} if model is Store else {}


def _columns(change: Change, related: Mapping[str, Mapping[Any, Any]]) -> dict[str, Any]:
    return {
        change.section.column(key): related[key][value] if key in related else value
        for key, value in change.after.items()
        if key not in change.section.several
    }


def _record(change: Change, actor: str) -> None:
    before, after = change.shown()
    for values in (before, after):
        if "credentials" in values:
            values["secrets"] = values.pop("credentials")
    target = f"{change.section.word} {change.key}"
    audit.record(None, "fleet.apply", target, before if change.row else {}, after, actor=actor)
