"""Every page by the rules of WCAG 2.2 AA that a program can check: both themes, desk and phone."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.accessibility.conftest import Walk

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

EVERYTHING = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""All that a theme can break, for it changes no size and hides nothing."""
NARROW = {
    "type": "rule",
    "values": [
        *COLOURS["values"],
        "target-size",
        "scrollable-region-focusable",
        "aria-hidden-focus",
        "button-name",
        "label",
        "link-name",
        "nested-interactive",
        "select-name",
        "summary-name",
    ],
}
"""All that a width can break: what is small or scrolls there, and the names of what is shown only there."""
LOOKS = [("light", 1440, EVERYTHING), ("dark", 1440, COLOURS), ("dark", 390, NARROW), ("light", 390, COLOURS)]
RUN = """([rules, left_out]) => axe.run(
  {exclude: left_out.map((one) => [one])}, {runOnly: rules, resultTypes: ["violations"], preload: false}
).then((all) => all.violations)"""
FRAME = [".top", ".bottom"]
"""What the pages have in common is looked at on the first of them."""


def test_no_page_breaks_a_rule(walk: Walk) -> None:
    broken = []
    left_out = ["option"]
    window = {"width": 1440, "height": 900}
    for page, address in walk(viewport=window, color_scheme="light", reduced_motion="reduce"):
        page.evaluate(Axe().axe_script)
        for scheme, width, rules in LOOKS:
            page.emulate_media(color_scheme=scheme)
            if page.viewport_size["width"] != width:
                page.set_viewport_size({"width": width, "height": 900})
            faults = complaints(page.evaluate(RUN, [rules, left_out]))
            broken += [f"{address} {scheme} {width}: {fault}" for fault in faults]
        page.set_viewport_size(window)
        left_out = ["option", *FRAME]
    assert not broken, "\n".join(broken)


def complaints(found: list[dict]) -> Iterator[str]:
    """What is wrong on a page, a line for each rule and place."""
    for rule in found:
        for node in rule["nodes"]:
            place = " ".join(str(part) for part in node["target"])
            why = "; ".join(each["message"] for each in [*node["any"], *node["all"], *node["none"]])
            yield f"{rule['id']} at {place}: {why}"
