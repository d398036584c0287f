"""Figures are what Plotly accepts, and the same as the table and the CSV."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from plotly.graph_objects import Figure

from monitor.charts.hours import HOUR, hours_of
from monitor.charts.latency import Gap, Mark, hover_text, latency_figure
from monitor.health.sketch import sketch_of
from monitor.models import HubState
from tests.dashboard import factories as make
from tests.dashboard.conftest import text_of

NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def some_hours(count: int = 24):
    start = NOW.replace(minute=0) - count * HOUR
    sketches = {start + k * HOUR: sketch_of([30.0 * (k + 1), 400, 900]) for k in range(0, count, 2)}
    return hours_of(sketches, [(NOW - timedelta(minutes=90), 4)], start=start, now=NOW)


@pytest.mark.unit
@pytest.mark.parametrize("hours", [[], some_hours(24), some_hours(168), hours_of({}, [], start=NOW, now=NOW)])
def test_plotly_accepts_the_figure(hours) -> None:
    marks = [Mark(NOW, "refresh by Ops")]
    figure = latency_figure(hours, zone=PARIS, marks=marks, gaps=[Gap(NOW - HOUR, NOW)])
    Figure(figure)


@pytest.mark.unit
def test_colours_are_names_of_the_style_sheet_that_exist() -> None:
    named = set(re.findall(r"var\((--[a-z0-9-]+)\)", json.dumps(latency_figure(some_hours(), zone=PARIS))))
    defined = set(re.findall(r"(--[a-z0-9-]+):", Path("monitor/static/monitor/style.css").read_text()))
    assert named
    assert named <= defined


@pytest.mark.unit
def test_hours_without_orders_are_gaps_not_zeros() -> None:
    half = next(
        trace for trace in latency_figure(some_hours(), zone=PARIS)["data"] if trace["name"] == "half"
    )
    assert half["y"][1] is None
    assert half["connectgaps"] is False


@pytest.mark.unit
def test_hover_tells_exact_figures_with_their_number_in_the_readers_zone() -> None:
    start = NOW.replace(minute=0)
    hour = hours_of({start: sketch_of([60] * 9)}, [(NOW - timedelta(minutes=30), 1)], start=start, now=NOW)[0]
    assert hover_text(hour, PARIS).split("<br>") == [
        "<b>13:00–14:00</b>",
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
        return list(csv.DictReader(io.StringIO(viewer.get(f"/charts/latency-{group}.csv").content.decode())))

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
    ["/charts/latency-shopify", "/charts/latency-self-hosted", "/charts/boutique-lyon-sendcloud-eu/latency"],
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
    words = " ".join(figure["data"][-1]["hovertext"])
    assert "refresh by Ops" in words
    assert "incident opened" in words
    assert len(figure["layout"]["shapes"]) == 1


@pytest.mark.integration
@pytest.mark.parametrize("address", ["latency-other.json", "latency-shopify.exe", "nobody/latency.json"])
def test_what_does_not_exist_is_not_found(viewer, address) -> None:
    assert viewer.get(f"/charts/{address}").status_code == 404
