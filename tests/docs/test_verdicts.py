"""The page about verdicts has every rule, and says what the product says."""

import re
from typing import get_args

import pytest

from integrations.contracts import ConditionKind
from monitor.wording import PHRASES
from monitor.wording.guide import ABOUT, ACTIONS, document
from monitor.wording.phrase import Action
from tests.docs.pages import DOCS

pytestmark = pytest.mark.unit


def test_the_page_is_what_the_sentences_say_now():
    assert (DOCS / "verdicts.md").read_text() == document(), "run: manage.py verdicts > docs/verdicts.md"


def test_every_condition_and_every_rule_is_there():
    page = document()
    assert set(ABOUT) == set(ConditionKind)
    for kind, phrases in PHRASES.items():
        section = page.partition(f"## {ABOUT[kind][0]}")[2].partition("\n## ")[0]
        checks = page.partition("## What do the checks of settings say?")[2]
        missing = [rule for rule in phrases if f"`{rule}`" not in section and f"`{rule}`" not in checks]
        assert not missing, kind


def test_no_figure_is_missing_in_a_sentence_and_every_action_has_words():
    page = document()
    assert not re.findall(r"%\(|\?\?", page)
    assert set(ACTIONS) == set(get_args(Action)) - {""}


def test_every_headline_is_the_fullest_one():
    """An example that lacks a figure would show the sentence for those who know less."""
    page = document().replace("Braze", "Sendcloud")
    for phrases in PHRASES.values():
        for rule, phrase in phrases.items():
            beginning = re.split(r"%\(", phrase.headline[0].replace("%(hub)s", "Sendcloud"))[0]
            assert beginning in page, rule
