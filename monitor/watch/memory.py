"""What the watchdog remembers: what is bad, what was told, and what is still to be told. Pure.

A check is told once it was bad in several looks in a row, told again when a warning became a failure, and
told to be over after several good looks. What several checks say at once goes into one letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final

from pydantic import BaseModel

from monitor.health.states import State
from monitor.watch.checks import Check

OVER_AFTER: Final = 3
"""Good looks in a row after which a trouble is over, so that one that comes and goes is told once."""
GIVE_UP_AFTER: Final = timedelta(days=2)
"""A letter that could not be sent for so long tells nothing that helps."""


class Person(BaseModel, frozen=True):
    """Who is told about Syncwatch itself."""

    email: str
    language: str = "en"
    time_zone: str = "UTC"


class Item(BaseModel, frozen=True):
    """What a letter says about one check."""

    name: str
    state: State
    text: str
    remedy: str = ""
    values: dict[str, Any] = {}
    since: datetime


class Letter(BaseModel):
    """A mail to everybody in ``left``, who have not got it yet."""

    stem: str
    """With the recipient it makes the Message-ID: the same however often the letter is sent."""
    is_over: bool
    at: datetime
    items: list[Item]
    reply_to: str = ""
    """Stem of the letter that told of the trouble."""
    left: list[Person]


class Held(BaseModel):
    """One check that is bad, or was told as such and is not over yet."""

    since: datetime
    state: State
    values: dict[str, Any] = {}
    bad: int = 0
    """Looks in a row in which it was bad."""
    good: int = 0
    told: State | None = None
    stem: str = ""
    """Of the first letter about it."""


class Memory(BaseModel):
    """All of it; kept as JSON."""

    held: dict[str, Held] = {}
    letters: list[Letter] = []
    people: list[Person] = []
    """Whom the last look at the database named."""


def settle(memory: Memory, checks: Sequence[Check], people: Sequence[Person], now: datetime) -> Memory:
    """The memory after one more look; new letters are at the end of its letters."""
    held = {name: one.model_copy() for name, one in memory.held.items()}
    seen = {check.name: check for check in checks}
    bad, over = [], []
    for check in checks:
        if check.state.is_bad and _is_news(_noted(held, check, now), check):
            bad.append(check)
    for name, one in list(held.items()):
        if name in seen and seen[name].state.is_bad:
            continue
        one.bad, one.good = 0, one.good + 1
        if one.told is None or one.good >= OVER_AFTER:
            del held[name]
            if one.told is not None:
                over.append((name, one))
    letters = [letter for letter in memory.letters if letter.left and now - letter.at < GIVE_UP_AFTER]
    if bad and people:
        letters.append(_trouble(bad, held, people, now))
    if people:
        letters += _recoveries(over, people, now)
    return Memory(held=held, letters=letters, people=list(people))


def _noted(held: dict[str, Held], check: Check, now: datetime) -> Held:
    one = held.setdefault(check.name, Held(since=check.since or now, state=check.state))
    one.bad, one.good = one.bad + 1, 0
    one.state, one.values = check.state, dict(check.values)
    return one


def _is_news(one: Held, check: Check) -> bool:
    if check.because or one.bad < check.patience:
        return False
    return one.told is None or (one.told is State.WARN and check.state is State.FAIL)


def _trouble(
    checks: Sequence[Check], held: dict[str, Held], people: Sequence[Person], now: datetime
) -> Letter:
    items = []
    for check in checks:
        since = held[check.name].since
        items.append(
            Item(
                name=check.name, state=check.state, text=check.text, remedy=check.remedy,
                values=dict(check.values), since=since,
            )
        )  # fmt: skip
    stem = _stem("trouble", items, now)
    reply_to = next((held[check.name].stem for check in checks if held[check.name].stem), "")
    for check in checks:
        one = held[check.name]
        one.told, one.stem = check.state, one.stem or stem
    return Letter(stem=stem, is_over=False, at=now, items=items, reply_to=reply_to, left=list(people))


def _recoveries(over: Sequence[tuple[str, Held]], people: Sequence[Person], now: datetime) -> list[Letter]:
    """One letter for each that told of the trouble: an answer belongs into one thread."""
    letters = []
    for stem in dict.fromkeys(one.stem for _name, one in over):
        items = [
            Item(name=name, state=State.OK, text="", values=one.values, since=one.since)
            for name, one in over
            if one.stem == stem
        ]
        letters.append(
            Letter(
                stem=_stem("over", items, now), is_over=True, at=now, items=items, reply_to=stem,
                left=list(people),
            )
        )  # fmt: skip
    return letters


def _stem(step: str, items: Sequence[Item], now: datetime) -> str:
    words = [step, now.isoformat(), *(f"{item.name} {item.state} {item.since.isoformat()}" for item in items)]
    return sha256("\n".join(words).encode()).hexdigest()[:24]
