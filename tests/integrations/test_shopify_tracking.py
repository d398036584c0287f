"""Tracking numbers in a Shopify shop, and whole orders: read in bulk, written once, refused in words."""

from decimal import Decimal

import pytest

from integrations import errors
from integrations.contracts import Parcel
from integrations.shopify.carriers import company

from .remote import NOW, json_reply
from .shopify_shop import data_reply, graphql_error, named, using

pytestmark = pytest.mark.integration
PARCEL = Parcel("3SABC1", "postnl", "https://track.example/3SABC1")


def info(number, name="PostNL"):
    return {"number": number, "company": name, "url": f"https://track.example/{number}"}


def fulfilment(*numbers, status="SUCCESS", number=1):
    return {"id": f"gid://F/{number}", "name": f"#1001-F{number}", "status": status,
            "trackingInfo": [info(n) for n in numbers]}  # fmt: skip


def part(number=1, actions=("CREATE_FULFILLMENT",), status="OPEN", place="Main"):
    return {
        "id": f"gid://FO/{number}",
        "status": status,
        "supportedActions": [{"action": action} for action in actions],
        "assignedLocation": {"name": place},
    }


class Shop:
    """One order that mutations change."""

    def __init__(self, fulfilments=(), parts=(), cancelled=None, refuse="", deaf=False):
        self.fulfilments = list(fulfilments)
        self.parts = list(parts)
        self.cancelled = cancelled
        self.refuse = refuse
        self.deaf = deaf
        self.mutations = []

    def __call__(self, asked):
        name, variables = named(asked), asked.json["variables"]
        if name == "OrderShipping":
            order = {
                "cancelledAt": self.cancelled,
                "fulfillments": self.fulfilments,
                "fulfillmentOrders": {"nodes": self.parts},
            }
            return data_reply(order=order if variables["id"].endswith("/1") else None)
        self.mutations.append((name, variables))
        field = name[0].lower() + name[1:]
        if self.refuse:
            return data_reply(**{field: {"userErrors": [{"field": None, "message": self.refuse}]}})
        if not self.deaf:
            self._apply(name, variables)
        return data_reply(**{field: {"fulfillment": {"id": "x"}, "userErrors": []}})

    def _apply(self, name, variables):
        if name == "FulfillmentCreate":
            numbers = variables["fulfillment"]["trackingInfo"]["numbers"]
            self.fulfilments.append(fulfilment(*numbers, number=len(self.fulfilments) + 1))
            self.parts.clear()
        else:
            chosen = next(f for f in self.fulfilments if f["id"] == variables["id"])
            chosen["trackingInfo"] = [info(number) for number in variables["tracking"]["numbers"]]


def write(shop, *parcels, order_id="1", **options):
    async def go(store):
        return await store.write_tracking(order_id, parcels or [PARCEL], now=NOW, **options)

    return using(shop, go)[0]


def test_a_fulfilment_without_number_gets_it_and_a_second_time_changes_nothing():
    shop = Shop([fulfilment()])
    first, second = write(shop), write(shop)
    assert (first.written, first.present, first.where) == (("3SABC1",), (), "#1001-F1")
    assert (second.written, second.present) == ((), ("3SABC1",))
    (mutation,) = shop.mutations
    assert mutation == (
        "FulfillmentTrackingInfoUpdate",
        {
            "id": "gid://F/1",
            "tracking": {"numbers": ["3SABC1"], "company": "PostNL", "urls": [PARCEL.url]},
            "notify": False,
        },
    )


def test_an_order_that_is_still_to_be_sent_is_marked_as_sent_without_a_mail():
    shop = Shop(parts=[part(1), part(2), part(3, actions=(), status="CLOSED")])
    assert write(shop).written == ("3SABC1",)
    (_name, variables) = shop.mutations[0]
    assert variables["fulfillment"]["lineItemsByFulfillmentOrder"] == [
        {"fulfillmentOrderId": "gid://FO/1"},
        {"fulfillmentOrderId": "gid://FO/2"},
    ]
    assert variables["fulfillment"]["notifyCustomer"] is False


def test_the_buyer_is_mailed_when_that_is_wanted():
    shop = Shop(parts=[part()])
    write(shop, notify=True)
    assert shop.mutations[0][1]["fulfillment"]["notifyCustomer"] is True


def test_a_number_is_added_to_those_that_are_there():
    shop = Shop([fulfilment("3SOLD", status="CANCELLED", number=1), fulfilment("3SNEW", number=2)])
    result = write(shop, Parcel("3S ABC1", "postnl", PARCEL.url), Parcel("3snew", "postnl"))
    assert (result.written, result.present) == (("3S ABC1",), ("3snew",))
    tracking = shop.mutations[0][1]["tracking"]
    assert shop.mutations[0][1]["id"] == "gid://F/2"
    assert tracking["numbers"] == ["3SNEW", "3S ABC1"]
    assert tracking["urls"] == ["https://track.example/3SNEW", PARCEL.url]


def test_a_carrier_that_shopify_does_not_know_is_left_out_and_its_address_given():
    shop = Shop([fulfilment()])
    write(shop, Parcel("X1", "some_local_carrier", "https://local.example/X1"))
    assert shop.mutations[0][1]["tracking"] == {"numbers": ["X1"], "urls": ["https://local.example/X1"]}


@pytest.mark.parametrize(
    ("shop", "words"),
    [
        (Shop([fulfilment()], cancelled="2026-11-22T10:00:00Z"), "cancelled"),
        (Shop(parts=[part(actions=("RELEASE_HOLD",), status="ON_HOLD")]), "on hold"),
        (Shop(parts=[part(actions=("REQUEST_CANCELLATION",), status="IN_PROGRESS")]), "by this app"),
        (Shop(parts=[part(1, place="Paris"), part(2, place="Lyon")]), "several places"),
        (
            Shop(parts=[part()], refuse="Fulfillment order 1 has an unfulfillable status= closed."),
            "unfulfillable",
        ),
    ],
)
def test_an_order_that_takes_no_number_says_why(shop, words):
    with pytest.raises(errors.NotPossible, match=words):
        write(shop)


@pytest.mark.parametrize("order_id", ["2", "", "#1001", "1/../2", "٣"])
def test_an_unknown_order_is_not_possible(order_id):
    with pytest.raises(errors.NotPossible, match="no such order"):
        write(Shop(), order_id=order_id)


def test_only_what_is_read_back_counts_as_written():
    assert write(Shop([fulfilment()], deaf=True)).written == ()


def test_a_missing_right_is_named():
    refused = (
        "Access denied for fulfillmentOrders field. Required access: `read_assigned_fulfillment_orders` or "
    )
    with pytest.raises(errors.RightMissing, match="read_assigned_fulfillment_orders") as error:
        write(lambda asked: graphql_error("ACCESS_DENIED", refused))
    assert "approve it in the shop" in error.value.remedy


@pytest.mark.parametrize(
    ("carrier", "name"),
    [
        ("postnl", "PostNL"),
        ("dhl_express", "DHL Express"),
        ("gls_nl", "GLS"),
        ("DPD-GB", "DPD UK"),
        ("mondial_relay", "Mondial Relay"),
        ("colisprive", "Colis Privé"),
        ("Royal Mail", "Royal Mail"),
        ("some_local_carrier", ""),
        ("", ""),
    ],
)
def test_companies_are_spelt_as_shopify_spells_them(carrier, name):
    assert company(carrier) == name


# Reading


def tracked(number, *fulfilments, **fields):
    return {
        "legacyResourceId": str(number),
        "cancelledAt": None,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "FULFILLED",
        "fulfillments": list(fulfilments),
        **fields,
    }


def reading(orders, cost_of=lambda ids, variables: 26 * len(ids)):
    """A shop of these orders, whose queries cost what they are said to."""

    def answer(asked):
        variables = asked.json["variables"]
        numbers = [gid.rpartition("/")[2] for gid in variables["ids"]]
        cost = cost_of(numbers, variables)
        if cost > 1000:
            return graphql_error("MAX_COST_EXCEEDED", "too much")
        nodes = [
            order and {**order, "fulfillments": order["fulfillments"][: variables["fulfillments"]]}
            for order in map(orders.get, numbers)
        ]
        status = {"maximumAvailable": 2000, "currentlyAvailable": 2000, "restoreRate": 100}
        return json_reply(
            {
                "data": {"nodes": nodes},
                "extensions": {"cost": {"requestedQueryCost": cost, "throttleStatus": status}},
            }
        )

    return answer


def read(answer, ids):
    async def go(store):
        return await store.read_tracking(ids, now=NOW)

    found, shop, _pacer = using(answer, go)
    return {row.order_id: row for row in found}, shop


def test_many_orders_are_read_by_a_few_queries():
    orders = {str(n): tracked(n, fulfilment(f"3S{n}")) for n in range(1, 101)}
    found, shop = read(reading(orders), [*orders, "555", "not-a-number"])
    assert {row.numbers for row in found.values()} == {(f"3S{n}",) for n in orders}
    assert all(row.is_shipped and not row.is_closed for row in found.values())
    assert len(shop.asked) == 4


def test_costly_queries_ask_for_fewer_orders():
    orders = {str(n): tracked(n) for n in range(1, 31)}
    found, shop = read(reading(orders, lambda ids, _variables: 100 * len(ids)), list(orders))
    assert len(found) == 30
    assert max(len(asked.json["variables"]["ids"]) for asked in shop.asked[2:]) <= 7


def test_an_order_in_many_parcels_is_read_deeper():
    many = tracked(1, *(fulfilment(f"3S{n}", number=n) for n in range(12)))
    found, _shop = read(reading({"1": many, "2": tracked(2)}), ["1", "2"])
    assert len(found["1"].numbers) == 12
    assert found["2"].numbers == ()


def test_what_was_cancelled_or_given_back_expects_no_number():
    orders = {
        "1": tracked(1, cancelledAt="2026-11-22T10:00:00Z"),
        "2": tracked(2, displayFinancialStatus="REFUNDED"),
        "3": tracked(3, fulfilment("3SDEAD", status="CANCELLED"), displayFulfillmentStatus="UNFULFILLED"),
    }
    found, _shop = read(reading(orders), ["1", "2", "3"])
    assert [found[n].is_closed for n in "123"] == [True, True, False]
    assert (found["3"].numbers, found["3"].is_shipped) == ((), False)


def test_an_order_of_an_unknown_form_is_not_taken_for_one_that_is_gone():
    with pytest.raises(errors.UnexpectedAnswer, match="agreed form"):
        read(reading({"1": {"legacyResourceId": None, "fulfillments": []}}), ["1"])


# Whole orders


def line(name, quantity=1):
    return {
        "name": name,
        "sku": None,
        "currentQuantity": quantity,
        "weight": {"value": 0.5, "unit": "KILOGRAMS"},
        "discountedUnitPriceAfterAllDiscountsSet": {"shopMoney": {"amount": "12.50"}},
    }


def whole(number, lines, address=True):
    return {
        "legacyResourceId": str(number),
        "name": f"#{number}",
        "createdAt": "2026-11-22T09:00:00Z",
        "updatedAt": "2026-11-22T09:00:00Z",
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "currentTotalPriceSet": {"shopMoney": {"amount": "25.00", "currencyCode": "EUR"}},
        "shippingLine": None,
        "shippingAddress": {"name": "Ada PRIVATE", "countryCodeV2": "FR"} if address else None,
        "lineItems": lines,
    }


def read_whole(answer, ids):
    async def go(store):
        return await store.read_full_orders(ids, now=NOW), store.calls()

    return using(answer, go)[0]


def test_an_order_with_many_lines_is_passed_on_with_all_of_them():
    def answer(asked):
        after = int(asked.json["variables"]["after"] or 0)
        upto = after + asked.json["variables"]["lines"]
        rows = [line(f"item {n}", quantity=n % 2) for n in range(after, min(upto, 300))]
        info = {"hasNextPage": upto < 300, "endCursor": str(upto)}
        ids = [gid.rpartition("/")[2] for gid in asked.json["variables"]["ids"]]
        nodes = [
            None if n == "2" else whole(n, {"nodes": rows, "pageInfo": info}, address=n != "3") for n in ids
        ]
        return data_reply(nodes=nodes)

    (order,), calls = read_whole(answer, ["1", "2", "3"])
    assert [one.name for one in order.lines] == [f"item {n}" for n in range(1, 300, 2)]
    assert (order.lines[0].unit_price, order.lines[0].weight_g) == (Decimal("12.50"), 500)
    assert (order.total, order.currency, order.country_code) == (Decimal("25.00"), "EUR", "FR")
    assert "PRIVATE" not in repr(order) + repr(calls)


def test_buyers_that_may_not_be_seen_are_named_as_the_reason():
    refused = {"message": "This app is not approved to access the MailingAddress object.", "path": ["nodes"]}
    answer = json_reply({"data": {"nodes": [None]}, "errors": [refused]})
    with pytest.raises(errors.RightMissing, match="names and addresses") as error:
        read_whole(answer, ["1"])
    assert "level 2" in error.value.remedy
