"""What was changed in a zone between two audits, in a form for people."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.cloudflare.snapshot import differences

from .cloudflare import HOSTED, SELF_HOSTED, running_edge


@pytest.fixture
def edge():
    with running_edge() as running:
        yield running


def change(edge, host, **faults):
    before = edge.audit(host).snapshot
    after = edge.wrong(**faults).audit(host).snapshot
    return [tuple(difference.values()) for difference in differences(before, after)]


@pytest.mark.integration
@pytest.mark.parametrize(
    ("host", "faults", "expected"),
    [
        (HOSTED, {}, []),
        (HOSTED, {"rocket_loader": {}}, [("rocket_loader", "off", "on")]),
        (HOSTED, {"paused": {}}, [("zone > paused", "off", "on")]),
        (
            HOSTED,
            {"unproxied": {}},
            [(f"dns_records > {HOSTED} > proxied", "on", "off")],
        ),
        (HOSTED, {"worker": {}}, [("workers_routes > */*", "", "pattern: */*, script: shop-helper")]),
        (SELF_HOSTED, {"bot_fight_mode": {}}, [("bot_management > fight_mode", "off", "on")]),
        (
            SELF_HOSTED,
            {"custom_rule": {"description": "Block bots", "expression": "true"}},
            [
                (
                    "http_request_firewall_custom > Block bots",
                    "",
                    "action: block, description: Block bots, enabled: on, expression: true",
                )
            ],
        ),
    ],
)
def test_a_change_is_told_as_what_was_and_what_is(edge, host, faults, expected):
    assert change(edge, host, **faults) == expected


@pytest.mark.integration
def test_a_rule_that_was_edited_tells_only_what_is_new_in_it(edge):
    edge.wrong(custom_rule={"description": "Block bots"})
    assert change(edge, HOSTED, custom_rule={"description": "Block bots", "enabled": False}) == [
        ("http_request_firewall_custom > Block bots > enabled", "on", "off")
    ]


@pytest.mark.integration
def test_a_part_that_one_audit_could_not_read_is_no_change(edge):
    before = edge.wrong(worker={}).audit().snapshot
    after = edge.refuse("permission_missing", names=["workers/routes", "settings/"]).audit().snapshot
    assert differences(before, after) == []
    assert "workers_routes" not in after


@pytest.mark.integration
def test_a_snapshot_can_be_kept_and_is_the_same_the_second_time(edge):
    edge.wrong(custom_rule={}, worker={}, page_rule={}, caa={})
    first, second = edge.audit().snapshot, edge.audit().snapshot
    assert orjson.loads(orjson.dumps(first)) == first
    assert first == second
    assert "version" not in orjson.dumps(first).decode()


@pytest.mark.unit
def test_of_a_long_text_the_part_that_changed_is_shown():
    before, after = ({"rules": {"1": {"expression": "x" * 900 + end}}} for end in ("old", "new"))
    (change,) = differences(before, after)
    assert (change["before"][-3:], change["after"][-3:]) == ("old", "new")


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
SNAPSHOTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES)


@pytest.mark.unit
@given(SNAPSHOTS, SNAPSHOTS)
def test_every_change_of_what_both_know_is_told(before, after):
    found = differences(before, after)
    shared = before.keys() & after.keys()
    assert bool(found) == any(before[part] != after[part] for part in shared)
    assert all(set(row) == {"what", "before", "after"} for row in found)
    assert all(len(row["before"]) <= 200 and len(row["after"]) <= 200 for row in found)
