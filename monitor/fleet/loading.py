"""Reading a fleet file: every mistake that can be seen without the database, all at once."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from django.utils.translation import gettext as _
from pydantic import BaseModel, ValidationError

from integrations.registry import adapter_class
from monitor.fleet.document import (
    AccountEntry,
    Entry,
    IntegrationEntry,
    StoreEntry,
    SubscriptionEntry,
)
from monitor.fleet.finding import Findings
from monitor.fleet.problems import BadFleet, Path, Problem, did_you_mean, from_pydantic, sentences
from monitor.fleet.secrets import (
    CannotRead,
    Unread,
    dereference,
    has_unread,
    is_reference,
    map_leaves,
    secret_fields,
)
from monitor.fleet.source import Source

Finder = Callable[[list[Any]], Findings]
"""From the entries of stores to what they leave out."""

ENTRIES: Mapping[str, type[Entry]] = {
    "accounts": AccountEntry,
    "stores": StoreEntry,
    "integrations": IntegrationEntry,
    "subscriptions": SubscriptionEntry,
}
"""The sections of a file, in the order in which they depend on each other."""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry and where it stands."""

    path: Path
    entry: Any
    key: str
    """What identifies the entry among those of its section: its name, or its e-mail address folded."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """A file without mistakes of its own. Sections that it leaves out are not in ``sections``."""

    source: Source
    sections: Mapping[str, tuple[Item, ...]]
    warnings: tuple[Problem, ...]

    def items(self, section: str) -> tuple[Item, ...]:
        return self.sections.get(section, ())


def load(file: str, *, keep_unread: bool = False, find: Finder | None = None) -> Fleet:
    """The fleet described by a file (``-``: standard input).

    With ``keep_unread``, references that cannot be read here stand as Unread and are warned about;
    otherwise they are mistakes like others. ``find`` fills in what stores leave out.

    Raises BadFleet with every mistake found.
    """
    try:
        text = sys.stdin.read() if file == "-" else FilePath(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else _("it is not UTF-8 text")
        message = _("cannot be read: %(reason)s.") % {"reason": reason}
        raise BadFleet([Problem(file, 0, 0, "", message)]) from error
    folder = FilePath() if file == "-" else FilePath(file).parent
    return _Loading(Source(text, "<stdin>" if file == "-" else file), folder, keep_unread).run(find)


class _Loading:
    def __init__(self, source: Source, folder: FilePath, keep_unread: bool) -> None:
        self.source = source
        self.folder = folder
        self.keep_unread = keep_unread
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.not_found: set[Path] = set()
        """Stores of no known platform, by the path of their address."""

    def run(self, find: Finder | None) -> Fleet:
        document = self.source.data
        if not isinstance(document, dict):
            self.complain((), _("must hold accounts:, stores:, integrations: or subscriptions: at its top."))
            raise BadFleet(self.problems)
        for key in document:
            if key not in ENTRIES:
                self.complain((key,), sentences(_("is not a known section."), did_you_mean(key, ENTRIES)))
        if find is not None and isinstance(document.get("stores"), list):
            document = {**document, "stores": self.filled_in(document["stores"], find)}
        sections = {
            section: tuple(self.section(section, document[section]))
            for section in ENTRIES
            if document.get(section) is not None
        }
        self.check_duplicates(sections)
        if self.problems:
            raise BadFleet(self.problems)
        return Fleet(self.source, sections, tuple(self.warnings))

    def filled_in(self, stores: list[Any], find: Finder) -> list[Any]:
        found = find(stores)
        for path, message in found.problems:
            self.complain(path, message)
        self.warnings += [self.source.problem(path, message) for path, message in found.warnings]
        # One complaint is enough: without its platform the rest of an entry cannot be checked.
        self.not_found = {path for path, _message in found.problems if path[1] not in found.entries}
        return [found.entries.get(index, entry) for index, entry in enumerate(stores)]

    def complain(self, path: Path, message: str) -> None:
        self.problems.append(self.source.problem(path, message))

    def section(self, section: str, values: Any) -> Iterator[Item]:
        if not isinstance(values, list):
            self.complain((section,), _("must be a list; start each entry with a dash."))
            return
        model = ENTRIES[section]
        for index, value in enumerate(values):
            path: Path = (section, index)
            if (*path, "url") in self.not_found:
                continue
            if not isinstance(value, dict):
                self.complain(path, _("must be a block of keys and values."))
                continue
            mistakes = len(self.problems)
            if (entry := self.validated(model, self.with_secrets(value, path), path)) is not None:
                self.check_adapter(path, entry, secrets_read=len(self.problems) == mistakes)
                key = entry.email.casefold() if isinstance(entry, SubscriptionEntry) else entry.name
                yield Item(path, entry, key)

    def validated(self, model: type[BaseModel], value: Any, path: Path) -> Any:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            for place, sentence in from_pydantic(error, model.model_fields):
                self.complain((*path, *place), sentence)
            return None

    def with_secrets(self, value: dict[str, Any], path: Path) -> dict[str, Any]:
        if "credentials" not in value:
            return value
        return {**value, "credentials": self.read_secrets((*path, "credentials"), value["credentials"])}

    def read_secrets(self, path: Path, tree: Any) -> Any:
        def read(place: Path, value: Any) -> Any:
            if not is_reference(value):
                # Numbers read the same written back (see Source), and a credential is text.
                return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
            try:
                return dereference(value, self.folder)
            except CannotRead as error:
                if self.keep_unread:
                    message = sentences(str(error), _("What is stored counts as unchanged."))
                    self.warnings.append(self.source.problem((*path, *place), message))
                else:
                    self.complain((*path, *place), str(error))
                return Unread(value)

        return map_leaves(tree, read)

    def check_adapter(self, path: Path, entry: Any, *, secrets_read: bool) -> None:
        """The adapter of the kind knows which credentials and settings make sense."""
        if not isinstance(entry, AccountEntry | StoreEntry):
            return
        adapter = adapter_class(entry.kind if isinstance(entry, AccountEntry) else entry.platform)
        if "settings" in entry.model_fields_set:
            self.check_model((*path, "settings"), adapter.Settings, entry.settings)
        if "credentials" not in entry.model_fields_set:
            return
        self.warn_of_plain_secrets((*path, "credentials"), adapter.Credentials)
        if secrets_read and not has_unread(entry.credentials):
            self.check_model((*path, "credentials"), adapter.Credentials, entry.credentials)

    def check_model(self, path: Path, model: type[BaseModel], values: Mapping[str, Any]) -> None:
        self.validated(model, values, path)
        if model.model_config.get("extra", "ignore") != "ignore":
            return
        known = {name for field, info in model.model_fields.items() for name in (field, info.alias) if name}
        for key in values.keys() - known:
            self.complain((*path, key), sentences(_("is not a known key."), did_you_mean(key, known)))

    def warn_of_plain_secrets(self, path: Path, model: type[BaseModel]) -> None:
        written: Any = self.source.data
        for part in path:
            written = written[part]
        for field in sorted(secret_fields(model) & written.keys()):
            if isinstance(written[field], str | int | float) and not is_reference(written[field]):
                message = _("is a secret in plain text; write env:NAME or file:PATH instead.")
                self.warnings.append(self.source.problem((*path, field), message))

    def check_duplicates(self, sections: Mapping[str, tuple[Item, ...]]) -> None:
        for items in sections.values():
            self.check_once(items, [item.key for item in items])
        connections = sections.get("integrations", ())
        self.check_once(
            connections, [f"{item.entry.account} {item.entry.external_id}" for item in connections]
        )

    def check_once(self, items: tuple[Item, ...], keys: list[str]) -> None:
        first: dict[str, Item] = {}
        for item, key in zip(items, keys, strict=True):
            if (other := first.setdefault(key, item)) is not item:
                line = self.source.problem(other.path, "").line
                message = _('"%(key)s" stands here twice, first on line %(line)d; keep one.')
                self.complain(item.path, message % {"key": key, "line": line})
