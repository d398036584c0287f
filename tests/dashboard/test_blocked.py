"""One page shows all stores that shut their hubs out by the same thing."""

import re
from datetime import timedelta

import pytest

from integrations.models import Integration, Store
from tests.dashboard import factories as make
from tests.dashboard.conftest import text_of
from tests.dashboard.examined import FAULTS, examined

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def stores(seen, now, name: str, count: int, since=timedelta(hours=1), **changes) -> list[Integration]:
    rows = []
    for number in range(count):
        one = make.watched(f"{name} {number}", now, platform=FAULTS[name][0])
        examined(one, seen[name], now, since=now - since - timedelta(minutes=number), **changes)
        rows.append(one)
    return rows


def headings(page: str) -> list[str]:
    return [re.sub("<[^>]*>", "", heading).strip() for heading in re.findall(r"<h2.*?</h2>", page)]


def test_stores_that_suffer_from_the_same_stand_together(viewer, now, seen) -> None:
    same = stores(seen, now, "no_put", 3)
    stores(seen, now, "no_hub", 2)
    stores(seen, now, "healthy", 2)
    page = text_of(viewer, "/blocked/")
    assert "5 of 7 examined stores have something in their hubs' way" in page.replace("&#x27;", "'")
    first, second = headings(page)
    assert first.startswith("3 stores · nginx")
    assert "PUT" in first
    assert second.startswith("2 stores · nginx")
    for one in same:
        assert f'<a href="/integrations/{one.name}/#access">{one}</a>' in page
    assert ">12:40</time> (1 h 2 min)" in page


def test_what_only_one_suffers_from_is_told_in_a_sentence(viewer, now, seen) -> None:
    stores(seen, now, "challenged", 1)
    page = text_of(viewer, "/blocked/")
    assert headings(page) == ["No two for the same reason"]
    assert "Cloudflare" in page
    assert "Sendcloud" in page


def test_what_fails_comes_before_what_is_only_at_risk(viewer, now, seen) -> None:
    stores(seen, now, "no_put", 3, severity="warn")
    stores(seen, now, "no_hub", 2)
    assert [heading[:8] for heading in headings(text_of(viewer, "/blocked/"))] == ["2 stores", "3 stores"]


def test_a_healthy_fleet_is_one_line(viewer, now, seen) -> None:
    stores(seen, now, "healthy", 2)
    page = text_of(viewer, "/blocked/")
    assert "2 stores are examined, and all of them let their hubs pass." in page
    assert headings(page) == []


def test_a_fleet_that_was_never_examined_is_not_called_healthy(viewer, now) -> None:
    make.watched("New", now)
    page = text_of(viewer, "/blocked/")
    assert "No store has been examined yet" in page
    assert "all of them" not in page


def test_what_nobody_watches_any_more_is_no_news(viewer, now, seen) -> None:
    paused, inactive = stores(seen, now, "no_put", 2)
    Integration.objects.filter(pk=paused.pk).update(is_paused=True)
    Store.objects.filter(pk=inactive.store_id).update(is_active=False)
    assert "No store has been examined yet" in text_of(viewer, "/blocked/")


def test_a_large_group_is_shown_whole_when_asked_for(viewer, now, seen) -> None:
    stores(seen, now, "no_put", 15)
    stores(seen, now, "no_hub", 2)
    page = text_of(viewer, "/blocked/")
    link = re.search(r'href="/blocked/(\?alike=[^"]*)">and 3 more', page)[1]
    whole = text_of(viewer, f"/blocked/{link}")
    assert len(re.findall(r"#access", whole)) == 15
    assert "more</a>" not in whole
    assert headings(whole)[0].startswith("15 stores")


@pytest.mark.parametrize("alike", ["nginx|gone", "<script>alert(1)</script>", "a" * 5000])
def test_a_wild_address_is_harmless(viewer, now, seen, alike) -> None:
    stores(seen, now, "no_put", 1)
    assert "<script>alert" not in text_of(viewer, f"/blocked/?alike={alike}")


@pytest.mark.parametrize("many", [2, 30])
def test_its_queries_do_not_grow_with_the_fleet(
    viewer, now, seen, django_assert_max_num_queries, many
) -> None:
    stores(seen, now, "no_put", many)
    stores(seen, now, "challenged", many)
    with django_assert_max_num_queries(8):
        text_of(viewer, "/blocked/")


def test_the_overview_names_what_most_stores_suffer_from(viewer, now, seen) -> None:
    stores(seen, now, "no_put", 1)
    assert "/blocked/" not in text_of(viewer)
    stores(seen, now, "no_hub", 2)
    page = text_of(viewer)
    assert '<a href="/blocked/">2 stores suffer from the same: nginx' in page
