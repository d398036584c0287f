"""Saving and removing what is connected, in one transaction with the audit row and the work it needs."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils.text import slugify

from integrations.models import Account, Integration, Store
from monitor import audit
from monitor.collect.plan import ensure_jobs
from monitor.models import Incident, Member, User

Remote = Account | Store


@transaction.atomic
def save(row: Remote | Integration, user: User, now: datetime) -> None:
    """Stores a new or changed row. Credentials are audited as changed or not, never as values."""
    old = type(row)._default_manager.filter(pk=row.pk).first() if row.pk else None
    before = _snapshot(old) if old else {}
    row.save()
    after = _snapshot(row)
    if isinstance(row, Account | Store) and getattr(old, "credentials", None) != row.credentials:
        after["credentials_changed"] = sorted(row.credentials)
    verb = "change" if old else "create"
    audit.record_change(user, f"{row._meta.model_name}.{verb}", row, before, after)
    ensure_jobs(now)


@transaction.atomic
def remove(row: Remote | Integration, user: User, now: datetime) -> None:
    """Deletes a row and its history. Incidents that lose their last member are closed.

    Raises ProtectedError for an account or store that still has integrations.
    """
    audit.record(user, f"{row._meta.model_name}.remove", row, before=_snapshot(row))
    row.delete()
    members = Member.objects.filter(incident=OuterRef("pk"), left_at__isnull=True)
    # What many suffer from and is calm for now is without members, and ends by itself.
    Incident.objects.filter(~Exists(members), closed_at=None, calm_since=None).update(closed_at=now)
    ensure_jobs(now)


@transaction.atomic
def watch(account: Account, chosen: dict[str, Store], user: User, now: datetime) -> list[Integration]:
    """Adds integrations by their ids at the hub. Ids that are watched already are left alone."""
    known = set(account.integrations.values_list("external_id", flat=True))
    made = []
    for external_id, store in chosen.items():
        if external_id in known:
            continue
        row = Integration(
            account=account,
            store=store,
            external_id=external_id,
            name=_free_name(account, store, external_id),
        )
        row.save()
        audit.record(user, "integration.create", row, after=_snapshot(row))
        made.append(row)
    ensure_jobs(now)
    return made


def _snapshot(row: Any) -> dict[str, Any]:
    kept = audit.snapshot(row)
    kept.pop("created_at", None)
    return kept


def _free_name(account: Account, store: Store, external_id: str) -> str:
    name = f"{store.name}-{account.name}"[:120]
    if Integration.objects.filter(name=name).exists():
        suffix = f"-{slugify(external_id)}"
        name = f"{name[: 120 - len(suffix)]}{suffix}"
    return name
