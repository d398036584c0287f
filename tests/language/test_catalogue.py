"""Whoever reads French finds every string in French."""

import gettext
import re

import pytest
from babel.messages.catalog import Message

from tests.language import catalogue
from tests.language.catalogue import texts

pytestmark = pytest.mark.unit
FIGURES = re.compile(r"%\(\w+\)[-.\d]*[a-z]|%%|\{\w+\}")


@pytest.fixture(scope="module")
def kept() -> list[Message]:
    return [message for message in catalogue.of_file() if message.id]


def test_every_string_of_the_source_is_in_the_catalogue_and_no_other(kept) -> None:
    source = {(message.id, message.context) for message in catalogue.of_source() if message.id}
    there = {(message.id, message.context) for message in kept}

    assert source - there == set(), "run `make messages` and translate these"
    assert there - source == set(), "run `make messages`: these have left the source"


def test_every_string_is_translated_in_all_its_plural_forms(kept) -> None:
    forms = catalogue.of_file().num_plurals

    assert [message.id for message in kept if message.fuzzy] == []
    assert [message.id for message in kept if not all(text.strip() for text in texts(message.string))] == []
    assert [one.id for one in kept if len(texts(one.string)) != (forms if one.pluralizable else 1)] == []


def test_every_translation_has_the_figures_of_its_string(kept) -> None:
    def differs(message: Message) -> bool:
        wanted = {figure for text in texts(message.id) for figure in FIGURES.findall(text)}
        return any(set(FIGURES.findall(text)) != wanted for text in texts(message.string))

    assert [message.id for message in kept if differs(message)] == []


def test_french_has_a_fixed_space_where_it_has_one(kept) -> None:
    wrong = re.compile(r" [:;?!»]|« | %%?(?![%(])|\w[?!»]|\w;(?!\w)|\w'\w")
    translations = [text for message in kept for text in texts(message.string)]

    assert [text for text in translations if wrong.search(text)] == []


def test_the_compiled_catalogue_says_what_the_readable_one_says(kept) -> None:
    with catalogue.COMPILED.open("rb") as file:
        compiled = gettext.GNUTranslations(file)

    def said(message: Message) -> list[str]:
        if message.pluralizable:
            return [compiled.ngettext(*message.id, n) for n in (1, 2)]
        if message.context:
            return [compiled.pgettext(message.context, message.id)]
        return [compiled.gettext(message.id)]

    assert [message.id for message in kept if said(message) != texts(message.string)] == []
    assert compiled.ngettext("%(n)d order", "%(n)d orders", 0) == "%(n)d commande"
