"""What tests start: a sandbox of a few shops, and a mail sink, on free ports.

>>> with running_sandbox(small_fleet(shops=[shop("boutique")]), tmp_path) as sandbox:
...     sandbox.add_orders("boutique", 3)
...     sandbox.import_now(1)
"""

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from integrations.sandbox.client import Mailbox, Sandbox
from integrations.sandbox.fleet import AccountSpec, FleetSpec, IntegrationSpec, Platform, ShopSpec
from integrations.sandbox.hub.app import HubProcess
from integrations.sandbox.mail.web import MailProcess
from integrations.sandbox.shops.app import ShopsProcess
from integrations.sandbox.threads import free_port, serving

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
"""Where the clocks of a small fleet stand at first."""
ACCOUNT = "hub"


def shop(name: str, platform: Platform = "woocommerce", **fields: Any) -> ShopSpec:
    """A shop without traffic of its own, unless ``orders_per_day`` is given."""
    return ShopSpec(name, name.replace("-", " ").title(), platform, **fields)


def small_fleet(shops: Sequence[ShopSpec], *, now: datetime | None = NOW, **fields: Any) -> FleetSpec:
    """Each shop in one hub account, integrations numbered from 1, nothing imported but when told to.

    ``now=None``: clocks run, and begin at the real time.
    """
    integrations = tuple(IntegrationSpec(number, ACCOUNT, s.name) for number, s in enumerate(shops, start=1))
    defaults: dict[str, Any] = {
        "accounts": (AccountSpec(ACCOUNT, "Test hub", operator_refresh=True),),
        "integrations": integrations,
        "history_days": 0,
        "auto": False,
        "frozen": now is not None,
        "started_at": (now or datetime.now(UTC)).timestamp(),
    }
    return FleetSpec(shops=tuple(shops), **{**defaults, **fields})


@contextlib.contextmanager
def running_sandbox(fleet: FleetSpec, state: Path) -> Iterator[Sandbox]:
    """Shops and hub in threads of this process. A second run with the same ``state`` goes on from it."""
    with (
        serving(ShopsProcess(fleet, state).app) as shops_url,
        serving(HubProcess(fleet, state, shops_url).app) as hub_url,
        contextlib.closing(Sandbox(fleet, shops_url, hub_url)) as sandbox,
    ):
        yield sandbox


@contextlib.contextmanager
def running_mail(state: Path) -> Iterator[Mailbox]:
    """A mail sink in a thread of this process."""
    smtp_port = free_port()
    with (
        serving(MailProcess(state, smtp_port).app) as url,
        contextlib.closing(Mailbox(smtp_port, url)) as mailbox,
    ):
        yield mailbox
