"""Sandboxes that the tests share."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from integrations.sandbox.client import Mailbox, Sandbox
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.testing import running_mail, running_sandbox, shop, small_fleet

FIXTURES = Path(__file__).parent / "fixtures"


def recorded(name: str) -> Any:
    return json.loads((FIXTURES / name).read_text())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[FleetSpec], Sandbox]]:
    """Starts a sandbox that ends with the test."""
    with ExitStack() as running:
        yield lambda fleet: running.enter_context(running_sandbox(fleet, tmp_path / "state"))


@pytest.fixture
def sandbox(start: Callable[[FleetSpec], Sandbox]) -> Sandbox:
    """A WooCommerce shop ``woo`` (integration 1) and a Shopify shop ``fy`` (2); the clocks stand still."""
    return start(small_fleet([shop("woo", behind_tls_proxy=True), shop("fy", "shopify")]))


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    with running_mail(tmp_path / "mail") as mailbox:
        yield mailbox
