"""A browser that looks, and the fleet that is looked at."""

from tests.dashboard.conftest import browser, today, visit
from tests.people.conftest import admin, fleet, operator, viewer
from tests.people.test_urls_by_group import rows

__all__ = ["admin", "browser", "fleet", "operator", "rows", "today", "viewer", "visit"]
