"""Form fields from a pydantic model, and back: for credentials and settings of any kind of adapter.

Credentials are write-only: what is stored is never rendered, an empty field keeps it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import orjson
from django import forms
from django.utils.translation import gettext, gettext_lazy, ngettext
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

FORGET = "forget"
_NUMBERS: dict[str, type[forms.Field]] = {"int": forms.IntegerField, "float": forms.FloatField}


@dataclass(frozen=True)
class DocumentForm:
    """The part of a form that edits one document (credentials, or settings) of one adapter."""

    model: type[BaseModel]
    prefix: str
    stored: Mapping[str, Any]
    is_secret: bool

    def fields(self) -> dict[str, forms.Field]:
        """Form fields by their names in the form, in the model's order."""
        made: dict[str, forms.Field] = {}
        for name, info in self.model.model_fields.items():
            made[self.key(name)] = self._field(name, info)
            if self._is_hidden(info) and not info.is_required() and self.stored.get(name):
                made[self.key(f"{FORGET}-{name}")] = forms.BooleanField(
                    label=gettext("Forget it: %(label)s") % {"label": _label(name, info)}, required=False
                )
        return made

    def key(self, name: str) -> str:
        return f"{self.prefix}-{name}"

    def read(self, cleaned: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str | None, str]]:
        """The document that was entered, and what is wrong with it by form field (None: as a whole)."""
        document: dict[str, Any] = {}
        errors: dict[str | None, str] = {}
        for name, info in self.model.model_fields.items():
            value = cleaned.get(self.key(name))
            if (
                self._is_hidden(info)
                and value in (None, "")
                and not cleaned.get(self.key(f"{FORGET}-{name}"))
            ):
                value = self.stored.get(name)
            elif isinstance(value, str) and _shape(info) == "json" and value:
                try:
                    value = orjson.loads(value)
                except orjson.JSONDecodeError:
                    errors[self.key(name)] = gettext("This is not valid JSON.")
                    continue
            elif isinstance(value, str) and _shape(info) == "lines":
                value = [line.strip() for line in value.splitlines() if line.strip()]
            if value not in (None, "", []):
                document[name] = value
        if not errors:
            errors = self._mistakes(document)
        return document, errors

    def kept(self, cleaned: Mapping[str, Any]) -> list[str]:
        """The form fields of stored secrets that were left empty and so stay as they are."""
        return [
            self.key(name)
            for name, info in self.model.model_fields.items()
            if self._is_hidden(info)
            and self.stored.get(name)
            and not cleaned.get(self.key(name))
            and not cleaned.get(self.key(f"{FORGET}-{name}"))
        ]

    def _mistakes(self, document: dict[str, Any]) -> dict[str | None, str]:
        try:
            self.model.model_validate(document)
        except ValidationError as error:
            found: dict[str | None, str] = {}
            for mistake in error.errors(include_url=False, include_input=False):
                place = mistake["loc"]
                message = in_words(mistake)
                deeper = ".".join(str(step) for step in place[1:])
                known = place and place[0] in self.model.model_fields
                found[self.key(str(place[0])) if known else None] = (
                    f"{deeper}: {message}" if deeper else message
                )
            return found
        return {}

    def _is_hidden(self, info: FieldInfo) -> bool:
        return self.is_secret and _shape(info) in {"text", "json", "lines"}

    def _field(self, name: str, info: FieldInfo) -> forms.Field:
        hidden = self._is_hidden(info)
        is_stored = bool(self.stored.get(name))
        common: dict[str, Any] = {
            "label": _label(name, info),
            "help_text": gettext(info.description) if info.description else "",
            "required": info.is_required() and not (hidden and is_stored),
        }
        if hidden:
            kept = gettext_lazy("Stored. Leave empty to keep it.") if is_stored else ""
            common["help_text"] = " ".join(str(part) for part in (common["help_text"], kept) if part)
            return forms.CharField(
                **common, widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
            )
        default = None if info.is_required() else info.get_default(call_default_factory=True)
        return _shown_field(info, common, self.stored.get(name, default))


def in_words(mistake: ErrorDetails) -> str:
    """What is wrong with a value, as a sentence in the reader's language; the value itself is not shown."""
    limits = mistake.get("ctx", {})
    match mistake["type"]:
        case "missing":
            return gettext("This is needed.")
        case "too_short" | "string_too_short":
            n = int(limits["min_length"])
            return ngettext(
                "It has at least %(n)d character: see whether all of it was copied.",
                "It has at least %(n)d characters: see whether all of it was copied.",
                n,
            ) % {"n": n}
        case "too_long" | "string_too_long":
            n = int(limits["max_length"])
            return ngettext(
                "It has at most %(n)d character: see whether too much was copied.",
                "It has at most %(n)d characters: see whether too much was copied.",
                n,
            ) % {"n": n}
        case "int_parsing" | "int_type" | "int_from_float":
            return gettext("Write whole numbers.")
        case "greater_than_equal":
            return gettext("It must be at least %(limit)s.") % {"limit": limits["ge"]}
        case "less_than_equal":
            return gettext("It must be at most %(limit)s.") % {"limit": limits["le"]}
        case "string_pattern_mismatch":
            return gettext("It is not written in the way that is described here.")
        case "value_error":
            return gettext(mistake["msg"].removeprefix("Value error, "))
        case _:
            return mistake["msg"]


def _shown_field(info: FieldInfo, common: dict[str, Any], value: Any) -> forms.Field:
    shape = _shape(info)
    if shape == "bool":
        # A box that is not ticked is an answer too.
        return forms.BooleanField(**{**common, "required": False}, initial=value)
    if shape == "choice":
        choices = [(choice, str(choice)) for choice in _choices(info)]
        return forms.ChoiceField(**common, choices=choices, initial=value)
    if shape in _NUMBERS:
        return _NUMBERS[shape](**common, initial=value)
    if shape == "lines":
        hint = gettext("One per line.")
        common["help_text"] = f"{common['help_text']} {hint}".strip()
        lines = "\n".join(str(line) for line in value or ())
        return forms.CharField(**common, initial=lines, widget=forms.Textarea(attrs={"rows": 4}))
    if shape == "json":
        return forms.CharField(**common, initial=_as_json(value), widget=forms.Textarea(attrs={"rows": 6}))
    return forms.CharField(**common, initial=value)


def _as_json(value: Any) -> str:
    if value in (None, {}, [], ()):
        return ""
    if isinstance(value, BaseModel):
        value = value.model_dump(mode="json")
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _label(name: str, info: FieldInfo) -> str:
    return gettext(info.title) if info.title else name.replace("_", " ").capitalize()


def _bare_type(info: FieldInfo) -> Any:
    """The annotation without ``| None``."""
    annotation: Any = info.annotation
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
        return kinds[0] if len(kinds) == 1 else None
    return annotation


def _shape(info: FieldInfo) -> str:
    """How a value is entered: ``bool``, ``int``, ``float``, ``choice``, ``text``, ``lines`` or ``json``."""
    kind = _bare_type(info)
    origin = get_origin(kind)
    if origin in (list, tuple, set, frozenset):
        return "lines" if all(item in (str, int, Ellipsis) for item in get_args(kind)) else "json"
    if origin is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        return "choice"
    if kind in (bool, int, float):
        return str(kind.__name__)
    is_text = (
        isinstance(kind, type) and origin is None and not issubclass(kind, BaseModel | dict | list | tuple)
    )
    return "text" if is_text else "json"


def _choices(info: FieldInfo) -> tuple[Any, ...]:
    kind = _bare_type(info)
    if get_origin(kind) is Literal:
        return get_args(kind)
    return tuple(member.value for member in kind)
