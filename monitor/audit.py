"""Who changed what: append-only rows that never hold a secret."""

from collections.abc import Mapping
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.utils.encoding import force_str

from monitor.models import Audit, User

HIDDEN = frozenset({"credentials", "endpoint", "password", "last_login", "last_seen_at"})
"""Fields of any model that never reach the audit: secret, or noise."""


def record(  # noqa: PLR0917  # who, what, to what, from, to: in the order of a sentence
    user: User | None,
    action: str,
    target: Model | str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    actor: str | None = None,
) -> Audit:
    """Writes one row in the current transaction.

    ``action`` is a verb and its object (``store.change``); ``target`` a row or the words for one;
    ``before`` and ``after`` the fields that matter, JSON-able or dates. ``actor`` names who acts
    when nobody is signed in (``command line (ops)``); otherwise it is the person's user name.
    """
    return Audit.objects.create(
        user=user,
        actor=(actor or (user.get_username() if user else "Syncwatch"))[:150],
        action=action,
        target=named(target)[:160],
        before=_plain(before or {}),
        after=_plain(after or {}),
    )


def record_change(
    user: User | None, action: str, target: Model | str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Audit | None:
    """Like :func:`record`, with only the fields that differ; nothing when none does."""
    old, new = difference(before, after)
    return record(user, action, target, old, new) if old or new else None


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields whose values differ, as they were and as they are."""
    changed = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return (
        {key: before[key] for key in changed if key in before},
        {key: after[key] for key in changed if key in after},
    )


def snapshot(row: Model) -> dict[str, Any]:
    """The fields of a row as they may be kept: secrets left out, relations by their names."""
    values: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in HIDDEN or field.primary_key:
            continue
        value = getattr(row, field.name)
        values[field.name] = str(value) if isinstance(value, Model) else value
    for relation in row._meta.many_to_many:
        values[relation.name] = sorted(str(other) for other in getattr(row, relation.name).all())
    plain: dict[str, Any] = _plain(values)
    return plain


def named(target: Model | str) -> str:
    """How a row is called in the audit: its kind and its name."""
    if isinstance(target, str):
        return target
    return f"{target._meta.model_name} {getattr(target, 'name', None) or target}"


def _plain(values: Mapping[str, Any]) -> Any:
    encoder = DjangoJSONEncoder()

    def other(value: object) -> Any:
        try:
            return encoder.default(value)
        except TypeError:
            return force_str(value)

    kept = {key: value for key, value in values.items() if key not in HIDDEN}
    return orjson.loads(orjson.dumps(kept, default=other, option=orjson.OPT_NON_STR_KEYS))
