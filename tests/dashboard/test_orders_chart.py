"""Single orders on the latency figure, however many are stored."""

from datetime import timedelta

import plotly.graph_objects as go
import pytest

from monitor.charts import orders
from monitor.models import Arrival, Order
from tests.dashboard import factories as make

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


def order(one, at, late: timedelta | None, number: str) -> None:
    """An order that was placed then, and arrived so late or waits."""
    seen = {"ordered_at": at, "eligible_at": at, "changed_at": at, "first_seen_at": at}
    Order.objects.create(
        store=one.store, external_id=number, number=number, status="processing", expected=True, **seen
    )
    Arrival.objects.create(
        integration=one,
        order_key=number,
        order_number=number,
        eligible_at=at,
        arrived_at=None if late is None else at + late,
    )


def figure_of(client, one, query: str = "") -> dict:
    figure = client.get(f"/charts/{one.name}/latency.json{query}").json()
    go.Figure(figure)
    return figure


def points(figure: dict) -> list[tuple[float, str]]:
    marks = [
        trace
        for trace in figure["data"]
        if trace.get("mode") == "markers" and "<b>" in str(trace["hovertext"][:1])
    ]
    return [
        pair
        for trace in marks
        for pair in zip(trace["y"], trace["hovertext"], strict=True)
        if "<br>" in pair[1]
    ]


def test_each_order_is_where_it_was_placed_as_high_as_it_was_late(viewer, now) -> None:
    one = make.watched("Lyon", now)
    order(one, now - 90 * MINUTE, 4 * MINUTE, "A-<1>")
    order(one, now - 60 * MINUTE, None, "A2")
    order(one, now - 25 * 60 * MINUTE, MINUTE, "yesterday")
    figure = figure_of(viewer, one)
    told = {text.split("<br>")[0]: y for y, text in points(figure)}
    assert told["<b>A-&lt;1&gt;</b>"] == 240
    assert told["<b>A2</b>"] == 3600
    assert "<b>yesterday</b>" not in told
    shapes = {trace["marker"]["symbol"] for trace in figure["data"][:2]}
    assert shapes == {"circle", "triangle-up-open"}
    assert "waiting for 1 h" in str(figure["data"][1]["hovertext"])


def test_of_very_many_orders_the_newest_are_shown(viewer, now, monkeypatch) -> None:
    monkeypatch.setattr(orders, "MOST", 2)
    one = make.watched("Lyon", now)
    for number in range(4):
        order(one, now - (number + 1) * MINUTE, 10 * timedelta(seconds=1), f"N{number}")
    told = str(figure_of(viewer, one)["data"][0]["hovertext"])
    assert "N0" in told
    assert "N1" in told
    assert "N2" not in told
