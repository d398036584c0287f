"""One answer of a remote, as it came."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.utils.translation import gettext as _

from integrations.contracts import PhaseTimings
from integrations.errors import UnexpectedAnswer

LONGEST_PATIENCE = timedelta(hours=24)
_ZERO = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, decompressed. Holds secrets and personal data: never stored, never logged."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names are case-insensitive when made by RemoteClient, lower case otherwise."""
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    method: str = "GET"
    user_agent: str = ""
    at: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    timings: PhaseTimings = field(default_factory=PhaseTimings)
    tls_expires_at: datetime | None = None
    serial: int = 0
    """Distinguishes the answers of one client."""

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    @property
    def payload(self) -> bytes:
        """The body without what plug-ins put before JSON (byte order marks and blanks), and without
        zeros in its texts: PostgreSQL stores none, so one would keep back all that came with it."""
        body = self.body.lstrip(b"\xef\xbb\xbf \t\r\n")
        return _ZERO.sub(rb"\1", body) if b"\\u0000" in body else body

    @property
    def looks_like_json(self) -> bool:
        return self.payload[:1] in (b"{", b"[")

    @property
    def looks_like_html(self) -> bool:
        kind = self.headers.get("content-type", "").replace("xhtml", "")
        return self.payload[:1] == b"<" and "xml" not in kind

    def text(self, limit: int = 65_536) -> str:
        """The first bytes as text; what is not UTF-8 is replaced."""
        return self.body[:limit].decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON. Raises UnexpectedAnswer."""
        try:
            return orjson.loads(self.payload)
        except orjson.JSONDecodeError as error:
            raise UnexpectedAnswer(not_json(self)) from error

    def retry_after(self) -> timedelta | None:
        """What the Retry-After header asks for (RFC 9110, 10.2.3), at most a day."""
        value = self.headers.get("retry-after", "").strip()
        if not value:
            return None
        try:
            wait = timedelta(seconds=float(value)) if value[0].isdigit() else _until(value, self.at)
        except (ValueError, OverflowError):
            return None
        return min(max(wait, timedelta(0)), LONGEST_PATIENCE)


def _until(http_date: str, at: datetime) -> timedelta:
    moment = parsedate_to_datetime(http_date)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - at


def not_json(answer: Answer) -> str:
    """A sentence: what came instead of JSON."""
    if not answer.payload:
        sentence = _("%(host)s answered %(status)d with nothing in it.")
    elif answer.looks_like_html:
        sentence = _("%(host)s answered %(status)d with a web page instead of data.")
    else:
        sentence = _("%(host)s answered %(status)d with something that is not JSON.")
    return sentence % {"host": answer.host, "status": answer.status}
