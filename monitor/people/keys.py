"""Secrets of second factors under the first of the configured keys, for when keys are rotated."""

from collections.abc import Iterator

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction

from integrations.crypto import is_under_first_key, rotate

_SECRETS = ("secret", "seed")


def rotate_factors() -> Iterator[tuple[str, bool | None]]:
    """Encrypts each secret anew, in a short transaction: whose it is, and whether it was changed.

    None: no key decrypts it.
    """
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().select_related("user").filter(pk=pk).first()
            held = [name for name in _SECRETS if row is not None and name in row.data]
            for name in held:
                yield f"second factor of {row.user}", _rotated(row, name)


def _rotated(row: Authenticator, name: str) -> bool | None:
    token = row.data[name].encode()
    if is_under_first_key(token):
        return False
    try:
        row.data[name] = rotate(token).decode()
    except InvalidToken:
        return None
    row.save(update_fields=["data"])
    return True
