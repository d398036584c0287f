"""Figures are what Plotly accepts, and the same as the table and the CSV."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from plotly.graph_objects import Figure

from integrations.models import Store
from monitor.charts.chosen import Chosen
from monitor.charts.figure import INCIDENT, MAINTENANCE, Gap, Mark, apart, time_axis, time_ticks
from monitor.charts.hours import HOUR, hours_of, share_within
from monitor.charts.latency import hover_text, latency_figure
from monitor.charts.slowest import slowest
from monitor.health.sketch import sketch_of
from monitor.models import HubState, LatencyDay, LatencyHour, Maintenance, Role, User
from tests.dashboard import factories as make
from tests.dashboard.conftest import text_of

NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def some_hours(count: int = 24):
    start = NOW.replace(minute=0) - count * HOUR
    sketches = {start + k * HOUR: sketch_of([30.0 * (k + 1), 400, 900]) for k in range(0, count, 2)}
    return hours_of(sketches, [(NOW - timedelta(minutes=90), 4)], start=start, now=NOW)


@pytest.mark.unit
@pytest.mark.parametrize("zone", [ZoneInfo("UTC"), PARIS, ZoneInfo("Asia/Tokyo")])
def test_the_axis_shows_the_hour_of_the_readers_clock_where_it_is(zone) -> None:
    """Plotly reads no offset: what is sent with another one than the rest stands hours away."""
    start = NOW.replace(minute=0) - 6 * HOUR
    axis = time_axis(start.astimezone(zone), NOW, zone)
    sent = [*axis["range"], *axis["tickvals"]]
    assert all(text.endswith("+00:00") for text in sent)
    shown = [datetime.fromisoformat(text).astimezone(zone) for text in axis["tickvals"]]
    assert [f"{at:%H:%M}" for at in shown] == axis["ticktext"]
    assert len(shown) > 3


@pytest.mark.unit
@pytest.mark.parametrize("zone", ["Europe/Paris", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"])
@pytest.mark.parametrize("hours", [6, 30, 52, 24 * 7])
def test_what_is_named_by_a_day_is_its_midnight_on_the_readers_clock(zone, hours) -> None:
    """Also where clocks are half an hour off, and when they are changed."""
    clock = ZoneInfo(zone)
    for end in (NOW, datetime(2026, 3, 30, 5, 10, tzinfo=UTC), datetime(2026, 10, 25, 23, tzinfo=UTC)):
        ticks = time_ticks((end - hours * HOUR).astimezone(clock), end, clock)
        assert len(ticks) >= hours // 24
        for at, text in ticks:
            shown = f"{at.astimezone(UTC).astimezone(clock):%H:%M}"
            assert shown == (text if ":" in text else "00:00")


@pytest.mark.unit
@pytest.mark.parametrize("hours", [[], some_hours(24), some_hours(168), hours_of({}, [], start=NOW, now=NOW)])
def test_plotly_accepts_the_figure(hours) -> None:
    marks = [
        Mark(NOW, "refresh by Ops"),
        Mark(NOW, "incident", INCIDENT),
        Mark(NOW, "maintenance", MAINTENANCE, until=NOW + HOUR),
    ]
    figure = latency_figure(hours, zone=PARIS, marks=marks, gaps=[Gap(NOW - HOUR, NOW)])
    Figure(figure)


@pytest.mark.unit
def test_colours_are_names_of_the_style_sheet_that_exist() -> None:
    named = set(re.findall(r"var\((--[a-z0-9-]+)\)", json.dumps(latency_figure(some_hours(), zone=PARIS))))
    defined = set(re.findall(r"(--[a-z0-9-]+):", Path("monitor/static/monitor/style.css").read_text()))
    assert named
    assert named <= defined


def named(figure, name: str):
    return next(trace for trace in figure["data"] if trace.get("name") == name)


@pytest.mark.unit
def test_a_backlog_is_filled_above_the_limit_only_and_a_fleet_that_is_well_is_quiet() -> None:
    start = NOW.replace(minute=0) - 3 * HOUR
    well = hours_of({start: sketch_of([60] * 9)}, [], start=start, now=NOW)
    quiet = latency_figure(well, zone=PARIS, on_time_s=1800)
    assert set(quiet["data"][0]["y"]) == {None}
    assert named(quiet, "oldest waiting")["line"]["color"] == "var(--ink-2)"
    behind = hours_of({}, [(NOW - timedelta(minutes=90), 4)], start=start, now=NOW)
    loud = latency_figure(behind, zone=PARIS, on_time_s=1800)
    fill = loud["data"][0]
    assert fill["base"] == 1800
    assert max(y for y in fill["y"] if y) == pytest.approx(3600, abs=60)
    assert named(loud, "oldest waiting")["line"]["color"] == "var(--series-backlog)"


@pytest.mark.unit
def test_where_there_is_nothing_a_sentence_says_so_and_known_orders_lie_in_no_gap() -> None:
    start = NOW.replace(minute=0) - 2 * HOUR
    gap = Gap(start - HOUR, NOW)
    nothing = latency_figure(hours_of({}, [], start=start, now=NOW), zone=PARIS)
    assert nothing["layout"]["meta"]["empty"] == "No order was placed in this time."
    hours = hours_of({start + HOUR: sketch_of([60])}, [], start=start, now=NOW)
    layout = latency_figure(hours, zone=PARIS, gaps=[gap])["layout"]
    assert "meta" not in layout
    edges = [(start - HOUR, start + HOUR), (start + 2 * HOUR, NOW)]
    assert [(one["x0"], one["x1"]) for one in layout["shapes"]] == [
        (begin.isoformat(), end.isoformat()) for begin, end in edges
    ]


@pytest.mark.unit
def test_hours_without_orders_are_gaps_not_zeros() -> None:
    half = named(latency_figure(some_hours(), zone=PARIS), "half")
    assert half["y"][1] is None
    assert half["connectgaps"] is False


@pytest.mark.unit
def test_hover_tells_exact_figures_with_their_number_in_the_readers_zone() -> None:
    start = NOW.replace(minute=0)
    hour = hours_of({start: sketch_of([60] * 9)}, [(NOW - timedelta(minutes=30), 1)], start=start, now=NOW)[0]
    assert hover_text(hour, PARIS).split("<br>") == [
        "<b>22 Nov, 13:00–14:00</b>",
        "10 orders",
        "half within 1 min",
        "95 % within more than 30 min",
        "1 still waiting",
        "oldest waiting order: 30 min",
    ]


@pytest.fixture
def fleet(now, db):
    cloud = make.watched("Kyoto Ceramics", now, platform="shopify")
    own = make.watched("Boutique Lyon", now, "stalled", since=timedelta(minutes=100), waiting=6)
    hour = now.replace(minute=0) - 2 * HOUR
    make.latency(cloud, hour, [30, 60, 90])
    make.latency(own, hour, [600, 700, 800])
    return cloud, own


@pytest.mark.integration
def test_shopify_and_self_hosted_shops_are_compared(viewer, fleet) -> None:
    def rows(group: str) -> list[dict[str, str]]:
        answer = viewer.get(f"/charts/latency.csv?of={group}")
        return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))

    cloud, own = rows("shopify"), rows("self-hosted")
    assert len(cloud) == len(own) == 25
    assert float(cloud[-3]["p50_s"]) == pytest.approx(60, rel=0.02)
    assert float(own[-3]["p50_s"]) == pytest.approx(700, rel=0.02)
    assert sum(int(row["waiting"]) for row in cloud) == 0
    assert sum(int(row["waiting"]) for row in own) == 6
    assert float(own[-1]["oldest_waiting_s"]) == pytest.approx(6000, abs=300)


@pytest.mark.integration
@pytest.mark.parametrize(
    "address",
    ["/charts/latency", "/charts/boutique-lyon-sendcloud-eu/latency"],
)
def test_every_chart_is_also_a_table_and_a_csv(viewer, fleet, address, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(12):
        Figure(viewer.get(f"{address}.json").json())
    assert "95 % within" in text_of(viewer, f"{address}.html")
    assert "<html" in text_of(viewer, f"{address}.html")
    assert "<html" not in text_of(viewer, f"{address}.html", headers={"HX-Request": "true"})
    assert viewer.get(f"{address}.csv")["Content-Type"].startswith("text/csv")
    assert len(viewer.get(f"{address}.json?span=7d").json()["data"][0]["y"]) == 169


@pytest.mark.integration
def test_refreshes_incidents_and_unknown_times_are_marked(viewer, now, fleet) -> None:
    one = make.watched("Studio Gris", now, "hub_unreadable", since=timedelta(hours=2))
    make.refresh_of(one, now)
    make.incident_of(one, now)
    HubState.objects.all().delete()
    figure = viewer.get(f"/charts/{one.name}/latency.json").json()
    words = " ".join(text for trace in figure["data"] for text in trace.get("hovertext", []))
    assert "refresh by Ops" in words
    assert "incident: Studio Gris" in words
    assert len(figure["layout"]["shapes"]) == 1


@pytest.mark.integration
@pytest.mark.parametrize(
    "address",
    ["latency.json?of=other", "latency.exe", "tracking.exe", "slowest/?of=other", "nobody/latency.json"],
)
def test_what_does_not_exist_is_not_found(viewer, address) -> None:
    assert viewer.get(f"/charts/{address}").status_code == 404


def rows_of(client, address: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(client.get(address).getvalue().decode())))


@pytest.mark.integration
@pytest.mark.parametrize(
    ("query", "arrived"),
    [
        ("", 6),
        ("platform=shopify", 3),
        ("of=woocommerce&by=platform", 3),
        ("hub=sendcloud-eu", 6),
        ("hub=elsewhere", 0),
        ("tag=vip", 3),
        ("of=vip&by=tag&platform=woocommerce", 0),
        ("store=boutique-lyon", 3),
        ("range=30d", 6),
        ("range=30d&tag=vip", 3),
    ],
)
def test_the_fleet_is_narrowed_by_the_address(viewer, fleet, query, arrived) -> None:
    cloud, _own = fleet
    Store.objects.filter(pk=cloud.store_id).update(tags=["vip"])
    for one in fleet:
        hour = LatencyHour.objects.get(integration=one)
        values = {"n": hour.n, "buckets": hour.buckets, "counts": hour.counts}
        LatencyDay.objects.create(integration=one, day=hour.hour.date(), **values)
    rows = rows_of(viewer, f"/charts/latency.csv?{query}")
    assert sum(int(row["arrived"]) for row in rows) == arrived


@pytest.mark.integration
def test_who_sees_some_stores_only_sees_their_latency_only(fleet) -> None:
    cloud, _own = fleet
    Store.objects.filter(pk=cloud.store_id).update(tags=["vip"])
    limited = Client()
    user = User.objects.create_user("limited")
    Role.objects.create(user=user, group=Group.objects.get(name="viewer"), tags=["vip"])
    limited.force_login(user)
    assert sum(int(row["arrived"]) for row in rows_of(limited, "/charts/latency.csv")) == 3
    assert "Boutique Lyon" not in text_of(limited, "/charts/slowest/?range=24h")
    assert limited.get("/charts/boutique-lyon-sendcloud-eu/latency.csv").status_code == 404


@pytest.mark.unit
def test_on_time_counts_who_is_late_already_and_not_who_may_still_be_in_time() -> None:
    sketch = sketch_of([60, 60, 3600])
    assert share_within(sketch, [], 1800) == pytest.approx(2 / 3)
    assert share_within(sketch_of([20] * 9), [60], 1800) == 1
    assert share_within(sketch_of([20] * 9), [60, 60], 1800) is None, "too many may yet be late"
    assert share_within(sketch, [7200], 1800) == pytest.approx(2 / 4)
    assert share_within(sketch_of([]), [60], 1800) is None


@pytest.mark.integration
def test_a_click_on_a_point_leads_to_who_was_late_then(viewer, fleet) -> None:
    figure = viewer.get("/charts/latency.json?of=self-hosted").json()
    links = next(trace["customdata"] for trace in figure["data"] if trace.get("customdata"))
    page = text_of(viewer, links[-3])
    assert "Boutique Lyon" in page
    assert "Kyoto" not in page
    assert re.search(r"/integrations/boutique-lyon-sendcloud-eu/\?from=2026-11-22T0\d%3A00Z", page)


@pytest.mark.integration
def test_what_hubs_could_not_write_is_counted_by_day_and_cause(viewer, now, fleet) -> None:
    _cloud, own = fleet
    make.hub_failure(own, now - timedelta(hours=2), method="PUT")
    make.hub_failure(own, now - timedelta(hours=3), method="PUT")
    make.hub_failure(own, now - timedelta(days=3), method="POST", outcome="refused")
    make.hub_failure(own, now - timedelta(hours=2), method="GET")
    rows = rows_of(viewer, "/charts/tracking.csv")
    assert [tuple(row.values()) for row in rows] == [
        ("2026-11-19", "refused", "1"),
        ("2026-11-22", "blocked", "2"),
    ]
    Figure(viewer.get("/charts/tracking.json").json())
    assert "turned away in front of the shop" in text_of(viewer, "/charts/tracking.html")
    assert rows_of(viewer, "/charts/tracking.csv?platform=shopify") == []


@pytest.mark.integration
def test_a_maintenance_window_is_marked_as_long_as_it_took(viewer, now, fleet) -> None:
    Maintenance.objects.create(
        title="New server",
        starts_at=now - timedelta(hours=5),
        ends_at=now - timedelta(hours=3),
        created_at=now,
    )
    figure = viewer.get("/charts/latency.json").json()
    lines = [one for one in figure["data"] if one.get("line", {}).get("color") == "var(--paused)"]
    assert [line["x"] for line in lines] == [["2026-11-22T07:42:00+00:00", "2026-11-22T09:42:00+00:00"]]


@pytest.mark.integration
@pytest.mark.parametrize("days", [2, 30])
def test_who_was_slowest_counts_all_of_the_time_to_its_end(fleet, days) -> None:
    """Also the day that is not over, and however many hours and integrations there are."""
    cloud, _own = fleet
    LatencyHour.objects.all().delete()
    for at, seconds in ((NOW - timedelta(days=1), 60), (NOW - HOUR, 9000)):
        one = sketch_of([seconds] * 4)
        values = {"n": one.n, "buckets": list(one.buckets), "counts": list(one.counts)}
        LatencyHour.objects.create(integration=cloud, hour=at.replace(minute=0), **values)
        LatencyDay.objects.create(integration=cloud, day=at.date(), **values)
    rows = slowest(
        Chosen(store=cloud.store.name), start=NOW - timedelta(days=days), end=NOW, now=NOW, limit=5
    )
    assert (rows[0].integration, rows[0].arrived) == (cloud, 8)
    assert rows[0].tail.value_s == pytest.approx(9000, rel=0.02)


@pytest.mark.integration
def test_a_tag_with_signs_of_an_address_is_drawn(viewer, fleet) -> None:
    cloud, _own = fleet
    Store.objects.filter(pk=cloud.store_id).update(tags=["R&D #1+"])
    page = viewer.get("/?by=tag").content.decode()
    address = unescape(re.search(r'data-chart="(/charts/latency[^"]+)"', page)[1])
    assert sum(int(row["arrived"]) for row in rows_of(viewer, address.replace(".json", ".csv"))) == 3


@pytest.mark.unit
@pytest.mark.parametrize(
    ("ends", "heights"),
    [
        ([], []),
        ([3.0, 1.0], [3.0, 1.0]),
        ([2.0, 2.0], [1.5, 2.5]),
        ([2.0, 2.4, 5.0], [1.7, 2.7, 5.0]),
        ([2.0, 3.0, 3.2, 3.1], [1.325, 2.325, 4.325, 3.325]),
        ([0.0, 0.1], [0.0, 1.0]),
        ([10.0, 9.8, 8.6], [10.0, 9.0, 8.0]),
    ],
)
def test_labels_are_apart_and_as_near_to_the_ends_of_their_lines_as_can_be(ends, heights) -> None:
    assert apart(ends, 1.0, 0.0, 10.0) == pytest.approx(heights)


@pytest.mark.unit
def test_a_long_line_has_no_beads_but_an_hour_that_stands_alone_is_still_seen() -> None:
    start = NOW.replace(minute=0) - 99 * HOUR
    known = {start + k * HOUR: sketch_of([60] * 9) for k in (*range(40), 60)}
    half = named(latency_figure(hours_of(known, [], start=start, now=NOW), zone=PARIS), "half")
    seen = {k for k, size in enumerate(half["marker"]["size"]) if size and half["y"][k] is not None}
    assert seen == {60}
