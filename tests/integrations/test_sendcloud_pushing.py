"""Sending orders to Sendcloud: idempotent, in batches, refusals by order, nobody's address in a message."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from integrations import errors
from integrations.contracts import OrderRecord
from integrations.full_orders import FullOrder, OrderLine
from integrations.sendcloud.addresses import shipping_address, street_and_number

from .remote import NOW, Reply, json_reply
from .test_sendcloud import EXAMPLES, using

pytestmark = pytest.mark.integration
REFUSALS = EXAMPLES["v3_POST_orders_400"]


def full(number=1, **changed):
    record = OrderRecord(
        external_id=str(500 + number),
        number=str(1000 + number),
        ordered_at=NOW - timedelta(hours=2),
        eligible_at=NOW - timedelta(hours=2),
        changed_at=NOW - timedelta(hours=1),
        status="processing",
        expected=True,
    )
    order = FullOrder(
        record=record,
        currency="EUR",
        total=Decimal("12.50"),
        payment_status="paid",
        shipping_method="Colissimo",
        lines=(OrderLine("Mug", 2, Decimal("6.25"), sku="MUG", weight_g=300),),
        name="Jane Private",
        company="",
        address_1="12 bis rue des Secrets",
        address_2="",
        house_number="",
        postal_code="69001",
        city="Hiddenville",
        state="",
        country_code="fr",
        email="jane@private.example",
    )
    return replace(order, **changed)


def push(answer, orders, **options):
    async def go(hub):
        return await hub.push_orders("7", orders, now=NOW), hub.calls()

    (told, calls), hub, pacer = using(answer, go, **options)
    return told, [each for each in hub.asked if each.method == "POST"], calls, pacer


def accepted(asked):
    return json_reply({"data": [{"id": 1, "order_id": row["order_id"]} for row in asked.json]}, 201)


def test_an_order_is_sent_with_all_that_sendcloud_asks_for():
    told, (asked,), _calls, _pacer = push(accepted, [full()])
    assert told.accepted
    assert asked.path == "/api/v3/orders"
    (sent,) = asked.json
    assert (sent["order_id"], sent["order_number"]) == ("501", "1001")
    details = sent["order_details"]
    assert details["integration"] == {"id": 7}
    assert details["status"]["code"] == "processing"
    assert details["order_created_at"] == "2026-11-22T10:00:00+00:00"
    assert details["order_items"][0]["total_price"] == {"value": 12.5, "currency": "EUR"}
    assert sent["payment_details"]["total_price"]["value"] == 12.5
    assert sent["shipping_address"]["house_number"] == "12 bis"
    assert sent["shipping_address"]["address_line_1"] == "rue des Secrets"
    assert sent["shipping_address"]["country_code"] == "FR"


def test_many_orders_go_in_batches_of_a_hundred():
    told, asked, _calls, _pacer = push(accepted, [full(number) for number in range(230)])
    assert [len(each.json) for each in asked] == [100, 100, 30]
    assert "230 orders" in told.detail


def test_an_order_that_is_refused_is_named_and_keeps_no_other_back():
    def answer(asked):
        wrong = next((place for place, row in enumerate(asked.json) if row["order_id"] == "503"), None)
        if wrong is None:
            return accepted(asked)
        pointer = f"/data/attributes/[{wrong}]/shipping_address/postal_code"
        detail = "69001 in Hiddenville, 12 bis rue des Secrets, is not known"
        return json_reply(
            {"errors": [{"code": "invalid", "detail": detail, "source": {"pointer": pointer}}]}, 400
        )

    told, asked, calls, _pacer = push(answer, [full(number) for number in range(5)])
    assert told.accepted
    assert [len(each.json) for each in asked] == [5, 4]
    assert "took 4 orders" in told.detail
    assert "1003" in told.detail
    assert "postal_code" in told.detail
    for personal in ("Hiddenville", "69001", "Secrets", "Jane", "jane@"):
        assert personal not in told.detail + repr(calls)


@pytest.mark.parametrize(
    "name", ["MissingRequiredField", "MissingOrderId", "InvalidFieldValue", "IntegrationNotFound"]
)
def test_every_documented_refusal_is_about_one_order(name):
    def answer(asked):
        return json_reply(REFUSALS[name], 400) if len(asked.json) == 2 else accepted(asked)

    told, _asked, _calls, _pacer = push(answer, [full(1), full(2)])
    assert "took 1 order." in told.detail
    assert "was not taken" in told.detail


def test_a_refusal_of_the_whole_is_told_once_for_each_and_not_tried_again():
    told, asked, _calls, _pacer = push(json_reply(REFUSALS["WrongPayloadFormatRequested"], 400), [full()])
    assert not told.accepted
    assert len(asked) == 1
    assert "Wrong request format" in told.detail


def test_while_sendcloud_still_works_on_the_last_batch_it_is_waited_for():
    replies = [json_reply(REFUSALS["DuplicateOrderProcessing"], 400)] * 2

    def answer(asked):
        return replies.pop() if replies else accepted(asked)

    told, asked, _calls, pacer = push(answer, [full()])
    assert told.accepted
    assert len(asked) == 3
    assert pacer.pauses == [3.0, 3.0]
    assert asked[0].json == asked[-1].json


def test_a_hub_that_works_on_and_on_is_left_alone():
    told, asked, _calls, _pacer = push(json_reply(REFUSALS["DuplicateOrderProcessing"], 400), [full()])
    assert not told.accepted
    assert len(asked) == 4
    assert "again in a minute" in told.detail


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"currency": "CHF"}, "EUR, GBP and USD"),
        ({"lines": ()}, "nothing to send"),
        ({"postal_code": "", "city": ""}, "city, postal code"),
    ],
)
def test_what_cannot_be_sent_is_told_before_it_is(changed, reason):
    told, asked, _calls, _pacer = push(accepted, [full(1, **changed)])
    assert not told.accepted
    assert not asked
    assert reason in told.detail


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(429), errors.RateLimited),
        (Reply(500, b"<html>"), errors.RemoteFault),
        (json_reply({"errors": []}, 403), errors.RightMissing),
        (Reply(400, b"<html>"), errors.RemoteError),
    ],
)
def test_a_failure_of_the_hub_is_an_error(reply, kind):
    with pytest.raises(kind):
        push(reply, [full()])


def test_orders_go_to_integrations_that_are_made_for_it_only():
    async def ask(hub):
        return [hub.can_push(system) for system in ("api", "woocommerce_v2", "")]

    assert using(json_reply({}), ask)[0] == [True, False, False]
    assert using(json_reply({}), ask, push_to_any_system=True)[0] == [True, True, True]


@pytest.mark.parametrize(
    ("country", "line", "expected"),
    [
        ("NL", "Stadhuisplein 10", ("Stadhuisplein", "10")),
        ("DE", "Hauptstraße 12a", ("Hauptstraße", "12a")),
        ("DE", "Straße des 17. Juni 135", ("Straße des 17. Juni", "135")),
        ("BE", "Rue Neuve 5 bus 3", ("Rue Neuve 5 bus", "3")),
        ("FR", "12, rue de la Paix", ("rue de la Paix", "12")),
        ("FR", "4 ter avenue Foch", ("avenue Foch", "4 ter")),
        ("US", "350 5th Avenue", ("350 5th Avenue", "")),
        ("GB", "221B Baker Street", ("Baker Street", "221B")),
        ("ES", "Calle Mayor 3-5", ("Calle Mayor", "3-5")),
        ("FR", "Lieu-dit Le Bourg", ("Lieu-dit Le Bourg", "")),
        ("DE", "", ("", "")),
    ],
)
def test_the_house_number_is_found_where_the_country_writes_it(country, line, expected):
    assert street_and_number(full(1, address_1=line, country_code=country)) == expected


def test_a_state_is_sent_as_a_code_or_not_at_all():
    assert shipping_address(full(1, country_code="it", state="RM"))["state_province_code"] == "IT-RM"
    assert shipping_address(full(1, country_code="US", state="US-NY"))["state_province_code"] == "US-NY"
    assert "state_province_code" not in shipping_address(full(1, state="Auvergne-Rhône-Alpes"))
