"""What may be asked of a platform without credentials, so that nothing can ever change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from integrations.access.classify import Application
from integrations.answer import Answer


class WrongKey(NamedTuple):
    """A request whose key exists nowhere: whether the application complains of *that* key, or of none,
    tells whether the header arrives."""

    path: str
    """Below the API's root."""
    auth: Callable[[datetime], Callable[[str, str], Mapping[str, str]]]
    """From now to what makes, of method and exact URL, the header with a key that nobody has."""
    arrived: Callable[[Answer], bool | None]
    """True: it complained of the key; False: of having none; None: it cannot be told."""


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """How a platform is asked, and how its own answers are recognised.

    Every target is an order or a route that exists nowhere, asked without credentials: the application
    refuses before it looks at anything. Why that is so, and was tried, per platform: docs/probing.md.
    """

    application: Application
    default_root: str
    """Path of the API below the store's address, without slashes around it; a setting may differ."""
    target: str
    """Below the root: an order that cannot exist, on the path that real traffic takes."""
    methods: tuple[str, ...]
    """In the order they are asked; GET comes first where it is asked at all."""
    write_methods: tuple[str, ...]
    """Methods without which a hub cannot write tracking numbers on this platform."""
    elsewhere: str = ""
    """Below the root, with ``{nonce}``: a route that exists nowhere; empty: there is no harmless one."""
    content: Mapping[str, bytes] = field(default_factory=dict)
    """Bodies by method, sent as JSON; methods not named are sent without one."""
    head_passed: Callable[[Answer], bool] | None = None
    """Recognises the application by the headers of an answer to HEAD. None: HEAD is not asked."""
    options_passed: Callable[[Answer], bool] | None = None
    """Recognises the application's answer to OPTIONS where that is a success."""
    wrong_key: WrongKey | None = None
