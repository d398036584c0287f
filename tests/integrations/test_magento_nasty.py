"""Whatever a Magento shop answers, every ability ends with records or a RemoteError.

No success is claimed that was not seen.
"""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import errors
from integrations.contracts import CheckState, Parcel, Target, Watermark
from integrations.opening import open_store

from .remote import LOCAL, NOW, PatientPacer, Reply, json_reply, remote
from .test_nasty_answers import JSON, NASTY

pytestmark = pytest.mark.integration
KEYS = dict.fromkeys(("consumer_key", "consumer_secret", "access_token", "access_token_secret"), "k" * 32)
ORDER = {
    "entity_id": 7,
    "increment_id": "000000007",
    "state": "processing",
    "status": "processing",
    "created_at": "2026-11-22 11:00:00",
    "updated_at": "2026-11-22 11:00:00",
}
GOOD = {
    "orders": {"items": [ORDER], "total_count": 1},
    "orders/7": ORDER,
    "shipments": {"items": None, "total_count": 0},
    "store/storeConfigs": [{"timezone": "Europe/Paris", "weight_unit": "kgs"}],
}
"""By path below the API; everything else answers nastily, and each of these in turn."""


async def abilities(url):
    """(what came back by ability, what was raised)"""
    raised, results = [], {}
    async with open_store(Target("x", url, KEYS, {}), "magento", policy=LOCAL, pacer=PatientPacer()) as store:

        async def orders():
            return [page async for page in store.read_orders(Watermark(NOW), now=NOW)]

        for name, deed in {
            "orders": orders(),
            "check": store.check(now=NOW),
            "test": store.test_connection(now=NOW),
            "probe": store.probe(["Sendcloud/1.0.0"], now=NOW),
            "read": store.read_tracking(["7", "8"], now=NOW),
            "write": store.write_tracking("7", [Parcel("3SABC0001234", "postnl")], now=NOW),
            "whole": store.read_full_orders(["7"], now=NOW),
        }.items():
            try:
                results[name] = await deed
            except errors.RemoteError as error:
                raised.append(error)
        assert all(len(call.detail) <= 300 and len(call.excerpt) <= 500 for call in store.calls())
    assert all(str(error) for error in raised)
    return results, raised


def serve(nasty, good):
    def answer(asked):
        path = asked.path.rpartition("/rest/V1/")[2]
        return json_reply(good[path]) if path in good and asked.method == "GET" else nasty

    async def go():
        async with remote(answer) as served:
            return await abilities(served.url)

    return asyncio.run(asyncio.wait_for(go(), 40))


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_answer_is_an_error_of_ours_and_never_a_success(name):
    results, raised = serve(NASTY[name], {})
    assert raised
    assert not results["test"].ok
    assert {"orders", "write", "read", "check"}.isdisjoint(results)


@pytest.mark.parametrize("spoiled", GOOD)
@pytest.mark.parametrize("name", ["truncated", "deep", "null", "wrong types", "html", "closed", "bomb"])
def test_no_number_is_called_written_when_any_answer_on_the_way_was_nasty(name, spoiled):
    results, raised = serve(NASTY[name], {path: GOOD[path] for path in GOOD if path != spoiled})
    assert "write" not in results
    assert raised
    checks = results["check"].checks if "check" in results else ()
    assert all(check.state is not CheckState.OK or check.code == "clock_skew" for check in checks)


@pytest.mark.parametrize("kind", ["ignores filters", "same page for ever", "endless"])
def test_a_shop_that_overlooks_what_it_is_asked_is_not_believed(kind):
    """Another order's shipment is not this one's, and no list is read for ever."""

    def answer(asked):
        if asked.method == "POST" or "orders" in asked.path:
            return json_reply({"message": "Internal Error. Report ID: webapi-1"}, 500)
        query = asked.query
        after = int(query.get("searchCriteria[filterGroups][1][filters][0][value]", 0))
        first = {"ignores filters": 1, "same page for ever": 5, "endless": after + 1}[kind]
        total = 1 if kind == "ignores filters" else 10**6
        number = "3SABC0001234" if kind == "ignores filters" else "3SOTHER"
        rows = [
            {"entity_id": first + n, "order_id": 999, "tracks": [{"track_number": number}]}
            for n in range(1 if total == 1 else 100)
        ]
        return json_reply({"items": rows, "total_count": total})

    async def go():
        async with remote(answer) as served:
            target = Target("x", served.url, KEYS, {})
            async with open_store(target, "magento", policy=LOCAL, pacer=PatientPacer()) as store:
                return await store.write_tracking("7", [Parcel("3SABC0001234", "postnl")], now=NOW)

    with pytest.raises(errors.RemoteError):
        asyncio.run(asyncio.wait_for(go(), 40))


NAMES = (
    *("items", "total_count", "message", "parameters", "resources", "entity_id", "order_id", "tracks"),
    *("track_number", "created_at", "updated_at", "status", "state", "timezone", "weight_unit", "is_virtual"),
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=documents, status=st.sampled_from([200, 200, 400, 401, 404, 405, 429, 500, 503]))
def test_json_of_any_shape_never_escapes(document, status):
    results, _raised = serve(Reply(status, json.dumps(document).encode(), JSON), {})
    assert "write" not in results or not results["write"].written
