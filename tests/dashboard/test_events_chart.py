"""Events of a marketing hub beside the orders of its shops: as a chart, a table and a CSV."""

import csv
import io
from datetime import timedelta

import plotly.graph_objects as go
import pytest

from monitor.collect.event_facts import NOT_SOLD
from monitor.models import EventHour, Order
from tests.dashboard import factories as make
from tests.dashboard.conftest import text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
HOUR = timedelta(hours=1)


@pytest.fixture
def braze(now):
    account = make.AccountFactory(kind="braze", name="braze", title="Braze")
    one = make.watched("Lyon", now, platform="shopify", account=account)
    begin = now.replace(minute=0) - 3 * HOUR
    for ago, count in ((3, 4), (2, 0), (1, 1)):
        EventHour.objects.create(
            account=account,
            meaning="order_placed",
            hour=now.replace(minute=0) - ago * HOUR,
            count=count,
            is_settled=ago > 1,
        )
    for number, (minutes, reason) in enumerate([(5, ""), (50, ""), (70, ""), (80, NOT_SOLD), (-10, "")]):
        Order.objects.create(
            store=one.store,
            external_id=str(number),
            number=str(number),
            status="paid",
            ordered_at=begin + timedelta(minutes=minutes),
            eligible_at=begin,
            changed_at=begin,
            first_seen_at=begin,
            expected=not reason,
            unexpected_reason=reason,
        )
    return one


def test_orders_and_events_stand_side_by_side_by_the_hour(viewer, braze) -> None:
    address = f"/charts/{braze.name}/events"
    rows = list(csv.DictReader(io.StringIO(viewer.get(f"{address}.csv").getvalue().decode())))
    assert [(row["orders"], row["events"], row["is_final"]) for row in rows] == [
        ("2", "4", "True"),
        ("1", "0", "True"),
        ("0", "1", "False"),
    ]
    figure = viewer.get(f"{address}.json?range=90d").json()
    go.Figure(figure)
    assert figure["data"][1]["marker"]["symbol"] == ["circle", "circle", "circle-open"]
    assert "2 orders<br>4 events" in figure["data"][1]["hovertext"][0]
    assert "not yet" in text_of(viewer, f"{address}.html")
    page = text_of(viewer, f"/integrations/{braze.name}/")
    assert "Do orders become events?" in page
    assert "How late do orders arrive?" not in page


def test_before_anything_was_counted_a_sentence_says_so(viewer, braze) -> None:
    EventHour.objects.all().delete()
    figure = viewer.get(f"/charts/{braze.name}/events.json").json()
    assert figure["layout"]["meta"]["empty"] == "The hub has counted nothing in this time yet."


def test_a_hub_that_counts_no_events_has_no_such_chart(viewer, now, braze) -> None:
    other = make.watched("Oslo", now, platform="shopify")
    assert viewer.get(f"/charts/{other.name}/events.json").status_code == 404
