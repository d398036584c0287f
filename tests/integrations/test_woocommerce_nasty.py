"""Whatever a WooCommerce shop answers, every ability ends with records or a RemoteError.

No success is claimed that was not seen.
"""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import errors
from integrations.contracts import CheckState, Parcel, Target
from integrations.opening import open_store

from .remote import LOCAL, NOW, PatientPacer, Reply, json_reply, remote
from .test_nasty_answers import JSON, KEYS, NASTY

pytestmark = pytest.mark.integration
ORDER = {
    "id": 7,
    "status": "processing",
    "date_created_gmt": "2026-11-22T11:00:00",
    "date_modified_gmt": "2026-11-22T11:00:00",
}
HOOK = {
    "id": 1,
    "name": "Sendcloud",
    "status": "active",
    "topic": "order.updated",
    "date_created_gmt": "2026-11-22T10:00:00",
}
GOOD = {"orders": [ORDER], "orders/7": ORDER, "orders/7/notes": [], "webhooks": [HOOK]}
"""By path below the API; everything else answers nastily, and each of these in turn."""


async def abilities(url):
    """(what was written, what checks were passed, what was raised)"""
    secrets = {**KEYS["woocommerce"], "webhook_secret": "a-long-secret"}
    target = Target("x", url, secrets, {}, webhook_url="https://watch.example/hook")
    raised, results = [], {}
    async with open_store(target, "woocommerce", policy=LOCAL, pacer=PatientPacer()) as store:
        for name, deed in {
            "check": store.check(now=NOW),
            "read": store.read_tracking(["7", "8"], now=NOW),
            "write": store.write_tracking("7", [Parcel("3SABC0001234", "postnl")], now=NOW),
            "whole": store.read_full_orders(["7"], now=NOW),
            "nudge": store.nudge("7", now=NOW),
            "subscribe": store.subscribe(now=NOW),
        }.items():
            try:
                results[name] = await deed
            except errors.RemoteError as error:
                raised.append(error)
    return results, raised


def serve(nasty, good):
    def answer(asked):
        path = asked.path.rpartition("/wc/v3/")[2]
        return json_reply(good[path]) if path in good and asked.method == "GET" else nasty

    async def go():
        async with remote(answer) as served:
            return await abilities(served.url)

    return asyncio.run(asyncio.wait_for(go(), 30))


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_answer_is_an_error_of_ours_and_never_a_success(name):
    results, raised = serve(NASTY[name], {})
    assert raised
    assert "write" not in results
    assert "subscribe" not in results


@pytest.mark.parametrize("spoiled", [*GOOD, "nothing"])
@pytest.mark.parametrize("name", ["truncated", "deep", "null", "wrong types", "html", "closed", "bomb"])
def test_one_nasty_answer_among_good_ones_breaks_nothing_and_writes_nothing(spoiled, name):
    results, _raised = serve(NASTY[name], {path: GOOD[path] for path in GOOD if path != spoiled})
    assert "write" not in results
    checks = results["check"].checks if "check" in results else ()
    assert all(check.state is not CheckState.OK for check in checks if check.code == "write_right")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "status",
                    "meta_data",
                    "key",
                    "value",
                    "note",
                    "topic",
                    "namespaces",
                    "slug",
                    "line_items",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents=st.lists(_json, min_size=1, max_size=4), good=st.sets(st.sampled_from(sorted(GOOD))))
def test_any_json_at_all_ends_in_records_or_an_error_of_ours(documents, good):
    replies = [Reply(200, json.dumps(each).encode(), JSON) for each in documents]
    asked = []

    async def go():
        def answer(request):
            asked.append(request)
            path = request.path.rpartition("/wc/v3/")[2]
            if path in good:
                return json_reply(GOOD[path])
            return replies[len(asked) % len(replies)]

        async with remote(answer) as served:
            return await abilities(served.url)

    results, _raised = asyncio.run(asyncio.wait_for(go(), 30))
    assert results.keys() <= {"check", "read", "write", "whole", "nudge", "subscribe"}
