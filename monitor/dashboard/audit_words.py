"""What was done to what, as pages say it: words for the verbs, targets and fields that the audit stores."""

from contextlib import suppress
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from monitor.dashboard.people_forms import role_word
from monitor.models import BulkRefresh, Refresh, SavedView, User

DONE: Final = {
    "acknowledge": pgettext_lazy("audit", "acknowledged"),
    "apply": pgettext_lazy("audit", "set by the fleet file"),
    "bounce": pgettext_lazy("audit", "switched off, refused by the mail server"),
    "bulk": _("refreshes asked for"),
    "cancel": _("refresh cancelled"),
    "change": pgettext_lazy("audit", "changed"),
    "comment": pgettext_lazy("audit", "commented"),
    "create": pgettext_lazy("audit", "added"),
    "enable": pgettext_lazy("audit", "switched on again"),
    "end": pgettext_lazy("audit", "ended"),
    "examine": _("examination asked for"),
    "export": _("saved as a file"),
    "factor_add": _("second factor added"),
    "factor_remove": _("second factor removed"),
    "factor_renew": _("new recovery codes made"),
    "invite": pgettext_lazy("audit", "invited"),
    "join": pgettext_lazy("audit", "joined"),
    "password": _("password changed"),
    "plan": pgettext_lazy("audit", "planned"),
    "press": _("panel opened for a refresh"),
    "provider_add": _("sign-in by the organisation added"),
    "provider_remove": _("sign-in by the organisation removed"),
    "remove": pgettext_lazy("audit", "removed"),
    "request": _("refresh asked for"),
    "role": _("role changed"),
    "save": pgettext_lazy("audit", "saved"),
    "secret": _("new secret made"),
    "sign_out": _("sessions ended"),
    "snooze": pgettext_lazy("audit", "snoozed"),
    "subscribe": _("webhooks asked for"),
    "test": _("test notice sent"),
    "tick": pgettext_lazy("audit", "marked as seen"),
    "uninvite": _("invitation taken back"),
    "untick": pgettext_lazy("audit", "marked as not seen"),
}

_OTHER_KINDS: Final = {"check": _("check"), "fleet": _("fleet")}
_OTHER_FIELDS: Final = {
    "accounts": _("accounts"),
    "asked": pgettext_lazy("audit", "asked"),
    "check": _("check"),
    "closed_at": pgettext_lazy("audit", "ended"),
    "credentials_changed": _("credentials"),
    "groups": _("roles"),
    "integrations": _("integrations"),
    "refresh": _("refresh"),
    "refused": pgettext_lazy("audit", "refused"),
    "role": _("role"),
    "roles": _("roles for some stores"),
    "secrets": _("credentials"),
    "sessions": _("sessions"),
    "stores": _("stores"),
    "subscriptions": _("subscriptions"),
    "text": _("text"),
    "topics": _("topics"),
    "until": _("until"),
}
"""What is recorded and is no field of a table, or one that no form shows."""
_FACTORS: Final = {
    "recovery_codes": _("Recovery codes"),
    "totp": _("Authenticator app"),
    "webauthn": _("Passkeys"),
}
_OF_ROLES: Final = frozenset({"groups", "role"})


def done(action: str) -> str:
    """``refresh.request`` as ``refresh asked for``; a verb that has no phrase as it is stored."""
    return str(DONE.get(action.rpartition(".")[2], action))


def action_words(action: str) -> str:
    """``integration.change`` as ``integration: changed``, where the target does not stand beside it."""
    kind, dot, _verb = action.partition(".")
    return f"{_kind_word(kind)}: {done(action)}" if dot else action


def target_words(target: str) -> str:
    """``user otto`` as ``person otto``; what begins with no kind as it is stored."""
    kind, blank, name = target.partition(" ")
    return f"{_kind_word(kind)} {name}" if blank else str(_OTHER_KINDS.get(target, target))


def field_word(target: str, key: str) -> str:
    """What the pages call a field of the target; ``is_paused`` of an integration is ``paused``."""
    if word := _OTHER_FIELDS.get(key):
        return str(word)
    field = _field(target, key)
    return str(field.verbose_name) if field else key.replace("_", " ")


def value_words(target: str, key: str, value: Any) -> Any:
    """What pages call a value that is one of a few; any other as it is."""
    if key in _OF_ROLES:
        return [role_word(one) for one in value] if isinstance(value, list) else role_word(str(value or ""))
    if not isinstance(value, str):
        return value
    field = _field(target, key)
    return str(dict(field.flatchoices if field else _FACTORS).get(value, value))


@cache
def _tables() -> dict[str, type[Model]]:
    """Every table by the word that stands for it in a target or an action."""
    named = {str(model._meta.model_name): model for model in apps.get_models()}
    return named | {"person": User, "view": SavedView, "refreshes": BulkRefresh}


def _kind_word(kind: str) -> str:
    table = _tables().get(kind)
    return str(table._meta.verbose_name if table else _OTHER_KINDS.get(kind, kind))


def _field(target: str, key: str) -> Any:
    """Of the target's table, or of the refreshes that are asked for it; None where neither has it."""
    for table in (_tables().get(target.partition(" ")[0]), Refresh):
        with suppress(FieldDoesNotExist):
            field = table._meta.get_field(key) if table else None
            # A relation from elsewhere has no name of its own.
            if isinstance(field, Field):
                return field
    return None
