"""The forms of the people page: who is invited, and what somebody may do where."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.models import Store
from monitor.access_control import ADMIN, OPERATOR, VIEWER
from monitor.models import User

NAMES = {
    VIEWER: gettext_lazy("Viewer: sees everything, changes nothing"),
    OPERATOR: gettext_lazy("Operator: also refreshes, acknowledges, plans maintenance"),
    ADMIN: gettext_lazy("Administrator: also connects systems and manages people"),
}
_ORDER = [VIEWER, OPERATOR, ADMIN]


def role_sentence(group: str) -> str:
    """A role with what it allows; a group of one's own by its name."""
    return str(NAMES.get(group, group))


def role_word(group: str) -> str:
    """A role as one word: ``Viewer``; a group of one's own by its name."""
    return str(NAMES[group]).partition(":")[0].strip() if group in NAMES else group


def known_tags() -> list[str]:
    """Every tag that a store has, sorted."""
    return sorted({tag for tags in Store.objects.values_list("tags", flat=True) for tag in tags})


class RoleFields(forms.Form):
    """A role, and for which stores."""

    role = forms.ModelChoiceField(
        Group.objects.none(), label=gettext_lazy("Role"), empty_label=None, widget=forms.RadioSelect
    )
    where = forms.ChoiceField(
        label=gettext_lazy("For"),
        choices=[("all", gettext_lazy("all stores")), ("tags", gettext_lazy("stores with certain tags"))],
        widget=forms.RadioSelect,
        initial="all",
    )
    tags = forms.MultipleChoiceField(
        label=gettext_lazy("Tags"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        role: Any = self.fields["role"]
        role.queryset = Group.objects.all()
        found = sorted(role.queryset, key=lambda one: _ORDER.index(one.name) if one.name in _ORDER else 9)
        role.choices = [(one.pk, role_sentence(one.name)) for one in found]
        # A tag that no store has any more stays to be seen and taken away.
        held = self.initial.get("tags") or []
        tags: Any = self.fields["tags"]
        tags.choices = [(tag, tag) for tag in sorted({*known_tags(), *held})]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if cleaned.get("where") == "all":
            cleaned["tags"] = []
        elif not cleaned.get("tags"):
            self.add_error("tags", _("Choose at least one tag, or all stores."))
        elif (group := cleaned.get("role")) is not None and group.name == ADMIN:
            self.add_error(
                "role", _("An administrator manages what all stores share. Choose operator for some stores.")
            )
        return cleaned


class InviteForm(RoleFields):
    email = forms.EmailField(label=gettext_lazy("E-mail address"))
    language = forms.ChoiceField(
        label=gettext_lazy("Language of the mail"), choices=settings.LANGUAGES, initial="en"
    )
    field_order = ("email", "role", "where", "tags", "language")

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email, is_active=True).exists():
            raise ValidationError(_("Somebody with this address is here already: change their role below."))
        return email


class PersonRoleForm(RoleFields):
    is_active = forms.BooleanField(label=gettext_lazy("May sign in"), required=False)
    field_order = ("role", "where", "tags", "is_active")


class JoinForm(BaseUserCreationForm[User]):
    """Who was invited chooses a name and a password."""

    class Meta:
        model = User
        fields = ("username", "first_name", "last_name")
