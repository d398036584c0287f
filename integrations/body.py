"""Reads a body while counting, so that no answer can fill the memory."""

import zlib
from dataclasses import dataclass

import httpx
from django.utils.translation import gettext as _

from integrations.errors import UnexpectedAnswer

_AUTOMATIC = zlib.MAX_WBITS | 32  # gzip or zlib, as the data itself says


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """Bytes that may come over the wire, and bytes they may unfold to."""

    wire: int = 8 * 2**20
    unfolded: int = 16 * 2**20


async def read_body(response: httpx.Response, limits: SizeLimits, truncate_at: int | None = None) -> bytes:
    """The whole body, decompressed; or its first bytes, about ``truncate_at`` of them.

    Raises UnexpectedAnswer when it is too large, damaged, or compressed in a way that was not asked for.
    """
    host = response.request.url.host
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise UnexpectedAnswer(
            _("%(host)s compressed its answer as %(encoding)s, which was not asked for.")
            % {"host": host, "encoding": encoding[:30]}
        )
    unfold = zlib.decompressobj(_AUTOMATIC) if encoding not in ("", "identity") else None
    pieces: list[bytes] = []
    wire = size = 0
    async for chunk in response.aiter_raw():
        wire += len(chunk)
        try:
            piece = unfold.decompress(chunk, limits.unfolded - size + 1) if unfold else chunk
        except zlib.error as error:
            raise UnexpectedAnswer(
                _("The compressed answer of %(host)s is damaged.") % {"host": host}
            ) from error
        size += len(piece)
        pieces.append(piece)
        if truncate_at is not None and size >= truncate_at:
            return b"".join(pieces)[:truncate_at]
        if wire > limits.wire or size > limits.unfolded:
            raise UnexpectedAnswer(
                _("The answer of %(host)s is larger than %(limit)d MB.")
                % {"host": host, "limit": (limits.wire if wire > limits.wire else limits.unfolded) // 2**20}
            )
    if unfold and wire and not unfold.eof:
        raise UnexpectedAnswer(_("The compressed answer of %(host)s ends too early.") % {"host": host})
    return b"".join(pieces)
