"""What the laboratory sets up: one way to break the way to a shop, or one that only looks odd."""

import ssl
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from integrations.access.fixes.records import Fix
from integrations.access.records import Cause, Diagnosis, Layer, Subject
from integrations.guard import GuardPolicy
from integrations.http import Patience
from integrations.sandbox.client import Sandbox

US, HUB, STRANGER = "127.0.0.1", "127.0.0.2", "127.0.0.3"
"""From where one asks: Syncwatch, the hub's servers, anybody else."""
SCANNER = "sqlmap/1.7.2#stable (https://sqlmap.org)"
ORDERS = "/wp-json/wc/v3/orders/0"


@dataclass(frozen=True, slots=True)
class Site:
    """The shop behind a server, and where the server may keep its files."""

    shop_url: str
    """Of the sandbox shop, without a slash at its end."""
    folder: Path
    """Empty, of its own."""
    shop: str
    sandbox: Sandbox


class Front(Protocol):
    """A real server in front of a shop."""

    @property
    def url(self) -> str:
        """The shop's address as a hub has it."""

    def apply(self, fix: Fix) -> bool:
        """Puts a fix's text, letter by letter, at its place, and runs its check.

        False: what the fix's own command looks for is not there, so it is not this one.
        """


Serve = Callable[[Site, bool], AbstractContextManager[Front]]
"""Starts a server in front of a site; the flag says whether it is broken."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that somebody makes."""

    method: str = "GET"
    path: str = ORDERS
    agent: str = SCANNER
    source: str = STRANGER
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    times: int = 1
    """So often in a row; the last answer counts."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What a diagnosis must name. Where several words are right, all of them are given."""

    cause: Cause | tuple[Cause, ...]
    layer: Layer | tuple[Layer, ...]
    subject: Subject | tuple[Subject, ...]
    product: str | tuple[str, ...] = ()
    """Empty: whichever."""
    agents: tuple[str, ...] | None = None
    """``None``: not compared."""
    methods: tuple[str, ...] | None = None
    """``None``: not compared."""

    def names(self, diagnosis: Diagnosis) -> bool:
        """Whether a diagnosis says it."""
        pairs = (
            (self.cause, diagnosis.cause),
            (self.layer, diagnosis.layer),
            (self.subject, diagnosis.subject),
            (self.product, diagnosis.product),
        )
        return (
            all(named in _several(due) for due, named in pairs if due != ())
            and (self.agents is None or set(self.agents) == set(diagnosis.agents))
            and (self.methods is None or set(self.methods) == set(diagnosis.methods))
        )

    def __str__(self) -> str:
        words = (self.cause, self.layer, self.subject, self.product)
        return ", ".join("/".join(_several(word)) for word in words if word != ())


def _several(words: Any) -> tuple[Any, ...]:
    return words if isinstance(words, tuple) else (words,)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One thing to set up."""

    name: str
    """``nginx: User-Agent rule in the server``; the table is sorted by it."""
    serve: Serve
    faults: tuple[Fault, ...] = ()
    """The first is the root cause. Empty: nothing hinders the hub, and nothing may be said to."""
    closes: bool = False
    """The printed fixes are changes to this server: they are made, and the hub must pass."""
    stays_refused: tuple[Ask, ...] = ()
    """Refused while it is broken, and by the same status when it is mended."""
    hub_meets: tuple[Ask, ...] = ()
    """Asked as the hub, from its addresses; refusals become rows of the hub's log. Pass when it is mended."""
    platform: str = "woocommerce"
    methods: tuple[str, ...] = ()
    """Only these of the platform's; empty: all."""
    looks_around: bool = False
    """Name, certificate and redirects are looked at too."""
    read_log: Callable[[Front, Sequence[Fix]], Any] | None = None
    """From the server and the fixes without its log to its log (a ServerLog), read as those fixes say."""
    tls: Callable[[], ssl.SSLContext] | None = None
    """Whom the client trusts; ``None``: whom it usually does."""
    policy: GuardPolicy | None = None
    """Where names lead; ``None``: as the system says."""
    patience: Patience | None = None
    """``None``: a few seconds."""
    settled: bool = True
    """Whether the shop passes before it is broken; False: there is no such state."""
