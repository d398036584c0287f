"""Every page by the rules of WCAG 2.2 AA that a program can check: both themes, desk and phone."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import APIResponse, Page

from tests.dashboard import factories as make
from tests.people.conftest import Fleet, person
from tests.people.test_urls_by_group import ADMIN, DECLARED, address_of

pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
LOOKS = [("light", 1440), ("dark", 390)]
OURS = (
    "admin:index",
    "admin:login",
    "admin:integrations_integration_changelist",
    "admin:monitor_user_change",
)
"""Of the administration, whose pages are all made alike."""
NOT_OURS = ("docs", "docs-page")
"""Made by the theme of the documentation."""


@pytest.fixture
def addresses(fleet: Fleet, rows: None, today: datetime) -> list[str]:
    """Every address that an administrator may ask for."""
    person("ada")
    ill = make.watched("Boutique Nice", today, "blocked_user_agent", since=timedelta(hours=1), waiting=31)
    make.call(ill, today)
    make.hub_failure(ill, today)
    make.latency(ill, today.replace(minute=0, second=0, microsecond=0), [60, 120, 700])
    incident = make.incident_of(ill, today)
    found = {f"/integrations/{ill.name}/", f"/incidents/{incident.pk}/"}
    for name, page in DECLARED.items():
        is_seen = page.opens_for <= ADMIN and page.post is None and name not in NOT_OURS
        if is_seen and (name in OURS or not name.startswith("admin:")):
            found.add(address_of(name, page, fleet))
    return sorted(found)


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_no_page_breaks_a_rule(
    addresses: list[str], visit: Callable[..., Page], scheme: str, width: int
) -> None:
    page = visit("/", "admin", viewport={"width": width, "height": 900}, color_scheme=scheme)
    root = page.url.rstrip("/")
    pages = [address for address in addresses if is_page(page.request.get(root + address))]
    broken = [line for address in pages for line in complaints(page, root + address)]
    assert not broken, "\n".join(broken)
    assert len(pages) > 25


def is_page(answer: APIResponse) -> bool:
    """Rather than a file, a refusal, or a part that a page asks for."""
    return answer.status == 200 and answer.text().lstrip()[:9].lower() == "<!doctype"


def complaints(page: Page, address: str) -> Iterator[str]:
    """What is wrong at an address, a line for each rule and place."""
    page.goto(address)
    for rule in Axe().run(page, options=RULES).response["violations"]:
        for node in rule["nodes"]:
            place = " ".join(str(part) for part in node["target"])
            why = "; ".join(each["message"] for each in [*node["any"], *node["all"], *node["none"]])
            yield f"{address}: {rule['id']} at {place}: {why}"
