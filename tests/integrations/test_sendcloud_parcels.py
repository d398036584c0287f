"""Reading parcels: what is kept of them, when the carrier had them, and nobody's address."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations import errors
from integrations.contracts import CheckState, ConditionKind, Watermark
from integrations.sendcloud.parcels import without_personal_data

from .remote import NOW, json_reply
from .test_sendcloud import EXAMPLES, using

pytestmark = pytest.mark.integration

DATE = "Sun, 22 Nov 2026 12:00:00 GMT"
SINCE = Watermark(NOW - timedelta(hours=2))
ADDRESS = {
    "name": "John Doe",
    "address_line_1": "Insulindelaan",
    "postal_code": "5642 CV",
    "city": "Eindhoven",
}


def parcel(number=1, **changed):
    return {
        "id": 380_000_000 + number,
        "status": {"code": "READY_TO_SEND", "message": "Ready to send"},
        "tracking_number": f"3SYZXG{number}",
        "tracking_url": f"https://tracking.example/?code=3SYZXG{number}&verification=5642+CV",
        "created_at": "2026-11-22T11:00:00.864105Z",
        "updated_at": "2026-11-22T11:02:00.804278Z",
        "announced_at": "2026-11-22T11:01:00.480225Z",
        **changed,
    }


def shipment(*parcels, **changed):
    return {
        "id": "XXX",
        "order_number": "#1005",
        "carrier": {"code": "postnl", "name": "PostNL"},
        "errors": [],
        "to_address": ADDRESS,
        "parcels": list(parcels),
        **changed,
    }


def v3(*shipments, feedback="eager", tracking=None):
    """Answers as version 3 does for integration 7."""

    def answer(asked):
        if asked.path == "/api/v3/integrations/7":
            return json_reply({"data": {"id": 7, "type": "woocommerce_v2", "feedback_type": feedback}})
        if asked.path == "/api/v3/shipments":
            return json_reply({"data": list(shipments)}, date=DATE)
        if asked.path.startswith("/api/v3/parcels/tracking/"):
            return json_reply(tracking) if tracking else json_reply({"detail": "Parcel does not exist"}, 404)
        return json_reply({"errors": []}, 404)

    return answer


async def shipments(hub):
    return [page async for page in hub.read_shipments("7", SINCE, now=NOW)]


def records(answer):
    pages, hub, _pacer = using(answer, shipments)
    return [record for page in pages for record in page.records], hub


def test_a_parcel_is_read_without_its_receiver():
    (record,), hub = records(v3(shipment(parcel())))
    assert (record.integration_id, record.hub_id, record.order_number) == ("7", "380000001", "1005")
    assert (record.tracking_number, record.carrier, record.status) == ("3SYZXG1", "postnl", "Ready to send")
    assert record.announced_at == datetime(2026, 11, 22, 11, 1, 0, 480225, tzinfo=UTC)
    assert record.tracking_url == "https://tracking.example/?code=3SYZXG1"
    assert not record.is_void
    asked = next(each for each in hub.asked if each.path == "/api/v3/shipments")
    assert asked.query["integration_id"] == "7"
    assert datetime.fromisoformat(asked.query["updated_after"]) < SINCE.at - timedelta(minutes=10)
    for personal in ("Doe", "Insulindelaan", "5642", "Eindhoven"):
        assert personal not in repr(record)


def test_each_parcel_of_a_shipment_is_one_of_its_own():
    found, _hub = records(v3(shipment(parcel(1), parcel(2))))
    assert [record.tracking_number for record in found] == ["3SYZXG1", "3SYZXG2"]


@pytest.mark.parametrize("code", ["CANCELLED", "CANCELLATION_REQUESTED"])
def test_a_cancelled_parcel_is_not_expected_in_the_shop(code):
    (record,), _hub = records(v3(shipment(parcel(status={"code": code, "message": "x"}))))
    assert record.is_void


def test_what_the_carrier_objected_to_is_told_without_the_receivers_own_words():
    said = "PostNL: John Doe, 5642 CV Eindhoven: john@private.example is no address; postal code too long"
    refused = parcel(
        announced_at=None, tracking_number="", status={"code": "NO_LABEL", "message": "No label"}
    )
    (record,), _hub = records(v3(shipment(refused, errors=[{"code": "x", "detail": said}])))
    assert record.announced_at is None
    assert "postal code too long" in record.problem
    for personal in ("John", "5642", "Eindhoven", "private.example"):
        assert personal not in record.problem


MOVED = {"code": "EN_ROUTE_TO_SORTING_CENTER", "message": "En route to sorting center"}
EVENTS = {
    "details": {"is_return": False},
    "events": [
        {"event_at": "2026-11-22T11:30:00Z", "event_type": "carrier"},
        {"event_at": "2026-11-22T11:20:00Z", "event_type": "carrier"},
        {"event_at": "2026-11-22T11:00:00Z", "event_type": "internal"},
    ],
}


def test_the_carriers_first_word_counts_where_the_shop_is_told_at_the_scan():
    (record,), _hub = records(v3(shipment(parcel(status=MOVED)), feedback="delayed", tracking=EVENTS))
    assert record.scanned_at == datetime(2026, 11, 22, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("feedback", "status"), [("eager", MOVED), ("none", MOVED), ("delayed", parcel()["status"])]
)
def test_nothing_is_asked_of_a_parcels_way_where_it_does_not_count(feedback, status):
    (record,), hub = records(v3(shipment(parcel(status=status)), feedback=feedback, tracking=EVENTS))
    assert record.scanned_at is None
    assert not [each for each in hub.asked if "tracking" in each.path]


def test_of_old_parcels_the_last_change_stands_for_the_scan():
    old = parcel(status=MOVED, updated_at="2026-11-10T11:00:00Z", announced_at="2026-11-09T11:00:00Z")
    (record,), hub = records(v3(shipment(old), feedback="delayed", tracking=EVENTS))
    assert record.scanned_at == record.changed_at
    assert not [each for each in hub.asked if "tracking" in each.path]


def test_a_return_is_not_expected_in_the_shop():
    back = {**EVENTS, "details": {"is_return": True}}
    (record,), _hub = records(v3(shipment(parcel(status=MOVED)), feedback="delayed", tracking=back))
    assert record.is_void


def test_a_long_time_is_read_in_stretches_that_are_each_kept():
    async def since_three_days(hub):
        mark = Watermark(NOW - timedelta(days=3))
        return [page async for page in hub.read_shipments("7", mark, now=NOW)]

    pages, hub, _pacer = using(v3(), since_three_days)
    marks = [page.watermark.at for page in pages]
    assert marks == sorted(marks)
    assert marks[-1] > NOW - timedelta(days=1)
    ends = [each.query.get("updated_before") for each in hub.asked if each.path.endswith("shipments")]
    assert [end is None for end in ends] == [False, False, False, True]


def test_the_same_page_again_and_again_ends_the_reading():
    def answer(asked):
        if asked.path.endswith("/shipments"):
            link = '</api/v3/shipments?cursor=1>; rel="next"'
            return json_reply({"data": [shipment(parcel())]}, link=link)
        return json_reply({"data": {"id": 7}})

    with pytest.raises(errors.UnexpectedAnswer, match="again and again"):
        using(answer, shipments)


def test_pages_of_shipments_without_a_parcel_are_read_past():
    """What waits for its label is listed too."""

    def answer(asked):
        if not asked.path.endswith("/shipments"):
            return json_reply({"data": {"id": 7}})
        place = int(asked.query.get("cursor", 0))
        if place == 2:
            return json_reply({"data": [shipment(parcel())]}, date=DATE)
        link = f'</api/v3/shipments?cursor={place + 1}>; rel="next"'
        return json_reply({"data": [shipment(id=f"waits-{place}")]}, link=link, date=DATE)

    (record,), _hub = records(answer)
    assert record.tracking_number == "3SYZXG1"


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://t.example/x?a=1&postal_code=5642&lang=en", "https://t.example/x?a=1&lang=en"),
        ("javascript:alert(1)", ""),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_a_tracking_address_keeps_nothing_personal(url, kept):
    assert without_personal_data(url) == kept


# What an integration's settings say


MAPPING = {
    "data": {
        "integration_id": 7,
        "mapping": [
            {"status_category": "READY_TO_SEND", "external_id": "11", "is_valid": True},
            {"status_category": "DELIVERED", "external_id": None, "is_valid": True},
            {"status_category": "IN_TRANSIT", "external_id": "14-A", "is_valid": False},
        ],
    }
}
STATUSES = {"data": [{"external_id": "14-A", "status": "Shipped", "deleted_at": "2023-11-04T14:15:22Z"}]}


def settings(mapping=None, **integration):
    def answer(asked):
        if asked.path.endswith("/mapping"):
            return json_reply(mapping) if mapping else json_reply({"errors": [{"code": "invalid"}]}, 400)
        if asked.path.endswith("/shop-order-statuses"):
            return json_reply(STATUSES)
        return json_reply({"data": {"id": 7, **integration}})

    return answer


def checks(answer, system="woocommerce_v2"):
    async def check(hub):
        return await hub.check_integration("7", system, now=NOW)

    return using(answer, check)[0]


def test_a_status_that_was_deleted_in_the_shop_is_named():
    (found,) = checks(settings(MAPPING, type="prestashop_v2"))
    assert (found.kind, found.code, found.state) == (
        ConditionKind.TRACKING,
        "mapping_invalid",
        CheckState.WARN,
    )
    assert found.subject == "IN_TRANSIT"
    assert "in transit" in found.text % found.values
    assert "Shipped" in found.text % found.values


def test_a_whole_mapping_is_said_to_be_well_and_other_systems_have_none():
    whole = {"data": {"mapping": [{"status_category": "DELIVERED", "external_id": "1", "is_valid": True}]}}
    (found,) = checks(settings(whole, type="prestashop_v2"))
    assert found.state is CheckState.OK
    assert not checks(settings(None, type="prestashop_v2"))
    assert not checks(settings(MAPPING, type="shopify_v2"))


def test_feedback_that_is_switched_off_and_orders_that_are_sent_are_told_but_blamed_on_nobody():
    found = checks(settings(type="api", feedback_type="none"), "api")
    assert {(check.code, check.state) for check in found} == {
        ("feedback_none", CheckState.INFO),
        ("orders_are_sent", CheckState.INFO),
    }


def test_an_account_without_version_3_has_nothing_to_check():
    assert checks(older()) == []


# Version 2


def older(integrations=1):
    """Answers as an account without version 3."""

    def answer(asked):
        if "/v3/" in asked.path:
            return json_reply({"errors": [{"status": "403", "code": "forbidden"}]}, 403)
        if asked.path == "/api/v2/integrations":
            row = EXAMPLES["v2_GET_integrations"][0]
            return json_reply([{**row, "id": 7 + number} for number in range(integrations)])
        if asked.path == "/api/v2/parcels":
            return json_reply(PARCELS, date=DATE)
        if asked.path == "/api/v2/integrations/logs":
            return json_reply({**EXAMPLES["v2_GET_integrations_logs"], "next": None})
        if asked.path == "/api/v2/integrations/7/shipments":
            return json_reply({"next": None, "previous": None, "results": [OLDER_ORDER]}, date=DATE)
        return json_reply({"next": None, "results": []}, date=DATE)

    return answer


PARCELS = {
    "next": None,
    "parcels": [
        {
            **EXAMPLES["v2_GET_parcels"]["parcels"][0],
            "order_number": "1005",
            "shipment_uuid": "6b436cb2",
        },
        {**EXAMPLES["v2_GET_parcels"]["parcels"][0], "id": 3173, "shipment_uuid": "elsewhere"},
        {
            **EXAMPLES["v2_GET_parcels"]["parcels"][0],
            "id": 3174,
            "shipment_uuid": "6b436cb2",
            "date_announced": None,
            "tracking_number": "",
            "errors": {"non_field_errors": ["PostNL: John Doe lives nowhere."]},
        },
    ],
}
OLDER_ORDER = {
    "shipment_uuid": "6b436cb2",
    "external_order_id": "555413",
    "order_number": "1005",
    "created_at": "2026-11-22T11:00:00Z",
    "shipment_created_at": "2026-11-22T10:58:00Z",
}


def test_an_account_without_version_3_is_read_by_version_2():
    async def everything(hub):
        listed = await hub.read_integrations(now=NOW)
        pages = [page async for page in hub.read_arrivals(SINCE, now=NOW)]
        parcels = [page async for page in hub.read_shipments("7", SINCE, now=NOW)]
        return listed, pages, parcels, await hub.read_failures("", now=NOW)

    (listed, pages, parcels, failures), hub, _pacer = using(older(), everything)
    assert [each.external_id for each in listed] == ["7"]
    (arrival,) = [record for page in pages for record in page.records]
    assert (arrival.integration_id, arrival.order_id, arrival.order_number) == ("7", "555413", "1005")
    assert pages[-1].watermark == Watermark(datetime(2026, 11, 22, 11, tzinfo=UTC))
    assert len([record for page in parcels for record in page.records]) == 3
    assert {failure.external_id for failure in failures} == {"123", "124"}
    assert len([each for each in hub.asked if "/v3/" in each.path]) == 4


def test_version_3_is_asked_in_vain_once_and_not_at_every_reading():
    async def three_times(hub):
        for minute in range(3):
            await hub.read_integrations(now=NOW + timedelta(minutes=minute))
        await hub.read_integrations(now=NOW + timedelta(hours=2))

    _nothing, hub, _pacer = using(older(), three_times)
    assert [each.path.split("/")[2] for each in hub.asked] == ["v3", "v2", "v2", "v2", "v3", "v2"]


def test_one_missing_right_does_not_move_everything_to_version_2():
    def answer(asked):
        if asked.path == "/api/v3/orders":
            return json_reply(EXAMPLES["v3_GET_orders"])
        return older()(asked)

    async def both(hub):
        await hub.read_integrations(now=NOW)
        return [page async for page in hub.read_arrivals(SINCE, now=NOW)]

    _pages, hub, _pacer = using(answer, both)
    assert hub.asked[-1].path == "/api/v3/orders"


def test_parcels_of_other_integrations_are_told_apart_by_their_orders():
    pages, _hub, _pacer = using(older(integrations=2), shipments)
    first, second = (record for page in pages for record in page.records)
    assert (first.hub_id, first.order_id) == ("3172", "555413")
    assert first.announced_at == datetime(2018, 1, 1, 21, 47, 13, tzinfo=UTC)
    assert (second.tracking_number, second.announced_at) == ("", None)
    assert second.problem
    assert "Doe" not in second.problem


def test_the_first_refusal_is_told_when_version_2_refuses_too():
    refusal = json_reply({"errors": [{"code": "forbidden"}]}, 403)
    with pytest.raises(errors.RightMissing):
        using(refusal, shipments)


def test_version_3_alone_is_asked_when_the_operator_says_so():
    with pytest.raises(errors.RightMissing):
        using(older(), shipments, api="v3")


def test_an_error_of_the_middle_of_a_reading_does_not_begin_it_again_by_version_2():
    def answer(asked):
        if asked.path == "/api/v3/orders" and "cursor" not in asked.query:
            return json_reply(EXAMPLES["v3_GET_orders"], link='</api/v3/orders?cursor=x>; rel="next"')
        return json_reply({"errors": [{"code": "not_found"}]}, 404)

    async def arrivals(hub):
        mark = Watermark(datetime(2018, 1, 1, tzinfo=UTC))
        return [page async for page in hub.read_arrivals(mark, now=NOW)]

    with pytest.raises(errors.UnexpectedAnswer):
        using(answer, arrivals)
