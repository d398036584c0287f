"""What a key may do, as the root of the webservice tells it: per resource and verb."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_noop as _noop

from integrations.contracts import CheckState
from integrations.prestashop.recognition import major_version, version_of
from integrations.prestashop.tracking import FIRST_WITH_PATCH

if TYPE_CHECKING:
    from integrations.answer import Answer
    from integrations.prestashop.adapter import PrestaShopStore

VERBS = ("GET", "PUT", "POST", "PATCH", "DELETE", "HEAD")


@dataclass(frozen=True, slots=True)
class Right:
    """A right that is used, and what is lost without it."""

    resource: str
    verb: str
    missing: CheckState
    """How bad its absence is."""
    without: str


@dataclass(frozen=True, slots=True)
class Root:
    """The root document."""

    allowed: Mapping[str, frozenset[str]]
    version: str
    major: int

    def has(self, right: Right) -> bool:
        return right.verb in self.allowed.get(right.resource, ())

    def used(self, *, states_are_configured: bool) -> tuple[Right, ...]:
        """The rights this shop's version needs."""
        states = CheckState.WARN if states_are_configured else CheckState.FAIL
        verb = "PATCH" if self.major >= FIRST_WITH_PATCH else "PUT"
        return (
            Right("orders", "GET", CheckState.FAIL, _noop("Orders cannot be read.")),
            Right("order_states", "GET", states, _noop("Which orders are due cannot be told by the shop.")),
            Right(
                "configurations", "GET", CheckState.WARN,
                _noop("The shop's time zone cannot be read; the one entered here is used."),
            ),
            Right(
                "order_carriers", "GET", CheckState.WARN,
                _noop("Only the first tracking number of an order can be read."),
            ),
            Right("order_carriers", verb, CheckState.INFO, _noop("Tracking numbers cannot be written.")),
        )  # fmt: skip


async def read_root(store: PrestaShopStore, *, now: datetime) -> tuple[Root, Answer]:
    """Asks in XML: in JSON PrestaShop 8 and 9 fail with an empty answer here. Raises RemoteError."""
    document, answer = await store.api.element("GET", "", now=now)
    allowed = {
        resource.name: frozenset(verb for verb in VERBS if resource.attributes.get(verb.lower()) == "true")
        for resource in document.children
    }
    return Root(allowed, version_of(answer), major_version(answer)), answer
