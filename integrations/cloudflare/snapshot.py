"""A zone's configuration in a form that two audits can compare."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from pydantic import BaseModel

from integrations.cloudflare.reading import NotRead, Reading
from integrations.cloudflare.records import Ruleset, Setting
from integrations.cloudflare.secrecy import without_written_secrets

LONGEST = 200
CONTEXT = 40
_NAMES = ("description", "pattern", "name", "id")


def snapshot_of(read: Reading) -> dict[str, Any]:
    """``{part: value or {id: row}}``, sorted, without versions and times; what was not read is left out."""
    zone = read.zone
    found: dict[str, Any] = {
        "zone": {
            "name": zone.name,
            "status": zone.status,
            "paused": zone.paused,
            "plan": zone.plan.legacy_id or zone.plan.name,
        }
    }
    for name, part in read.parts.items():
        if isinstance(part, NotRead):
            continue
        if isinstance(part, Setting):
            found[name] = without_written_secrets(part.value, name)
        elif isinstance(part, Ruleset):
            found[name] = _rows(part.rules)
        elif isinstance(part, BaseModel):
            found[name] = without_written_secrets(part.model_dump(mode="json", exclude_none=True))
        else:
            found[name] = _rows(part)
    return dict(sorted(found.items()))


def _rows(rows: Any) -> dict[str, Any]:
    """Rows by id; by their place where they have none."""
    documents = [without_written_secrets(row.model_dump(mode="json", exclude_none=True)) for row in rows]
    keyed = {str(document.pop("id", "") or place): document for place, document in enumerate(documents)}
    return dict(sorted(keyed.items()))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, str]]:
    """What changed, in a form for people: ``[{"what", "before", "after"}]``; empty text: it was not there.

    Parts that only one of the two audits could read are passed over: nothing is known of a change.
    """
    found: list[dict[str, str]] = []
    for part in sorted(before.keys() & after.keys()):
        old, new = before[part], after[part]
        if old == new:
            continue
        if not isinstance(old, Mapping) or not isinstance(new, Mapping):
            found.append(_change(part, old, new))
            continue
        for key in sorted(old.keys() | new.keys()):
            found += _row_changes(part, str(key), old.get(key), new.get(key))
    return found


def _row_changes(part: str, key: str, old: Any, new: Any) -> list[dict[str, str]]:
    if old == new:
        return []
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        row = new if isinstance(new, Mapping) else old
        is_row = isinstance(row, Mapping)
        return [_change(f"{part} > {_name(row, key) if is_row else key}", old, new)]
    return [
        _change(f"{part} > {_name(new, key)} > {name}", old.get(name), new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    ]


def _name(row: Mapping[str, Any], key: str) -> str:
    return next((str(row[name])[:80] for name in _NAMES if row.get(name)), key)


def _change(what: str, old: Any, new: Any) -> dict[str, str]:
    before, after = _shown(old), _shown(new)
    # Long texts are cut to where they begin to differ.
    same = sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))
    return {"what": what, "before": _cut(before, same), "after": _cut(after, same)}


def _cut(text: str, same: int) -> str:
    if len(text) <= LONGEST:
        return text
    start = max(0, same - CONTEXT)
    shown = ("…" if start else "") + text[start:]
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def _shown(value: Any) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_shown(part)}" for name, part in sorted(value.items()) if _shown(part))
    if isinstance(value, list | tuple):
        return ", ".join(_shown(part) for part in value)
    return str(value)
