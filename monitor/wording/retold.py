"""Sentences that were stored in English, told again in the reader's language.

A worker does not know who will read what a remote answered, so it stores the English sentence. Each is a
template of the catalogue, filled: finding the template again gives its translation and the figures.
"""

import gettext
import re
import struct
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import get_language, override

STORED_IN = "en"
FEWEST_LETTERS = 12
"""A template of fewer own letters fits almost any sentence."""
_FIGURE = re.compile(r"%(?:\((\w+)\)[-.\d]*[a-z]|%)")
_NEXT_SENTENCE = re.compile(r"(?<=[.!?]) (?=[A-Z])")


def as_stored() -> override:
    """A context in which sentences are made as they are stored."""
    return override(STORED_IN)


def retold(text: str) -> str:
    """A stored sentence, or several, in the active language; what no template fits stays as it is."""
    language = get_language()
    if not text or language is None or language.startswith(STORED_IN):
        return text
    return _retold(text, language)


@lru_cache(maxsize=2_048)
def _retold(text: str, language: str) -> str:
    known = _translated(text, language)
    if known is not None:
        return known
    sentences = _NEXT_SENTENCE.split(text)
    return " ".join(_translated(sentence, language) or sentence for sentence in sentences)


def _translated(text: str, language: str) -> str | None:
    whole, templates = _catalogue(language)
    if text in whole:
        return whole[text]
    for pattern, choose in templates:
        found = pattern.fullmatch(text)
        if found:
            return _filled(choose(found.groupdict()), found.groupdict(), language)
    return None


def _filled(template: str, figures: Mapping[str, str], language: str) -> str:
    """A figure may itself be a sentence of ours; a single word is a name."""

    def words(place: re.Match[str]) -> str:
        if not place[1]:
            return "%"
        figure = figures[place[1]]
        return _retold(figure, language) if " " in figure else figure

    return _FIGURE.sub(words, template)


Choose = Callable[[Mapping[str, str]], str]
"""The translated template for the figures of a sentence; only where there are plurals do they matter."""


@cache
def _catalogue(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], Choose]]]:
    """Translations of sentences without figures, and patterns of those with, the most particular first."""
    path = gettext.find("django", str(settings.LOCALE_PATHS[0]), [language])
    if path is None:
        return {}, []
    with Path(path).open("rb") as file:
        kept = _Catalogue(file)
    pairs: dict[str, Choose] = {}
    whole: dict[str, str] = {}
    for (source, *plural), translations in kept.messages:
        if not _is_sentence(source) or not all(translations):
            continue
        if not plural and not _FIGURE.search(source):
            whole[source] = translations[0]
            continue
        for template in (source, *plural):
            if _own_letters(template) >= FEWEST_LETTERS:
                pairs[template] = partial(_chosen, translations, kept.plural)
    by_letters = sorted(pairs, key=_own_letters, reverse=True)
    return whole, [(_pattern(template), pairs[template]) for template in by_letters]


def _chosen(translations: list[str], form_of: Callable[[int], int], figures: Mapping[str, str]) -> str:
    count = next((int(figure) for figure in figures.values() if figure.isdecimal()), 1)
    return translations[form_of(count)] if len(translations) > 1 else translations[0]


class _Catalogue(gettext.GNUTranslations):
    """A compiled catalogue that also keeps the source's own plurals, which gettext throws away.

    The format is that of the GNU gettext manual, section "The Format of GNU MO Files".
    """

    messages: list[tuple[list[str], list[str]]]
    """(source and its plural if it has one, the translation in each form)"""
    plural: Callable[[int], int]

    def _parse(self, fp: Any) -> None:
        super()._parse(fp)
        fp.seek(0)
        content = fp.read()
        order = "<" if content[:4] == b"\xde\x12\x04\x95" else ">"
        count, sources, translations = struct.unpack_from(f"{order}3I", content, 8)

        def texts(table: int, place: int) -> list[str]:
            length, start = struct.unpack_from(f"{order}2I", content, table + 8 * place)
            text: str = content[start : start + length].decode()
            return text.split("\0")

        self.messages = [(texts(sources, n), texts(translations, n)) for n in range(count)]


def _is_sentence(source: str) -> bool:
    """Neither a single word nor a string with a context, which has a separator in it."""
    return (" " in source or source.endswith(".")) and "\x04" not in source


def _own_letters(template: str) -> int:
    return sum(map(str.isalpha, _FIGURE.sub("", template)))


def _pattern(template: str) -> re.Pattern[str]:
    parts: list[str] = []
    end = 0
    for figure in _FIGURE.finditer(template):
        parts.append(re.escape(template[end : figure.start()]))
        name = figure[1]
        if not name:
            parts.append("%")
        else:
            parts.append(f"(?P={name})" if f"(?P<{name}>" in "".join(parts) else f"(?P<{name}>.+?)")
        end = figure.end()
    return re.compile("".join(parts) + re.escape(template[end:]), re.DOTALL)
