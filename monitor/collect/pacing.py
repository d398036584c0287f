"""An account's request budget, shared by all workers: one row that says when the next slot is free.

This is the generic cell rate algorithm: each request moves ``free_at`` by 60 s / requests_per_minute,
and may start when its own slot is at most ``BURST`` ahead. Slots are taken a few at a time, so that
a page costs no database round trip of its own.
"""

import asyncio
from datetime import timedelta

from django.db import connection

from monitor.collect.threads import Runner, in_thread

BURST = timedelta(seconds=5)
SLOTS_AT_ONCE = 4

_RESERVE = """
    WITH step AS (
        SELECT id, interval '1 minute' / requests_per_minute AS each
          FROM integrations_account WHERE id = %(account)s)
    INSERT INTO monitor_ratelimit AS r (account_id, free_at)
    SELECT id, clock_timestamp() + %(slots)s * each FROM step
    ON CONFLICT (account_id) DO UPDATE
      SET free_at = GREATEST(r.free_at, clock_timestamp()) + %(slots)s * (SELECT each FROM step)
    RETURNING extract(epoch FROM r.free_at - clock_timestamp()),
              (SELECT extract(epoch FROM each) FROM step)
"""
_PAUSE = """
    INSERT INTO monitor_ratelimit AS r (account_id, free_at)
    VALUES (%(account)s, clock_timestamp() + %(pause_s)s * interval '1 second')
    ON CONFLICT (account_id) DO UPDATE SET free_at = GREATEST(r.free_at, excluded.free_at)
"""


def reserve(account_id: int, slots: int) -> tuple[float, float]:
    """Takes slots; returns seconds until the last of them, and seconds per slot."""
    with connection.cursor() as cursor:
        cursor.execute(_RESERVE, {"account": account_id, "slots": slots})
        ahead, step = cursor.fetchone()
    return float(ahead), float(step)


def pause(account_id: int, duration: timedelta) -> None:
    """No worker gets a slot of this account for ``duration``."""
    with connection.cursor() as cursor:
        # The burst allowance would otherwise let requests start before the pause is over.
        cursor.execute(_PAUSE, {"account": account_id, "pause_s": (duration + BURST).total_seconds()})


class AccountPacer:
    """The :class:`integrations.contracts.Pacer` of one account."""

    def __init__(
        self, account_id: int, run: Runner = in_thread, *, slots_at_once: int = SLOTS_AT_ONCE
    ) -> None:
        self._account_id = account_id
        self._run = run
        self._slots_at_once = slots_at_once
        self._slots: list[float] = []
        """Loop times at which the reserved requests may start, latest first."""
        self._lock = asyncio.Lock()

    async def acquire(self) -> None:
        async with self._lock:
            loop = asyncio.get_running_loop()
            if not self._slots:
                ahead, step = await self._run(reserve, self._account_id, self._slots_at_once)
                last = loop.time() + ahead - BURST.total_seconds()
                self._slots = [last - step * n for n in range(self._slots_at_once)]
            start = self._slots.pop()
        await asyncio.sleep(max(0.0, start - loop.time()))

    async def pause(self, duration: timedelta) -> None:
        self._slots.clear()
        await self._run(pause, self._account_id, duration)
