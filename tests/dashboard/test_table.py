"""The table of integrations answers what one asks of it: filters, order, pages, kept views."""

from datetime import timedelta

import pytest

from integrations.models import Store
from monitor.models import Audit, Condition, SavedView
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in, text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


def order_of(page: str, *names: str) -> list[str]:
    """These names in the order in which the page has them."""
    return sorted((name for name in names if f"{name} →" in page), key=lambda name: page.index(f"{name} →"))


def tagged(title: str, now, *tags: str, **options):
    one = make.watched(title, now, **options)
    Store.objects.filter(pk=one.store_id).update(tags=list(tags))
    return one


@pytest.fixture
def fleet(now) -> None:
    nord = make.AccountFactory(name="nord", title="Sendcloud Nord")
    tagged("Lyon", now, "fragile", rule="stalled", waiting=9, since=60 * MINUTE)
    tagged("Oslo", now, "fragile", "north", rule="throttled", waiting=2, since=300 * MINUTE, account=nord)
    tagged("Kyoto", now, platform="shopify", since=5 * MINUTE)


NAMES = ("Lyon", "Oslo", "Kyoto")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("platform=shopify", {"Kyoto"}),
        ("hub=nord", {"Oslo"}),
        ("tag=fragile", {"Lyon", "Oslo"}),
        ("tag=fragile&hub=nord&state=bad", {"Oslo"}),
        ("cause=throttle", {"Oslo"}),
        ("cause=imports", {"Lyon"}),
        ("cause=nonsense&state=nonsense&sort=nonsense", set(NAMES)),
        ("q=nord+fragile", {"Oslo"}),
    ],
)
def test_filters_narrow_the_table(viewer, fleet, query, found) -> None:
    assert set(order_of(text_of(viewer, f"/integrations/?{query}"), *NAMES)) == found


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("", ["Lyon", "Oslo", "Kyoto"]),
        ("name", ["Kyoto", "Lyon", "Oslo"]),
        ("-name", ["Oslo", "Lyon", "Kyoto"]),
        ("since", ["Kyoto", "Lyon", "Oslo"]),
        ("waiting", ["Lyon", "Oslo", "Kyoto"]),
        ("oldest", ["Oslo", "Lyon", "Kyoto"]),
        ("-oldest", ["Lyon", "Oslo", "Kyoto"]),
        ("throttled", ["Oslo", "Kyoto", "Lyon"]),
    ],
)
def test_columns_sort_and_what_has_no_value_stays_last(viewer, fleet, sort, order) -> None:
    page = text_of(viewer, f"/integrations/?sort={sort}")
    assert order_of(page, *NAMES) == order
    assert ("aria-sort=" in page) is bool(sort)


def test_numbers_missing_in_the_store_are_shown_and_sorted_by(viewer, fleet, now) -> None:
    for one, state, missing in (("lyon", "warn", 3), ("kyoto", "warn", 12), ("oslo", "unknown", 97)):
        integration = Store.objects.get(name=one).integrations.get()
        Condition.objects.create(
            integration=integration,
            kind="tracking",
            state=state,
            evidence={"missing_count": missing + 2, "late_tracking_count": missing},
            since=now,
        )
    page = text_of(viewer, "/integrations/?sort=missing")
    assert order_of(page, *NAMES) == ["Kyoto", "Lyon", "Oslo"]
    assert 'data-label="numbers missing">12<' in page
    assert ">97<" not in page, "not looked for is not missing"
    assert ">99<" not in page


def test_tabs_count_what_fits_the_other_filters(viewer, fleet) -> None:
    page = text_of(viewer, "/integrations/?tag=fragile&state=ok")
    assert 'href="?state=bad&amp;tag=fragile">Not well <span class="quiet">2</span>' in page
    assert 'href="?state=ok&amp;tag=fragile" aria-current="true">Healthy <span class="quiet">0</span>' in page
    assert "No integration fits" in page


def test_a_latency_line_has_gaps_where_no_order_was_and_shows_the_backlog(viewer, now) -> None:
    one = make.watched("Lyon", now, "stalled", waiting=4, since=90 * MINUTE)
    hour = now.replace(minute=0)
    for ago, seconds in ((9, 60), (8, 600), (5, 60)):
        make.latency(one, hour - timedelta(hours=ago), [seconds] * 3)
    page = text_of(viewer, "/integrations/")
    path = page.split('<svg viewBox="0 0 96 20" aria-hidden="true">')[1].split("</svg>")[0]
    assert 'class="wait"' in path
    drawn = path.split('<path d="')[1]
    assert (drawn.count("M"), drawn.count("L"), drawn.count("h")) == (2, 1, 1)
    assert "<span>1 min</span>" in page


def test_pages_keep_search_filters_and_order(viewer, now, django_assert_max_num_queries) -> None:
    for number in range(53):
        make.watched(f"Shop {number:03d}", now)
    # Session, person and rights; counts, rows, lines, choices and views: no more for any number of rows.
    with django_assert_max_num_queries(9):
        page = text_of(viewer, "/integrations/?sort=-name&platform=woocommerce")
    assert 'rel="next" href="?platform=woocommerce&amp;sort=-name&amp;page=2"' in page
    with django_assert_max_num_queries(7):
        rows = text_of(viewer, "/integrations/?part=rows&sort=-name&page=2")
    assert order_of(rows, "Shop 052", "Shop 002", "Shop 000") == ["Shop 002", "Shop 000"]


# --- kept views ------------------------------------------------------------------------------------------


def test_a_kept_view_leads_to_what_was_seen_and_only_its_owner_has_it(operator, viewer, fleet) -> None:
    answer = operator.post("/views/save/", {"name": " My  north ", "query": "tag=north&sort=-waiting&evil=1"})
    assert answer["Location"] == "/integrations/?tag=north&sort=-waiting"
    link = '<a href="?tag=north&amp;sort=-waiting"'
    assert f'{link} aria-current="true">My north</a>' in text_of(operator, answer["Location"])
    assert link not in text_of(viewer, "/integrations/")
    assert Audit.objects.get(action="view.save").after["query"] == "tag=north&sort=-waiting"


def test_a_view_of_the_same_name_is_replaced(viewer, fleet) -> None:
    for query in ("state=bad", "state=ok"):
        viewer.post("/views/save/", {"name": "mine", "query": query})
    assert list(SavedView.objects.values_list("name", "query")) == [("mine", "state=ok")]


def test_operators_share_views_and_viewers_cannot(operator, viewer, fleet) -> None:
    for client, name in ((operator, "Everybody's"), (viewer, "Forged")):
        client.post("/views/save/", {"name": name, "query": "state=bad", "is_shared": "yes"})
    assert [one.name for one in SavedView.objects.filter(is_shared=True)] == ["Everybody's"]
    assert "Everybody&#x27;s</a>" in text_of(viewer, "/integrations/")
    shared = SavedView.objects.get(name="Everybody's")
    viewer.post("/views/remove/", {"view": shared.pk})
    assert SavedView.objects.filter(pk=shared.pk).exists()
    operator.post("/views/remove/", {"view": shared.pk})
    assert not SavedView.objects.filter(pk=shared.pk).exists()


def test_nobody_removes_anothers_own_view(viewer, operator, fleet) -> None:
    viewer.post("/views/save/", {"name": "mine", "query": ""})
    assert operator.post("/views/remove/", {"view": SavedView.objects.get().pk}).status_code == 404
    assert signed_in("admin").post("/views/remove/", {"view": "9" * 40}).status_code == 404
