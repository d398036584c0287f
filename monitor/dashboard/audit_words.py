"""What was done, as the audit page says it: a phrase for each verb of the stored actions."""

from typing import Final

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

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


def done(action: str) -> str:
    """``refresh.request`` as ``refresh asked for``; a verb that has no phrase as it is stored."""
    return str(DONE.get(action.rpartition(".")[2], action))
