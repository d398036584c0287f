"""Every page where JavaScript is off: it can be read, everything on it does something, nothing is awaited."""

from pathlib import Path

import pytest

from tests.accessibility.conftest import Walk

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

LOOKING = (Path(__file__).parent / "looking.js").read_text()


def test_every_page_is_whole_without_scripts(walk: Walk) -> None:
    wrong = []
    for page, address in walk(java_script_enabled=False):
        page.evaluate(LOOKING)
        wrong += [f"{address}: {fault}" for fault in page.evaluate("looking.helpless()")]
    assert not wrong, "\n".join(wrong)
