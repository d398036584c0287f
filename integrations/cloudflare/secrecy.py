"""Keeps secrets of a zone's rules out of what is stored: rules let hubs pass by secret headers.

What is taken out leaves a short mark of itself, so that a change of it is still noticed. Four digits of a
hash tell nobody what it was.
"""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from integrations.redaction import REMOVED, names_a_secret

# What never ends is taken to the end, so that a look takes time in proportion to the text.
_PIECE = re.compile(
    r"""(?P<field>[a-z_]+(?:\.[a-z0-9_]+)+)|\[\s*(?P<key>"(?:\\.|[^"\\])*+")\s*\]
    |(?P<text>"(?:\\.|[^"\\])*+(?:"|\Z)|(?<![a-z0-9_])r(?P<hashes>\#*)".*?(?:"(?P=hashes)|\Z))""",
    re.VERBOSE | re.DOTALL,
)
_SECRET_FIELDS = re.compile(
    r"http\.(?:cookie|request\.(?:headers|cookies|body|uri\.args|uri\.query|full_uri)\b)|http\.(?:x_|referer)"
)
_OPEN_KEYS = frozenset({'"user-agent"', '"host"', '"accept"', '"content-type"', '"accept-language"'})


def without_secrets(expression: str) -> str:
    """A rule's expression without the texts that headers, cookies and queries are compared with."""
    is_secret = False

    def shown(piece: re.Match[str]) -> str:
        nonlocal is_secret
        if piece["field"]:
            is_secret = _SECRET_FIELDS.match(piece["field"]) is not None
        elif piece["key"]:
            is_secret = is_secret and piece["key"].lower() not in _OPEN_KEYS
        elif is_secret:
            return f'"{mark(piece["text"])}"'
        return piece[0]

    return _PIECE.sub(shown, expression)


def mark(text: str) -> str:
    """What stands in place of a secret."""
    return f"{REMOVED[:-1]} {sha256(text.encode()).hexdigest()[:4]}]"


def without_written_secrets(value: Any, name: str = "") -> Any:
    """A rule's parameters without the values of headers they set, and of all that is named like a secret."""
    if isinstance(value, Mapping):
        hides = name == "headers"
        return {
            key: without_written_secrets(_marked(part) if hides else part, str(key))
            for key, part in value.items()
        }
    if isinstance(value, list | tuple):
        return [without_written_secrets(part, name) for part in value]
    if isinstance(value, str):
        return mark(value) if names_a_secret(name) else without_secrets(value)
    return value


def _marked(header: Any) -> Any:
    if not isinstance(header, Mapping):
        return header
    return {
        key: mark(part) if key in ("value", "expression") and isinstance(part, str) else part
        for key, part in header.items()
    }
