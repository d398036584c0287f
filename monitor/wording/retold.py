"""Sentences that were stored in English, told again in the reader's language.

A worker does not know who will read what a remote answered, so it stores the English sentence. Each is a
template of the catalogue, filled: finding the template again gives its translation and the figures.
"""

import gettext
import re
from collections.abc import Mapping
from functools import cache, lru_cache
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
    for pattern, template in templates:
        found = pattern.fullmatch(text)
        if found:
            return _filled(template, found.groupdict(), language)
    return None


def _filled(template: str, figures: Mapping[str, str], language: str) -> str:
    """A figure may itself be a sentence of ours; a single word is a name."""

    def words(place: re.Match[str]) -> str:
        if not place[1]:
            return "%"
        figure = figures[place[1]]
        return _retold(figure, language) if " " in figure else figure

    return _FIGURE.sub(words, template)


@cache
def _catalogue(language: str) -> tuple[dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Translations of sentences without figures, and patterns of those with, the most particular first."""
    kept: Any = gettext.translation("django", settings.LOCALE_PATHS[0], [language], fallback=True)
    pairs = {
        source: translation
        for source, translation in getattr(kept, "_catalog", {}).items()
        # A plural is kept as a pair.
        if isinstance(source, str) and _is_sentence(source) and translation
    }
    whole = {source: translation for source, translation in pairs.items() if not _FIGURE.search(source)}
    filled = [source for source in pairs if source not in whole and _own_letters(source) >= FEWEST_LETTERS]
    filled.sort(key=_own_letters, reverse=True)
    return whole, [(_pattern(source), pairs[source]) for source in filled]


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
