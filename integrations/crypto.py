"""Credentials at rest: a JSON document encrypted with the first of the configured keys.

``settings.SYNCWATCH_KEYS`` is a list of Fernet keys: the first encrypts, all decrypt. To rotate:
put a new key in front, run ``manage.py rotate_keys``, then drop the old one.
"""

from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models


def cipher() -> MultiFernet:
    """The configured keys as one cipher. Raises ImproperlyConfigured when there is none."""
    if not settings.SYNCWATCH_KEYS:
        raise ImproperlyConfigured("Set SYNCWATCH_KEYS to at least one Fernet key; see docs/architecture.md.")
    return MultiFernet([Fernet(key) for key in settings.SYNCWATCH_KEYS])


def rotate(token: bytes) -> bytes:
    """The same document under the first key."""
    return cipher().rotate(token)


def is_under_first_key(token: bytes) -> bool:
    """Whether nothing has to be done for a document when the other keys go."""
    try:
        Fernet(settings.SYNCWATCH_KEYS[0]).decrypt(token)
    except InvalidToken:
        return False
    return True


class EncryptedJSONField(models.BinaryField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A dict that the database sees only as a Fernet token.

    Not for querying: equal documents have different tokens.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["editable"] = False
        super().__init__(*args, **kwargs)

    def from_db_value(
        self,
        value: bytes | None,
        _expression: Any,
        _connection: Any,
    ) -> dict[str, Any] | None:
        if value is None:
            return None
        try:
            document: dict[str, Any] = orjson.loads(cipher().decrypt(bytes(value)))
        except InvalidToken as error:
            raise ImproperlyConfigured(
                "Stored credentials cannot be decrypted: SYNCWATCH_KEYS lacks the key they were stored with."
            ) from error
        return document

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, dict):
            value = cipher().encrypt(orjson.dumps(value))
        return super().get_db_prep_value(value, connection, prepared)
