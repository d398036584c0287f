"""Secrets an installation makes for itself when the operator gave none."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet


def local_secret(path: Path, *, fernet: bool = False) -> str:
    """The secret kept in ``path``, made on first use and readable by its owner only.

    Processes that start at the same time get the same one: the file appears whole or not at all.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        secret = Fernet.generate_key().decode() if fernet else secrets.token_urlsafe(50)
        descriptor, draft = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(secret)
            with suppress(FileExistsError):
                os.link(draft, path)
        finally:
            Path(draft).unlink()
    return path.read_text().strip()
