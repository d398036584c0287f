"""Reads a body while counting, so that no answer can fill the memory.

What an answer costs is not its length alone: a compressed one unfolds a thousandfold, and a value of two
characters becomes an object of a hundred bytes when it is parsed.
"""

import asyncio
import zlib
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import httpx
from django.utils.translation import gettext as _

from integrations.errors import UnexpectedAnswer

LARGE = 2**20
"""Bytes. Nearly every answer is smaller; larger ones are looked at more closely."""
LARGE_AT_ONCE = 4
"""So many of the answers that one loop reads may be large; others wait for their turn."""
MOST_FOLDED = 200
"""Data unfolds ten- to fiftyfold, a bomb a thousandfold."""
MOST_VALUES = 300_000
"""Of a large answer. A page of 500 orders has some ten thousand."""
_AUTOMATIC = zlib.MAX_WBITS | 32  # gzip or zlib, as the data itself says
_PIECE = 2**18
_BEFORE_VALUES = (b",", b"[", b"{", b"<")
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """Bytes that may come over the wire, and bytes they may unfold to."""

    wire: int = 8 * 2**20
    unfolded: int = 16 * 2**20


async def read_body(response: httpx.Response, limits: SizeLimits, truncate_at: int | None = None) -> bytes:
    """The whole body, decompressed; or its first bytes, about ``truncate_at`` of them.

    Raises UnexpectedAnswer when it is too large, holds too many values, is damaged, or compressed in a way
    that was not asked for.
    """
    request = response.request
    host = request.url.host
    unfold = _unfolding(response, host)
    if truncate_at is None and request.method != "HEAD" and _announced(response) > limits.wire:
        raise _too_large(host, limits.wire)
    pieces: list[bytes] = []
    wire = size = 0
    try:
        async with AsyncExitStack() as turn:
            async for chunk in response.aiter_raw():
                wire += len(chunk)
                for piece in unfold.pieces(chunk) if unfold else (chunk,):
                    pieces.append(piece)
                    if size <= LARGE < size + len(piece):
                        await turn.enter_async_context(turn_of_large_bodies())
                    size += len(piece)
                    if truncate_at is not None and size >= truncate_at:
                        return b"".join(pieces)[:truncate_at]
                    if size > limits.unfolded:
                        raise _too_large(host, limits.unfolded)
                if wire > limits.wire:
                    raise _too_large(host, limits.wire)
            if unfold and wire:
                unfold.finish()
            body = b"".join(pieces)
    finally:
        # An error remembers this frame, and would keep what was read for as long as it is kept itself.
        pieces.clear()
    if size > LARGE and sum(map(body.count, _BEFORE_VALUES)) > MOST_VALUES:
        raise UnexpectedAnswer(
            _("The answer of %(host)s holds more than %(number)d values.")
            % {"host": host, "number": MOST_VALUES}
        )
    return body


def _unfolding(response: httpx.Response, host: str) -> "_Unfolding | None":
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise UnexpectedAnswer(
            _("%(host)s compressed its answer as %(encoding)s, which was not asked for.")
            % {"host": host, "encoding": encoding[:30]}
        )
    return _Unfolding(host)


class _Unfolding:
    """Decompresses one body."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._zlib = zlib.decompressobj(_AUTOMATIC)
        self._wire = self._size = 0

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        """Raises UnexpectedAnswer when the data is damaged, or a bomb."""
        while chunk and not self._zlib.eof:
            try:
                piece = self._zlib.decompress(chunk, _PIECE)
            except zlib.error as error:
                raise UnexpectedAnswer(
                    _("The compressed answer of %(host)s is damaged.") % {"host": self._host}
                ) from error
            self._wire += len(chunk) - len(self._zlib.unconsumed_tail)
            self._size += len(piece)
            if self._size > max(LARGE, MOST_FOLDED * self._wire):
                raise UnexpectedAnswer(
                    _("The compressed answer of %(host)s unfolds to far more than data does.")
                    % {"host": self._host}
                )
            yield piece
            chunk = self._zlib.unconsumed_tail

    def finish(self) -> None:
        """Raises UnexpectedAnswer when more should have come."""
        if not self._zlib.eof:
            raise UnexpectedAnswer(
                _("The compressed answer of %(host)s ends too early.") % {"host": self._host}
            )


def turn_of_large_bodies() -> asyncio.Semaphore:
    """What the running loop's large answers take turns by."""
    return _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(LARGE_AT_ONCE))


def _announced(response: httpx.Response) -> int:
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def _too_large(host: str, limit: int) -> UnexpectedAnswer:
    sentence = _("The answer of %(host)s is larger than %(limit)d MB.")
    return UnexpectedAnswer(sentence % {"host": host, "limit": limit // 2**20})
