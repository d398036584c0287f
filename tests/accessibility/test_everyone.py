"""Every page for who enlarges it, wants nothing to move, has strong colours of their own, or keys only."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.accessibility.conftest import Walk

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

LOOKING = (Path(__file__).parent / "looking.js").read_text()
NARROW = {"width": 320, "height": 640}
"""As WCAG 1.4.10 asks: 1280 px at 400 %."""
ENLARGED = {"width": 640, "height": 360}
"""A window of 1280 × 720 px at 200 %."""


def test_every_page_is_right_for_everyone(walk: Walk) -> None:
    wrong = []
    for page, address in walk(viewport=NARROW, reduced_motion="reduce", forced_colors="active"):
        page.evaluate(LOOKING)
        page.evaluate("looking.unfold()")
        page.evaluate("looking.drawn()")
        faults = page.evaluate("[...looking.moving(), ...looking.alike()]")
        faults += [f"at 320 px {fault}" for fault in page.evaluate("looking.cut()")]
        page.set_viewport_size(ENLARGED)
        faults += by_keys(page)
        faults += [f"at 640 px {fault}" for fault in page.evaluate("looking.cut()")]
        wrong += [f"{address}: {fault}" for fault in faults]
    assert not wrong, "\n".join(wrong)


def by_keys(page: Page) -> list[str]:
    """Goes through a page by the Tab key, and back where something sticks to the window."""
    page.evaluate("looking.beginKeys()")
    for _ in range(4):
        # A date has a stop for each of its parts, so some need more than one round.
        for _ in range(page.evaluate("looking.missed()")):
            page.keyboard.press("Tab")
    for _ in range(page.evaluate("looking.mustGoBack() ? looking.stops() : 0")):
        page.keyboard.press("Shift+Tab")
    return list(page.evaluate("looking.endKeys()"))
