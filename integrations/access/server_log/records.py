"""Refused requests as servers noted them. Of a visitor nothing is kept but the address."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

AGENT = "REQUEST_HEADERS:User-Agent"
"""The variable of rules that go by User-Agent."""


class Kind(StrEnum):
    """What refused."""

    RULE = "rule"
    """A rule of ModSecurity."""
    REQUIRE = "require"
    """Apache's ``Require``, also inside ``<Limit>`` and ``<LimitExcept>``."""
    DENY = "deny"
    """``Deny from`` of Apache's old style; ``deny`` or ``limit_except`` of nginx."""
    METHODS = "methods"
    """Apache's ``AllowMethods``."""
    SIGN_IN = "sign_in"
    RATE = "rate"
    BROKEN = "broken"
    """A ``.htaccess`` that Apache does not understand."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of ModSecurity, or one message number of Apache (``AH01630``), that had a part in it."""

    id: str
    variable: str = ""
    """What it looked at: ``REQUEST_METHOD``, ``REQUEST_HEADERS:User-Agent``, ``ARGS:note``."""
    pattern: str = ""
    """What it looked for there."""
    message: str = ""
    """Its own words."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused request. What a line does not say is empty."""

    server: str
    """``ModSecurity``, ``Apache``, ``nginx``"""
    kind: Kind
    rules: tuple[Rule, ...] = ()
    """The rules without which the request would have passed, worst first."""
    message: str = ""
    """Of a broken file: its path and what is wrong."""
    status: int | None = None
    """``None``: not said, or the connection was closed."""
    client: str = ""
    is_expected: bool = False
    """It was one of those whose requests are meant: the hub."""
    method: str = ""
    path: str = ""
    """Without query."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerLog:
    """What was refused, newest first."""

    refusals: tuple[Refusal, ...] = ()
