"""The form of a subscription: who is told, of what and when."""

from typing import Any, cast
from urllib.parse import urlsplit

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.errors import AddressRefused
from integrations.models import Store
from integrations.registry import STORES, adapter_class
from monitor.alerts.channels import check_address
from monitor.dashboard.stores_field import StoresField
from monitor.dashboard.zones import offer_zones
from monitor.models import Channel, Subscription, User
from monitor.scope import Scope

LONGEST_PATIENCE = 7 * 24 * 60
"""Minutes; whoever waits longer for others wants no notices."""
WHERE = ("email", "label", "url", "user")
WHAT = ("include_warnings", "tags", "platforms", "stores")
WHEN = ("escalates_after", "quiet_from", "quiet_until", "urgent_passes")
HOW = ("language", "time_zone", "weekly_report", "is_active")


class SubscriptionForm(forms.ModelForm[Subscription]):
    """A subscription of one channel, which stays what it is. For who may not manage all of them, only
    their own: mails to the address in their settings."""

    url = forms.URLField(
        label=gettext_lazy("Address of the web-hook"),
        max_length=500,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    include_warnings = forms.TypedChoiceField(
        label=gettext_lazy("How bad"),
        coerce=lambda text: text == "True",
        choices=[
            ("True", gettext_lazy("warnings and failures")),
            ("False", gettext_lazy("failures only")),
        ],
        widget=forms.RadioSelect,
    )
    tags = forms.MultipleChoiceField(
        label=gettext_lazy("Stores with one of these tags"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: whatever their tags."),
    )
    platforms = forms.MultipleChoiceField(
        label=gettext_lazy("Stores on one of these platforms"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=lambda: [(kind, adapter_class(kind).label) for kind in sorted(STORES)],
        help_text=gettext_lazy("None chosen: all platforms."),
    )
    stores = StoresField(
        label=gettext_lazy("Only these stores"),
        required=False,
        help_text=gettext_lazy("A name on each line. Empty: all stores."),
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))

    class Meta:
        model = Subscription
        fields = (*("email", "user", "label"), *WHAT, *WHEN, *HOW)
        widgets = {
            "quiet_from": forms.TimeInput({"type": "time"}, "%H:%M"),
            "quiet_until": forms.TimeInput({"type": "time"}, "%H:%M"),
        }
        labels = {
            "escalates_after": gettext_lazy("Only if nobody acknowledges, after so many minutes"),
            "weekly_report": gettext_lazy("A report of the week every Monday"),
            "is_active": gettext_lazy("Is told at present"),
            "urgent_passes": gettext_lazy("Failures are told in quiet hours too"),
            "user": gettext_lazy("Belongs to"),
        }
        help_texts = {
            "escalates_after": gettext_lazy("For a second list. Empty: told at once."),
            "quiet_from": gettext_lazy("In the time zone below. Empty: never quiet."),
            "urgent_passes": "",
            "user": gettext_lazy("That person may change it too, and is told only of stores they may see."),
        }

    def __init__(self, *args: Any, owner: User | None, scope: Scope, **kwargs: Any) -> None:
        """``owner``: whose own it is; None: whoever manages all. ``scope``: the stores to choose from."""
        super().__init__(*args, **kwargs)
        self.owner = owner
        row = self.instance
        self.fields["escalates_after"].validators.append(MaxValueValidator(LONGEST_PATIENCE))
        people = cast(forms.ModelChoiceField[User], self.fields["user"])
        people.queryset = User.objects.filter(is_active=True).order_by("username")
        people.empty_label = _("nobody: a shared address")
        self._offer_stores(scope)
        zone = self.initial.get("time_zone") or row.time_zone
        offer_zones(self.fields["time_zone"], timezone.now(), zone, timezone.get_current_timezone_name())
        is_mail = row.channel == Channel.MAIL
        unused = {"label", "url"} if is_mail else {"email", "weekly_report"}
        if owner is not None:
            unused |= {*WHERE}
            row.user, row.email = owner, owner.email if is_mail else ""
        for name in unused:
            del self.fields[name]
        if "label" in self.fields:
            self.fields["label"].required = True
        if "url" in self.fields and row.endpoint.get("url"):
            self.fields["url"].required = False
            host = urlsplit(row.endpoint["url"]).hostname
            self.fields["url"].help_text = _("Stored, at %(host)s. Leave empty to keep it.") % {"host": host}

    def _offer_stores(self, scope: Scope) -> None:
        stores = scope.limit(Store.objects.only("name", "title"))
        cast(StoresField, self.fields["stores"]).queryset = stores
        known = {tag for tags in stores.values_list("tags", flat=True) for tag in tags}
        if scope.tags is not None:
            known &= scope.tags
        tags = cast(forms.MultipleChoiceField, self.fields["tags"])
        tags.choices = [(tag, tag) for tag in sorted(known | set(self.instance.tags))]
        if not tags.choices:
            del self.fields["tags"]
        if not stores.exists():
            del self.fields["stores"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "email" in self.fields:
            person = cleaned.get("user")
            cleaned["email"] = cleaned.get("email") or (person.email if person else "")
        email = cleaned.get("email", self.instance.email)
        if self.instance.channel == Channel.MAIL and not self.errors.get("email"):
            self._check_address(email)
        return cleaned

    def clean_url(self) -> str:
        url = str(self.cleaned_data["url"])
        if url:
            try:
                check_address(url)
            except AddressRefused as error:
                raise ValidationError(str(error)) from error
        return url

    def _check_address(self, email: str) -> None:
        field = "email" if "email" in self.fields else None
        if not email:
            self.add_error(field, _("Enter the e-mail address."))
        elif is_told(email, self.instance.pk):
            self.add_error(field, already_told(email))

    @property
    def new_url(self) -> str:
        """The address of the web-hook that was entered; empty: the stored one stays."""
        return str(self.cleaned_data.get("url", ""))

    def parts(self) -> dict[str, list[forms.BoundField]]:
        """The bound fields by the part of the page they are shown in."""
        parts = {"where": WHERE, "what": WHAT, "when": WHEN, "how": HOW}
        return {part: [self[name] for name in names if name in self.fields] for part, names in parts.items()}


def is_told(email: str, but: int | None = None) -> bool:
    """Whether another subscription than ``but`` has that address, in whatever letters."""
    rows = Subscription.objects.filter(channel=Channel.MAIL, email__iexact=email)
    return (rows if but is None else rows.exclude(pk=but)).exists()


def already_told(email: str) -> ValidationError:
    return ValidationError(
        _("%(email)s has a subscription already. Change that one, or ask an administrator to give it to you.")
        % {"email": email}
    )
