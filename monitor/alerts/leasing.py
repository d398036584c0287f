"""The lease of the notice that is being sent: short, and renewed for as long as sending takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from types import TracebackType
from typing import Final, Self

import structlog
from django.db import DatabaseError, connection
from django.utils import timezone

from monitor.models import Notice

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=60)
"""So long what a killed worker was sending waits for another."""
RENEW_EVERY_S: Final = 15.0


class Lease:
    """Renews the lease of what one deliverer is sending. Mail servers may take minutes to answer; a lease as
    long as their patience would make what a killed worker held late by as much."""

    def __init__(self) -> None:
        self._notice: Notice | None = None
        self._over = Event()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    @contextmanager
    def of(self, notice: Notice) -> Iterator[None]:
        """Keeps the lease of ``notice`` meanwhile."""
        if self._thread is None:
            self._thread = Thread(target=self._keep, daemon=True, name="lease")
            self._thread.start()
        self._notice = notice
        try:
            yield
        finally:
            self._notice = None

    def _keep(self) -> None:
        while not self._over.wait(RENEW_EVERY_S):
            notice = self._notice
            if notice is None:
                continue
            mine = Notice.objects.filter(pk=notice.pk, lease_token=notice.lease_token)
            try:
                mine.update(lease_until=timezone.now() + LEASE)
            except DatabaseError:
                # The next round tries again; if none succeeds, somebody else takes over.
                log.warning("a lease could not be renewed", notice=notice.pk, exc_info=True)
            finally:
                connection.close()
