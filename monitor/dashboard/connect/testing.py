"""The live test of a connection: what is needed, what of it is there, and what to do about the rest."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import ValidationError

from integrations.contracts import ConnectionReport, Need
from integrations.detection.detect import detect
from integrations.detection.records import Detected
from integrations.errors import AddressRefused, RemoteError, TimedOut
from integrations.guard import GuardPolicy
from integrations.models import Account, Store
from integrations.opening import open_edge, open_hub, open_store
from integrations.registry import EDGES
from monitor.dashboard.connect.documents import in_words

DEADLINE_S: Final = 20

Opener = Callable[[], AbstractAsyncContextManager[Any]]


def check_store(store: Store, now: datetime) -> ConnectionReport:
    """Asks the store; takes at most 20 s and never raises for anything the remote does."""
    return _run(lambda: open_store(store.target(), store.platform, policy=_policy()), now)


def check_account(account: Account, now: datetime) -> ConnectionReport:
    """Asks the hub or the operator of zones, as :func:`check_store` does."""
    opened = open_edge if account.kind in EDGES else open_hub
    return _run(lambda: opened(account.target(), account.kind, policy=_policy()), now)


def find_store(typed: str, now: datetime) -> Detected:
    """What shop is at the address; takes at most 20 s. Raises RemoteError."""

    async def ask() -> Detected:
        async with asyncio.timeout(DEADLINE_S):
            return await detect(typed, policy=_policy(), now=now)

    try:
        return asyncio.run(ask())
    except TimeoutError:
        raise TimedOut(
            _("The address did not answer within %(seconds)d seconds.") % {"seconds": DEADLINE_S},
            remedy=_("See whether it answers in a browser, or choose the platform yourself."),
        ) from None


def _policy() -> GuardPolicy:
    return GuardPolicy(settings.SYNCWATCH_ALLOWED_NETWORKS)


def _run(opener: Opener, now: datetime) -> ConnectionReport:
    try:
        return asyncio.run(_ask(opener, now))
    except TimeoutError:
        return _unmet(
            _("The connection"),
            _("The test did not end within %(seconds)d seconds.") % {"seconds": DEADLINE_S},
            _("See whether the address answers in a browser, then test again."),
        )
    except AddressRefused as error:
        return _unmet(
            _("The address"),
            str(error),
            error.remedy
            or _("If this network is yours, the operator can allow it with SYNCWATCH_ALLOWED_NETWORKS."),
        )
    except RemoteError as error:
        return _unmet(_("The connection"), str(error), error.remedy)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in first["loc"])
        return _unmet(
            _("Complete credentials and settings"),
            f"{field}: {in_words(first)}" if field else in_words(first),
            _("Fill in what is missing and save."),
        )


async def _ask(opener: Opener, now: datetime) -> ConnectionReport:
    async with asyncio.timeout(DEADLINE_S), opener() as adapter:
        report: ConnectionReport = await adapter.test_connection(now=now)
        return report


def _unmet(name: str, detail: str, remedy: str) -> ConnectionReport:
    return ConnectionReport(needs=(Need(name=name, met=False, detail=detail, remedy=remedy),))
