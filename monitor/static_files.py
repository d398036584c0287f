"""How static files are compressed when they are gathered."""

from typing import Any

import brotli
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

QUALITY = 9
"""Brotli's best (11) takes ten seconds for the chart library and saves a tenth of its bytes."""


class QuickCompressor(Compressor):  # type: ignore[misc]  # whitenoise carries no types
    """Whitenoise's compressor with a quality that lets a first start take seconds."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=QUALITY))


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # the same
    """Hashed names that never change, each with its compressed twins."""

    def create_compressor(self, **options: Any) -> Compressor:
        return QuickCompressor(**options)
