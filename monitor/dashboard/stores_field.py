"""Several stores as people write them: by name, a line each, however many there are to choose from.

Works without JavaScript. With it a field above proposes names while one types; see ``monitor/stores.js``.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.models import Store

PROPOSED: Final = 20
"""So many names are proposed at once."""


class StoresField(forms.CharField):
    """Set ``queryset`` to the stores that may be named. Its value is a list of them."""

    queryset: QuerySet[Store]

    def __init__(self, **kwargs: Any) -> None:
        attrs = {
            "rows": 4,
            "spellcheck": "false",
            "data-stores": reverse_lazy("notices-stores"),
            "data-stores-label": gettext_lazy("Find a store to add"),
        }
        super().__init__(widget=forms.Textarea(attrs), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        """What was typed stays; stored stores become lines."""
        if isinstance(value, str) or value is None:
            return value
        stored = self.queryset.filter(pk__in=[store.pk for store in value])
        return "\n".join(sorted(unmistakable(stored, self.queryset), key=str.lower))

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value))
        return find_stores(text, self.queryset) if text else []

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial) or "", data)


def find_stores(text: str, stores: QuerySet[Store]) -> list[Store]:
    """The stores that a text names: one on each line, or separated by commas.

    Raises ValidationError with a sentence for each name that is unknown or that several stores have.
    """
    by_name = _by_name(stores)
    found: dict[int, Store] = {}
    mistakes = []
    for name in _names(text, by_name):
        meant = _meant(name, by_name)
        if len(meant) == 1:
            found[meant[0].pk] = meant[0]
        elif meant:
            mistakes.append(_several(name, meant))
        else:
            mistakes.append(_unknown(name, by_name))
    if mistakes:
        raise ValidationError(mistakes)
    return list(found.values())


def proposals(text: str, stores: QuerySet[Store]) -> list[str]:
    """Names of stores that contain a text, the first few by name."""
    fits = Q(title__icontains=text) | Q(name__icontains=text)
    return unmistakable(stores.filter(fits).order_by("title", "name")[:PROPOSED], stores)


def unmistakable(chosen: Iterable[Store], stores: QuerySet[Store]) -> list[str]:
    """The chosen stores by their titles; by their short names where :func:`find_stores` would take the title
    for another store, or for several."""
    by_name = _by_name(stores)
    said = []
    for store in chosen:
        read = [_meant(name, by_name) for name in _names(str(store), by_name)]
        said.append(str(store) if read == [[store]] else store.name)
    return said


def _by_name(stores: Iterable[Store]) -> dict[str, list[Store]]:
    """The stores by what they may be called, in small letters."""
    by_name: dict[str, list[Store]] = defaultdict(list)
    for store in stores:
        for word in {store.title.casefold(), store.name.casefold()} - {""}:
            by_name[word].append(store)
    return by_name


def _meant(name: str, by_name: Mapping[str, list[Store]]) -> list[Store]:
    """Whom a name may mean. What stands for one store in addresses and commands is never in doubt."""
    meant = by_name.get(name.casefold(), [])
    return [store for store in meant if store.name.casefold() == name.casefold()] or meant


def _names(text: str, known: Collection[str]) -> Iterable[str]:
    for line in filter(None, map(str.strip, text.splitlines())):
        # A shop may be called "Smith, Sons".
        names = [line] if line.casefold() in known else re.split("[,;]", line)
        yield from filter(None, map(str.strip, names))


def _several(name: str, meant: list[Store]) -> str:
    names = ", ".join(sorted(store.name for store in meant))
    return _("Several stores are called “%(name)s”. Write the short name of the one you mean: %(names)s.") % {
        "name": name,
        "names": names,
    }


def _unknown(name: str, by_name: dict[str, list[Store]]) -> str:
    if close := get_close_matches(name.casefold(), by_name, n=1, cutoff=0.5):
        return _("No store is called “%(name)s”. Did you mean “%(nearest)s”?") % {
            "name": name,
            "nearest": by_name[close[0]][0],
        }
    return _("No store is called “%(name)s”. Look for its name on the connect page.") % {"name": name}
