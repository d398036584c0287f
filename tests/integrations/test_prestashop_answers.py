"""Each recorded refusal of a PrestaShop shop is told apart, and no answer harms."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from integrations import errors
from integrations.access.classify import classify
from integrations.answer import Answer
from integrations.contracts import Outcome, Target, Watermark
from integrations.opening import open_store
from integrations.prestashop import knowledge
from integrations.prestashop.markup import MarkupError, read_xml, write_xml
from integrations.prestashop.recognition import prestashop

from .remote import LOCAL, NOW, Reply, json_reply, remote

pytestmark = pytest.mark.integration
KEY = "ABCDEFGHIJKLMNOPQRSTUVWXYZ123456"
RECORDED = json.loads((Path(__file__).parent / "fixtures" / "prestashop_refusals.json").read_text())
PATH = "/var/www"


@pytest.fixture(autouse=True)
def nothing_known():
    knowledge.forget()


def using(reply, do, **settings):
    async def go():
        answer = reply if callable(reply) else lambda asked: reply
        async with remote(answer) as shop:
            target = Target("shop", shop.url, {"key": KEY}, settings, "Europe/Amsterdam")
            async with open_store(target, "prestashop", policy=LOCAL) as store:
                return await do(store)

    return asyncio.run(asyncio.wait_for(go(), 20))


async def read(store):
    return [page async for page in store.read_orders(Watermark(NOW), now=NOW)]


def replied(row):
    return Reply(row["status"], row["body"].encode(), row["headers"])


EXPECTED = {
    "no key": (errors.CredentialsRefused, "No key reached", "CGI mode"),
    "empty key": (errors.CredentialsRefused, "is empty", "Copy the key"),
    "malformed key": (errors.CredentialsRefused, "32 characters", "Copy the key"),
    "unknown key": (errors.CredentialsRefused, "does not know this key", "Copy the key"),
    "resource not allowed": (errors.RightMissing, "configurations|orders|order_states", "tick GET for"),
    "verb not allowed": (errors.RightMissing, "may not GET", "tick GET for"),
    "webservice off": (errors.ShopClosed, "switched off", "Advanced Parameters"),
    "webservice off, JSON": (errors.ShopClosed, "switched off", "Advanced Parameters"),
    "database down": (errors.RemoteFault, "database", ""),
    "other host": (errors.UnexpectedAnswer, "redirects", "shop.example"),
    "crash": (errors.RemoteFault, "", ""),
    "filter unknown": (errors.OurMistake, "error 32", ""),
    "no XML": (errors.OurMistake, "error 127", ""),
    "theme's page": (errors.RemoteFault, "no webservice", ".htaccess"),
}


def test_every_recorded_refusal_is_expected_to_be_something():
    assert {row["name"] for row in RECORDED} == set(EXPECTED)


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["name"])
def test_a_recorded_refusal_becomes_its_error_with_words_and_a_remedy(row):
    kind, words, remedy = EXPECTED[row["name"]]

    async def attempt(store):
        try:
            await store.api.ask("GET", "orders", now=NOW)
        except errors.RemoteError as error:
            return error, store.calls()
        return None

    error, calls = using(replied(row), attempt)
    assert type(error) is kind
    assert any(word in str(error) for word in words.split("|"))
    assert remedy in error.remedy
    assert PATH not in repr(calls)
    assert KEY not in repr(calls)
    assert error.call in calls


@pytest.mark.parametrize("row", RECORDED, ids=lambda row: row["name"])
def test_to_a_visitor_without_a_key_an_answer_of_the_webservice_is_passage(row):
    answer = Answer(row["status"], row["headers"], row["body"].encode(), "http://shop.example/api/orders/0")
    faults = {
        "webservice off": Outcome.FAULT,
        "webservice off, JSON": Outcome.FAULT,
        "database down": Outcome.FAULT,
        "crash": Outcome.FAULT,
        "other host": Outcome.REDIRECTED,
        "theme's page": Outcome.UNEXPECTED,
    }
    assert classify(answer, prestashop).outcome is faults.get(row["name"], Outcome.PASSED)


def orders_of(*rows):
    def answer(asked):
        stamp = {"access-time": str(int(NOW.timestamp())), "psws-version": "8.2.1"}
        resource = asked.path.rpartition("/")[2]
        listed = {"orders": list(rows), "order_states": [{"id": 2, "name": "Paid", "paid": "1"}]}
        if "filter[date_upd]" in asked.query:
            return json_reply([], **stamp)
        return json_reply({resource: listed[resource]} if listed.get(resource) else [], **stamp)

    return answer


GOOD = {"id": 1, "reference": "A", "current_state": "2", "date_add": "2026-11-20 10:00:00"}


@pytest.mark.parametrize(
    "odd",
    [
        {"date_add": "0000-00-00 00:00:00"},
        {"date_upd": "0000-00-00 00:00:00"},
        {"date_upd": None, "reference": None},
        {"current_state": None},
        {"id": "first"},
        {"date_add": "9999-12-31 23:59:59"},
        {"date_add": "0001-01-01 00:00:00"},
    ],
    ids=str,
)
def test_one_odd_order_keeps_back_none_of_the_others(odd):
    others = [{**GOOD, "id": number} for number in (2, 3)]
    pages = using(orders_of({**GOOD, **odd}, *others), read)
    assert {"2", "3"} <= {record.external_id for page in pages for record in page.records}


def test_names_in_several_languages_give_the_first():
    states = [{"id": 2, "name": [{"id": "1", "value": "Payée"}, {"id": "2", "value": "Paid"}], "paid": "1"}]

    def answer(asked):
        if asked.path.endswith("order_states"):
            return json_reply({"order_states": states})
        return orders_of(GOOD)(asked)

    (record,) = [record for page in using(answer, read) for record in page.records]
    assert (record.status, record.expected) == ("2 Payée", True)


def test_a_state_that_was_made_since_the_last_look_is_looked_up():
    asked_for = []

    def answer(asked):
        if asked.path.endswith("order_states"):
            asked_for.append(asked)
            new = [{"id": 77, "name": "New", "paid": "1"}] if len(asked_for) > 1 else []
            return json_reply({"order_states": [{"id": 2, "name": "Paid", "paid": "1"}, *new]})
        return orders_of({**GOOD, "current_state": "77"})(asked)

    (record,) = [record for page in using(answer, read) for record in page.records]
    assert (record.status, record.expected) == ("77 New", True)


def test_the_zone_and_the_states_are_read_once_an_hour():
    asked_for = []

    def answer(asked):
        asked_for.append(asked.path.rpartition("/")[2])
        return orders_of(GOOD)(asked)

    async def thrice(store):
        for later in (0, 5, 61):
            now = NOW + timedelta(minutes=later)
            async for _page in store.read_orders(Watermark(NOW), now=now):
                pass

    using(answer, thrice)
    assert (asked_for.count("configurations"), asked_for.count("order_states")) == (2, 2)


HOSTILE = {
    "entities": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xx">]><prestashop>&x;</prestashop>',
    "external": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><prestashop>&x;</prestashop>',
    "document type": b'<!DOCTYPE a SYSTEM "http://127.0.0.1/x.dtd"><prestashop><api/></prestashop>',
    "deep": b"<a>" * 10_000,
    "cut": b"<prestashop><api>",
    "encoding": b'<?xml version="1.0" encoding="no-such"?><prestashop/>',
    "not XML": b"prestashop",
    "nothing": b"",
    "two roots": b"<prestashop/><prestashop/>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_is_refused(name):
    with pytest.raises(MarkupError):
        read_xml(HOSTILE[name])


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_xml_in_an_answer_is_an_answer_of_the_wrong_kind(name):
    reply = Reply(
        200, b"<!-- <prestashop -->" * (name != "nothing") + HOSTILE[name], {"content-type": "text/xml"}
    )

    async def root(store):
        return await store.check(now=NOW)

    with pytest.raises(errors.RemoteError):
        using(reply, root)


def test_what_is_written_reads_back_the_same():
    fields = {"id": "1", "tracking_number": "A&B <\"x\"> 'é'"}
    (resource,) = read_xml(write_xml("order_carrier", fields)).children
    assert {field.name: field.text for field in resource.children} == fields
