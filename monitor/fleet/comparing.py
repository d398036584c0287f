"""What a file would change in what is stored."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from integrations.registry import EDGES
from monitor.fleet.document import SubscriptionEntry
from monitor.fleet.loading import Fleet, Item
from monitor.fleet.problems import Problem, did_you_mean, sentences
from monitor.fleet.secrets import CannotRead, filled
from monitor.fleet.stored import SECTIONS, Section
from monitor.models import User


class Action(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    RETIRED = "retired"
    """Not in the file: an account, store or subscription made inactive, an integration paused."""


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one row. ``before`` and ``after`` hold the changed keys, secrets in clear."""

    section: Section
    action: Action
    key: str
    row: Any
    """The stored row; None when it is to be created."""
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    def shown(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """``before`` and ``after`` as they may be shown and kept: of credentials only that they changed."""
        before, after = dict(self.before), dict(self.after)
        if "credentials" in after:
            before["credentials"] = "set" if before.get("credentials") else "not set"
            after["credentials"] = "changed" if self.before.get("credentials") else "set"
        return before, after

    def to_json(self) -> dict[str, Any]:
        before, after = self.shown()
        return {
            "kind": self.section.word,
            "name": self.key,
            "action": self.action.value,
            "before": before if self.row is not None else {},
            "after": after,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    changes: tuple[Change, ...]
    unchanged: int
    """Entries of the file that are stored just so."""
    unmentioned: tuple[str, ...]
    """What is stored, in service, and not in the file; empty when pruning."""
    problems: tuple[Problem, ...]


def compare(fleet: Fleet, *, prune: bool) -> Comparison:
    """The file against the database, without changing anything.

    With ``prune``, what a section of the file does not name is retired; a section that the file
    leaves out altogether is never touched.
    """
    comparing = _Comparing(fleet, {name: section.stored() for name, section in SECTIONS.items()})
    changes = [
        change
        for name, items in fleet.sections.items()
        for change in comparing.section(SECTIONS[name], items)
    ]
    comparing.check_ids()
    missing = [change for name in fleet.sections for change in comparing.retired(SECTIONS[name])]
    return Comparison(
        changes=(*changes, *(missing if prune else ())),
        unchanged=sum(map(len, fleet.sections.values())) - len(changes) - comparing.refused,
        unmentioned=() if prune else tuple(f"{change.section.word} {change.key}" for change in missing),
        problems=tuple(comparing.problems),
    )


_REFERENCES: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "stores": (("edge", "accounts", "account"),),
    "integrations": (("account", "accounts", "account"), ("store", "stores", "store")),
    "subscriptions": (("stores", "stores", "store"),),
}
"""By section: keys that name entries of another section, and what such an entry is called."""


class _Comparing:
    def __init__(self, fleet: Fleet, stored: Mapping[str, dict[str, Any]]) -> None:
        self.fleet = fleet
        self.stored = stored
        self.named = {name: {item.key for item in items} for name, items in fleet.sections.items()}
        self.people = set(User.objects.values_list("username", flat=True))
        self.problems: list[Problem] = []
        self.refused = 0

    def section(self, section: Section, items: Iterable[Item]) -> Iterator[Change]:
        for item in items:
            row = self.stored[section.name].get(item.key)
            mistakes = len(self.problems)
            wanted = self.wanted(item, section, row)
            self.check_fixed(item, section, row)
            self.check_references(item, section)
            if isinstance(item.entry, SubscriptionEntry):
                self.check_person(item, item.entry)
                self.check_quiet_hours(item, section, row, wanted)
            if len(self.problems) > mistakes:
                self.refused += 1
                continue
            if row is None:
                yield Change(section, Action.CREATED, item.key, None, {}, wanted)
                continue
            before = {
                key: section.value(row, key) for key in wanted if section.value(row, key) != wanted[key]
            }
            if before:
                yield Change(
                    section, Action.UPDATED, item.key, row, before, {key: wanted[key] for key in before}
                )

    def retired(self, section: Section) -> Iterator[Change]:
        key, value = section.retired
        for name, row in self.stored[section.name].items():
            if name not in self.named[section.name] and section.value(row, key) != value:
                yield Change(section, Action.RETIRED, name, row, {key: not value}, {key: value})

    def wanted(self, item: Item, section: Section, row: Any) -> dict[str, Any]:
        """The values the entry gives. What it does not mention stays, or has the default when it is new."""
        mentioned = item.entry.model_fields_set
        wanted = {key: getattr(item.entry, key) for key in section.fields if key in mentioned or row is None}
        if "credentials" in wanted:
            try:
                wanted["credentials"] = filled(wanted["credentials"], row.credentials if row else {})
            except CannotRead as error:
                self.complain(item, "credentials", str(error))
        return wanted

    def complain(self, item: Item, key: str, message: str) -> None:
        self.problems.append(self.fleet.source.problem((*item.path, key), message))

    def check_fixed(self, item: Item, section: Section, row: Any) -> None:
        for key in section.fixed:
            if row is not None and section.value(row, key) != getattr(item.entry, key):
                message = _('is "%(value)s" for the stored %(word)s; give the new one a name of its own.')
                self.complain(item, key, message % {"value": section.value(row, key), "word": section.word})

    def check_references(self, item: Item, section: Section) -> None:
        for key, target, word in _REFERENCES.get(section.name, ()):
            value = getattr(item.entry, key)
            known = self.named.get(target, set()) | self.stored[target].keys()
            for name in value if key in section.several else [value]:
                if name is not None and name not in known:
                    message = _('no %(word)s is called "%(name)s", neither here nor in the database.')
                    hint = did_you_mean(name, known) or _("Add it under %(section)s:.") % {"section": target}
                    self.complain(item, key, sentences(message % {"word": word, "name": name}, hint))
                elif name is not None and target == "accounts":
                    self.check_kind(item, key, name)

    def check_kind(self, item: Item, key: str, name: str) -> None:
        """An integration needs a hub, and a zone is read by no hub."""
        entry = next((other.entry for other in self.fleet.items("accounts") if other.key == name), None)
        kind = (entry or self.stored["accounts"][name]).kind
        if key == "edge" and kind not in EDGES:
            message = _('"%(name)s" is a hub; name an account of one of these kinds: %(kinds)s.')
            self.complain(item, key, message % {"name": name, "kinds": ", ".join(sorted(EDGES))})
        elif key == "account" and kind in EDGES:
            message = _('"%(name)s" is no hub; name it as edge: of the store instead.')
            self.complain(item, key, message % {"name": name})

    def check_person(self, item: Item, entry: SubscriptionEntry) -> None:
        if entry.person is not None and entry.person not in self.people:
            message = _('nobody has the user name "%(name)s". Invite the person first.')
            self.complain(item, "person", message % {"name": entry.person})

    def check_quiet_hours(self, item: Item, section: Section, row: Any, wanted: Mapping[str, Any]) -> None:
        """With what is stored where the file says nothing, both are given and differ, or neither is."""
        begin, end = (
            wanted[key] if key in wanted else section.value(row, key) for key in ("quiet_from", "quiet_until")
        )
        if (begin is None) != (end is None) or (begin is not None and begin == end):
            key = "quiet_until" if "quiet_until" in item.entry.model_fields_set else "quiet_from"
            self.complain(item, key, _("quiet hours need a beginning and another end."))

    def check_ids(self) -> None:
        """A hub's integration is watched once: its id may not be that of another integration."""
        ids = {
            (row.account.name, row.external_id): name
            for name, row in self.stored["integrations"].items()
            if name not in self.named.get("integrations", ())
        }
        for item in self.fleet.items("integrations"):
            owner = ids.get((item.entry.account, item.entry.external_id))
            if owner is not None:
                message = _('is already watched as the integration "%(name)s"; use that name here.')
                self.complain(item, "external_id", message % {"name": owner})
