"""Secrets an installation makes for itself when the operator gave none."""

import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet


def local_secret(path: Path, *, fernet: bool = False) -> str:
    """The secret kept in ``path``, made on first use and readable by its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        secret = Fernet.generate_key().decode() if fernet else secrets.token_urlsafe(50)
        file.write(secret)
    return secret
