"""An incident is found by what people remember of it, and all that are found can be saved."""

import csv
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group

from monitor.models import Incident, Remark, Role, User
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in, text_of
from tests.history.conftest import DAY, NOW, H

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def lyon(now) -> Incident:
    one = make.watched("Boutique Lyon", now, "stalled", waiting=5)
    one.store.tags = ["france"]
    one.store.save()
    return make.incident_of(one, now)


@pytest.fixture
def osaka(now) -> Incident:
    hub = make.AccountFactory(name="braze-jp", title="Braze Japan")
    one = make.watched("Osaka Denim", now, "throttled", platform="shopify", since=9 * DAY, account=hub)
    return make.incident_of(one, now, closed_at=now - 8 * DAY, acknowledged_by=None)


def shown(client, **wanted) -> set[str]:
    page = text_of(client, "/incidents/", data={"part": "rows", **wanted})
    return {name for name in ("Boutique Lyon", "Osaka Denim") if f"{name} →" in page}


@pytest.mark.parametrize(
    "wanted",
    [
        {"q": "lyon"},
        {"q": "sendcloud lyon"},
        {"q": "carrier"},
        {"q": "Marie"},
        {"q": "orders"},
        {"state": "open"},
        {"cause": "imports"},
        {"hub": "sendcloud-eu"},
        {"platform": "woocommerce"},
        {"tag": "france"},
        {"since": "2026-11-20"},
        {"state": "nobody", "platform": "woocommerce", "q": "boutique"},
    ],
    ids=str,
)
def test_each_wish_finds_the_one_and_not_the_other(viewer, lyon, osaka, wanted) -> None:
    marie = User.objects.create_user("marie", first_name="Marie", last_name="Curie")
    Remark.objects.create(
        incident=lyon, at=NOW, kind="commented", user=marie, text="The carrier is on strike"
    )
    assert shown(viewer, **wanted) == {"Boutique Lyon"}


@pytest.mark.parametrize(
    "wanted", [{"state": "over"}, {"until": "2026-11-15"}, {"cause": "throttle"}], ids=str
)
def test_and_the_other_way_round(viewer, lyon, osaka, wanted) -> None:
    assert shown(viewer, **wanted) == {"Osaka Denim"}


@pytest.mark.parametrize(
    "wanted",
    [
        {"state": "x"},
        {"since": "soon"},
        {"since": "9999-12-31"},
        {"after": "o1-x"},
        {"after": "c" + "9" * 30 + "-1"},
    ],
    ids=str,
)
def test_what_cannot_be_read_is_not_asked_for(viewer, lyon, wanted) -> None:
    assert shown(viewer, **wanted) in ({"Boutique Lyon"}, set())


def test_by_its_number_alone(viewer, lyon, osaka) -> None:
    assert shown(viewer, q=f"#{osaka.pk}") == {"Osaka Denim"}


def test_nothing_found_says_so(viewer, lyon) -> None:
    assert "No incident fits." in text_of(viewer, "/incidents/?q=nowhere")


def test_one_comes_to_every_incident_once_by_older(viewer, now, monkeypatch) -> None:
    monkeypatch.setattr("monitor.dashboard.incidents.PER_PAGE", 3)
    for number in range(4):
        make.incident_of(make.watched(f"Open {number}", now, "stalled"), now)
        over = make.watched(f"Over {number}", now, "stalled")
        make.incident_of(over, now, closed_at=now, opened_at=now - H)
    seen: list[int] = []
    address = "/incidents/"
    for _page in range(3):
        answer = viewer.get(address)
        rows = answer.context["found"]
        seen += [row.pk for row in rows.rows]
        address = f"/incidents/?after={rows.older}"
    assert not rows.older
    assert len(seen) == len(set(seen)) == 8
    states = [Incident.objects.get(pk=pk).closed_at is None for pk in seen]
    assert states == sorted(states, reverse=True)


def test_who_sees_some_stores_finds_only_theirs(lyon, osaka) -> None:
    somebody = User.objects.create_user("anne")
    Role.objects.create(user=somebody, group=Group.objects.get(name="viewer"), tags=["france"])
    client = signed_in("viewer")
    client.force_login(somebody)
    assert shown(client) == {"Boutique Lyon"}
    assert shown(client, q="osaka") == set()
    assert client.get(f"/incidents/{osaka.pk}/post-mortem/").status_code == 404
    assert client.get(f"/incidents/{osaka.pk}/post-mortem.md").status_code == 404


@pytest.mark.parametrize("many", [1, 12])
def test_its_queries_do_not_grow(viewer, now, django_assert_max_num_queries, many) -> None:
    for number in range(many):
        make.incident_of(make.watched(f"Shop {number}", now, "stalled"), now)
    with django_assert_max_num_queries(12):
        viewer.get("/incidents/?q=shop&cause=imports&hub=sendcloud-eu")


def rows_of(client, **wanted) -> list[dict[str, str]]:
    answer = client.get("/incidents/export.csv", wanted)
    assert answer.status_code == 200
    text = b"".join(answer.streaming_content).decode()
    return list(csv.DictReader(text.splitlines()))


def test_what_is_found_can_be_saved(admin_client, now, lyon, osaka) -> None:
    make.notice_of(osaka, now, sent_at=now)
    make.notice_of(osaka, now, failed_at=now)
    make.refresh_of(
        osaka.members.get().integration,
        now,
        outcome="moved",
        stage="done",
        finished_at=now - 8 * DAY,
        requested_at=now - 8 * DAY - H,
    )
    (row,) = rows_of(admin_client, state="over")
    assert row["what"] == "Osaka Denim → Braze Japan"
    assert row["started_at_utc"] == "2026-11-13T12:42:00Z"
    assert (row["duration_s"], row["members"]) == ("86400", "1")
    assert (row["notices_sent"], row["notices_refused"]) == ("1", "1")
    assert row["resolved_by"] == "refresh by Ops"
    assert row["link"].endswith(f"/incidents/{osaka.pk}/")
    assert [row["id"] for row in rows_of(admin_client)] == [str(lyon.pk), str(osaka.pk)]


def test_more_than_fits_at_once_is_saved_too(admin_client, now, monkeypatch) -> None:
    monkeypatch.setattr("monitor.dashboard.incident_export.AT_ONCE", 2)
    for number in range(5):
        make.incident_of(make.watched(f"Shop {number}", now, "stalled"), now)
    assert len(rows_of(admin_client)) == 5


def test_a_name_is_no_formula_in_a_spreadsheet(admin_client, now) -> None:
    make.incident_of(make.watched("=SUM(A1)", now, "stalled"), now, opened_at=now - timedelta(hours=1))
    assert rows_of(admin_client)[0]["what"].startswith("'=SUM")
