"""The French catalogue: brought up to date with the source and compiled, by ``make messages``."""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.language.extraction import ROOT, spoken

FOLDER = ROOT / "monitor" / "locale" / "fr" / "LC_MESSAGES"
SOURCE, COMPILED = FOLDER / "django.po", FOLDER / "django.mo"


def of_source() -> Catalog:
    """The strings of the source, untranslated."""
    found = Catalog(project="Syncwatch", charset="utf-8")
    for one in spoken():
        key = (one.singular, one.plural) if one.plural else one.singular
        found.add(key, locations=[(one.place, 1)], context=one.context)
    return found


def of_file(path: Path = SOURCE) -> Catalog:
    """The catalogue as it is kept."""
    with path.open("rb") as file:
        return read_po(file, locale="fr")


def bring_up_to_date() -> list[str]:
    """Writes both files; answers the strings that still need a translation.

    A translation whose string has left the source is dropped: history keeps it.
    """
    catalogue = of_file()
    catalogue.update(of_source(), no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    with SOURCE.open("wb") as file:
        write_po(file, catalogue, width=100, sort_output=True, include_lineno=False)
    with COMPILED.open("wb") as file:
        write_mo(file, catalogue)
    return [str(message.id) for message in catalogue if message.id and not all(texts(message.string))]


def texts(string: str | tuple[str, ...] | list[str] | None) -> list[str]:
    """A string, or the forms of a plural, as a list."""
    return [string or ""] if string is None or isinstance(string, str) else list(string)


if __name__ == "__main__":
    missing = bring_up_to_date()
    for text in missing:
        print(f"not translated: {text}", file=sys.stderr)
    sys.exit(1 if missing else 0)
