"""Good answers that were changed a little: whatever is read of them, nothing breaks but their own reading."""

import math
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.fuzz.conftest import LONG
from tests.fuzz.test_bad_answers import harm
from tests.fuzz.world import BAD, World

pytestmark = pytest.mark.integration

PER_BATCH = 60
"""About so many requests of a batch can be answered with changes."""
ODD: list[Any] = [
    None, True, False, -1, 0, 1, 2**31, 2**63 - 1, -(2**63), 0.5, -0.0, 1e308, "", " ", "x", "0", "-1", "NaN",
    "Infinity", "9" * 5_000, "a" * 20_000, "0000-00-00 00:00:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "2026-11-22T12:00:00Z", "\u0000", "\u202e", "<script>", "http://[", "https://",
    "//host", "../..", [], [None], [[]], {}, {"": None}, [{}] * 300,
]  # fmt: skip
DEEDS = ("drop", "replace", "repeat", "wrap", "unwrap", "rename", "swap", "cut", "flip")

changes = st.lists(
    st.tuples(st.sampled_from(DEEDS), st.integers(0, 10**6), st.sampled_from(range(len(ODD)))),
    min_size=1,
    max_size=4,
)


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) in the document, in a stable order."""
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    while waiting:
        inner = waiting.pop(0)
        if isinstance(inner, dict | list):
            keys = list(inner) if isinstance(inner, dict) else range(len(inner))
            found += [(inner, key) for key in keys]
            waiting += [inner[key] for key in keys]
    return found


def change(document: Any, deed: str, number: int, odd: Any) -> None:
    everywhere = places(document)
    if not everywhere:
        return
    inner, key = everywhere[number % len(everywhere)]
    value = inner[key]
    if deed == "drop":
        del inner[key]
    elif deed == "replace":
        inner[key] = odd
    elif deed == "repeat" and isinstance(inner, list):
        inner.insert(key, value)
    elif deed == "wrap":
        inner[key] = [value]
    elif deed == "unwrap" and isinstance(value, list):
        inner[key] = value[0] if value else None
    elif deed == "rename" and isinstance(inner, dict):
        inner[key + "_"] = inner.pop(key)
    elif deed == "swap":
        inner[key] = str(value) if isinstance(value, int | float) else {"value": value}


def changed(body: bytes, deeds: list[tuple[str, int, int]], salt: int) -> bytes:
    """The body after all the deeds; each request is changed elsewhere, by its ``salt``."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    if document is not None:
        for deed, number, odd in deeds:
            change(document, deed, number + salt, ODD[odd])
        body = orjson.dumps(document, default=str)
    for deed, number, _ in deeds:
        place = (number + salt) % max(len(body), 1)
        if deed == "cut" or (document is None and deed == "drop"):
            body = body[:place]
        elif deed == "flip" and body:
            body = body[:place] + bytes([body[place] ^ (1 << number % 8)]) + body[place + 1 :]
    return body


@settings(
    max_examples=max(6, math.ceil(LONG / PER_BATCH)),
    derandomize=not LONG,
    database=None,
    deadline=None,
    phases=[Phase.generate] if LONG else [Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)
@given(deeds=changes)
def test_changed_answers_break_nothing(world: World, deeds: list[tuple[str, int, int]]) -> None:
    world.forget()
    for name in BAD:
        mount = world.front.mounts[f"/{name}"]
        mount.change = lambda asked, body: changed(body, deeds, sum(asked.encode()))
    world.run_batch()
    assert list(harm(world, set(BAD))) == []
