"""Mails as ``.eml`` files in one folder, as a mail server would deliver them."""

import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Mail:
    """A delivered mail. ``id`` grows with time."""

    id: str
    at: datetime
    message: EmailMessage

    @property
    def recipients(self) -> list[str]:
        """Of the envelope."""
        return [str(value) for value in self.message.get_all("Delivered-To", [])]

    @property
    def subject(self) -> str:
        return str(self.message.get("Subject", "(no subject)"))

    def text(self, kind: str) -> str:
        """The part of type text/``kind``; empty when there is none."""
        part = self.message.get_body((kind,))
        return str(part.get_content()) if part is not None else ""

    def headers(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.message.items()}

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": self.at.isoformat(),
            "from": str(self.message.get("Return-Path", "")).strip("<>"),
            "to": self.recipients,
            "subject": self.subject,
            "message_id": str(self.message.get("Message-ID", "")),
            "headers": self.headers(),
            "text": self.text("plain"),
            "html": self.text("html"),
        }


class MailStore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._number = itertools.count(1)

    def deliver(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Keep a mail, with the lines a delivering server puts on top; its id."""
        at = datetime.now(UTC)
        lines = [f"Return-Path: <{sender}>", *(f"Delivered-To: {name}" for name in recipients)]
        lines.append(f"Received: by sandbox; {format_datetime(at)}")
        mail_id = f"{int(at.timestamp() * 1000):013d}-{os.getpid()}-{next(self._number):06d}"
        draft = self.folder / f"{mail_id}.tmp"
        draft.write_bytes("\r\n".join(lines).encode() + b"\r\n" + content)
        draft.rename(self.folder / f"{mail_id}.eml")
        return mail_id

    def ids(self) -> list[str]:
        """Newest first."""
        return sorted((path.stem for path in self.folder.glob("*.eml")), reverse=True)

    def read(self, mail_id: str) -> Mail | None:
        path = self.folder / f"{mail_id}.eml"
        return _read(path) if path.parent == self.folder and path.exists() else None

    def raw(self, mail_id: str) -> bytes:
        return (self.folder / f"{mail_id}.eml").read_bytes()

    def all(self) -> list[Mail]:
        """Newest first."""
        return [mail for mail in map(self.read, self.ids()) if mail is not None]

    def clear(self) -> None:
        for path in self.folder.glob("*.eml"):
            path.unlink()
        _read.cache_clear()


@lru_cache(maxsize=2000)
def _read(path: Path) -> Mail:
    message = message_from_bytes(path.read_bytes(), policy=default)
    at = datetime.fromtimestamp(int(path.stem.partition("-")[0]) / 1000, UTC)
    return Mail(path.stem, at, message)
