"""Times the phases of a request inside the transport, where the event loop's own queue does not count."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ssl import SSLObject, cert_time_to_seconds
from time import perf_counter
from typing import Any

from integrations.contracts import PhaseTimings


class Stopwatch:
    """Listens to httpcore's trace events of one request."""

    __slots__ = ("_marks", "_resolved", "tls_expires_at")

    def __init__(self) -> None:
        self._marks: dict[str, float] = {}
        self._resolved = 0.0
        self.tls_expires_at: datetime | None = None

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's ``trace`` extension."""
        self._marks[event] = perf_counter()
        if event == "connection.start_tls.complete":
            self.tls_expires_at = _expiry(info["return_value"].get_extra_info("ssl_object"))

    @property
    def connected(self) -> bool:
        """Whether a connection was made for this request; a kept one served it else."""
        return "connection.connect_tcp.started" in self._marks

    def name_resolved(self) -> None:
        self._resolved = perf_counter()

    def timings(self) -> PhaseTimings:
        """Milliseconds per phase. Phases that did not happen (a kept connection) are 0."""
        begun = self._marks.get("connection.connect_tcp.started", 0.0)
        sent = self._marks.get("http11.send_request_headers.started", 0.0)
        heard = self._marks.get("http11.receive_response_headers.complete", 0.0)
        return PhaseTimings(
            resolve=_milliseconds(begun, self._resolved),
            connect=_milliseconds(self._resolved, self._marks.get("connection.connect_tcp.complete", 0.0)),
            tls=self._phase("connection.start_tls"),
            wait=_milliseconds(sent, heard),
            transfer=_milliseconds(heard, perf_counter()),
        )

    def _phase(self, event: str) -> float:
        return _milliseconds(
            self._marks.get(f"{event}.started", 0.0), self._marks.get(f"{event}.complete", 0.0)
        )


def _milliseconds(start: float, end: float) -> float:
    return round((end - start) * 1000, 3) if start and end >= start else 0.0


def _expiry(tls: SSLObject | None) -> datetime | None:
    certificate = tls.getpeercert() if tls else None
    if not certificate or "notAfter" not in certificate:
        return None
    return datetime.fromtimestamp(cert_time_to_seconds(str(certificate["notAfter"])), UTC)
