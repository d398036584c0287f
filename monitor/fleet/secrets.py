"""Credentials by reference: ``env:NAME`` is an environment variable, ``file:PATH`` a file's text.

A path is relative to the fleet file; line ends at the end of the text are cut off.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FilePath
from types import UnionType
from typing import Any, Union, get_args, get_origin

from django.utils.translation import gettext as _
from pydantic import BaseModel, Secret

from monitor.fleet.problems import Path


class CannotRead(Exception):
    """A reference leads nowhere. ``str()`` is a sentence."""


@dataclass(frozen=True, slots=True)
class Unread:
    """Stands for a secret whose reference cannot be read on this machine."""

    reference: str


def is_reference(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("env:", "file:"))


def dereference(reference: str, folder: FilePath) -> str:
    """The secret. Raises CannotRead."""
    scheme, _colon, rest = reference.partition(":")
    if scheme == "env":
        return _from_environment(rest.strip())
    path = folder / FilePath(rest.strip()).expanduser()
    try:
        secret = path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:  # not UTF-8, or a path that cannot be one
        reason = error.strerror if isinstance(error, OSError) else _("not a text file")
        raise CannotRead(
            _("cannot read the file %(path)s: %(reason)s.") % {"path": path, "reason": reason}
        ) from error
    if not secret:
        raise CannotRead(_("the file %(path)s is empty.") % {"path": path})
    return secret


def _from_environment(name: str) -> str:
    secret = os.environ.get(name, "")
    if not secret:
        raise CannotRead(
            _("the environment variable %(name)s is not set; set it and try again.") % {"name": name}
        )
    return secret


def map_leaves(tree: Any, change: Callable[[Path, Any], Any], path: Path = ()) -> Any:
    """The same dicts and lists with every value below them changed."""
    if isinstance(tree, dict):
        return {key: map_leaves(value, change, (*path, key)) for key, value in tree.items()}
    if isinstance(tree, list):
        return [map_leaves(value, change, (*path, index)) for index, value in enumerate(tree)]
    return change(path, tree)


def has_unread(tree: Any) -> bool:
    found = False

    def look(_path: Path, value: Any) -> Any:
        nonlocal found
        found = found or isinstance(value, Unread)
        return value

    map_leaves(tree, look)
    return found


def filled(tree: Any, stored: Any) -> Any:
    """The tree with what is stored in place of the unread. Raises CannotRead where nothing is stored."""

    def fill(path: Path, value: Any) -> Any:
        if not isinstance(value, Unread):
            return value
        try:
            found = stored
            for part in path:
                found = found[part]
        except (KeyError, IndexError, TypeError) as error:
            message = _("%(reference)s cannot be read here, and nothing is stored that could be kept.")
            raise CannotRead(message % {"reference": value.reference}) from error
        return found

    return map_leaves(tree, fill)


def secret_fields(model: type[BaseModel]) -> set[str]:
    """Names of the fields that the model keeps as secrets (pydantic's SecretStr and its kin)."""
    return {name for name, field in model.model_fields.items() if _holds_secret(field.annotation)}


def _holds_secret(annotation: Any) -> bool:
    if get_origin(annotation) in (Union, UnionType):
        return any(_holds_secret(part) for part in get_args(annotation))
    kind = get_origin(annotation) or annotation
    return isinstance(kind, type) and (issubclass(kind, Secret) or hasattr(kind, "get_secret_value"))
