"""The forms of the connect pages."""

import re
from typing import Any, ClassVar, cast

import orjson
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.adapters import Nudges, PushesOrders, ReadsFullOrders
from integrations.models import Account, Integration, Store
from integrations.registry import EDGES, adapter_class, offers
from monitor.dashboard.connect.documents import DocumentForm
from monitor.dashboard.faces import WAYS
from monitor.dashboard.zones import offer_zones
from monitor.models.refreshes import RefreshStrategy
from monitor.refresh.policy import WITHOUT_PERSON


def _hosts(*written: object) -> set[str]:
    """Every host (with its port) that an address in these texts leads to."""
    return set(re.findall(r"https?://([^/?#\"\\\s]+)", " ".join(map(str, written)).lower()))


class RemoteForm(forms.ModelForm[Any]):
    """What accounts and stores share: a name, an address, and the documents of their adapter."""

    title = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    name = forms.SlugField(
        label=gettext_lazy("Short name"),
        max_length=80,
        required=False,
        help_text=gettext_lazy("For addresses and commands; cannot change later. Empty: made from the name."),
    )
    url = forms.URLField(label=gettext_lazy("Address"), max_length=500, assume_scheme="https")

    kind_field: ClassVar[str]

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        setattr(self.instance, self.kind_field, kind)
        adapter = adapter_class(kind)
        self.documents = {
            "credentials": DocumentForm(
                adapter.Credentials, "credentials", self.instance.credentials, is_secret=True
            ),
            "settings": DocumentForm(adapter.Settings, "settings", self.instance.settings, is_secret=False),
        }
        if self.instance.pk:
            del self.fields["name"]
        elif not self.initial.get("url"):
            self.initial["url"] = getattr(adapter, "default_url", "")
        for part in self.documents.values():
            self.fields.update(part.fields())

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for attribute, part in self.documents.items():
            document, mistakes = part.read(cleaned)
            for field, message in mistakes.items():
                if field not in self.errors:
                    self.add_error(field, message)
            setattr(self.instance, attribute, document)
        shown = [field.initial for name, field in self.fields.items() if name.startswith("settings-")]
        known = _hosts(self.initial.get("url", ""), *shown)
        asked = _hosts(cleaned.get("url", ""), orjson.dumps(self.instance.settings).decode())
        if self.instance.pk and not asked <= known:
            for field in self.documents["credentials"].kept(cleaned):
                text = _(
                    "Enter this again: the address leads to another host than the one it was entered for."
                )
                self.add_error(field, text)
        return cleaned

    def clean_name(self) -> str:
        """The short name, made from the name when it was left empty."""
        name = self.cleaned_data["name"] or slugify(self.cleaned_data.get("title", ""))[:80]
        if not name:
            raise ValidationError(_("Give a short name of letters and digits."))
        if type(self.instance)._default_manager.filter(name=name).exists():
            raise ValidationError(_("“%(name)s” is taken. Choose another short name.") % {"name": name})
        return str(name)

    @property
    def needs_settings(self) -> bool:
        """Whether a setting must be given, so that its fields may not be folded away."""
        return any(field.is_required() for field in self.documents["settings"].model.model_fields.values())

    def parts(self) -> dict[str, list[forms.BoundField]]:
        """The bound fields by the part of the page they are shown in."""
        shown: dict[str, list[forms.BoundField]] = {"main": [], "credentials": [], "settings": []}
        for field in self:
            prefix = field.name.partition("-")[0]
            shown[prefix if "-" in field.name else "main"].append(field)
        return shown


class AccountForm(RemoteForm):
    kind_field = "kind"

    class Meta:
        model = Account
        fields = ("title", "name", "url", "requests_per_minute", "is_active")


class StoreForm(RemoteForm):
    kind_field = "platform"

    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone of the shop"),
        help_text=gettext_lazy("UTC: the first test takes what the shop says."),
    )
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        help_text=gettext_lazy("Separated by commas. People subscribe to mails by tags."),
    )

    class Meta:
        model = Store
        fields = (
            "title",
            "name",
            "url",
            "time_zone",
            "tags",
            "edge",
            "edge_host",
            "allows_nudge",
            "is_active",
        )
        labels = {
            "edge": gettext_lazy("Behind a zone that is read by"),
            "allows_nudge": gettext_lazy("Waiting orders may be touched"),
        }
        help_texts = {
            "edge": gettext_lazy("Whatever in it disturbs the shop or stops a hub is then found."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["tags"] = ", ".join(self.instance.tags)
        offer_zones(self.fields["time_zone"], timezone.now(), self.instance.time_zone)
        zones = cast(forms.ModelChoiceField[Account], self.fields["edge"])
        zones.queryset = Account.objects.filter(kind__in=EDGES).order_by("name")
        zones.empty_label = _("none")
        if not zones.queryset.exists():
            del self.fields["edge"], self.fields["edge_host"]
        if not offers(self.instance.platform, Nudges):
            del self.fields["allows_nudge"]

    def clean_tags(self) -> list[str]:
        tags = [tag.strip() for tag in self.cleaned_data["tags"].split(",")]
        if any(len(tag) > 40 for tag in tags):
            raise ValidationError(_("A tag has at most 40 characters."))
        return list(dict.fromkeys(tag for tag in tags if tag))


class IntegrationForm(forms.ModelForm[Integration]):
    tolerance_min = forms.IntegerField(
        label=gettext_lazy("Tolerance in minutes"),
        required=False,
        min_value=1,
        max_value=7 * 24 * 60,
        help_text=gettext_lazy(
            "How late an order may be before it counts as stuck. Empty: learned from the last 14 days."
        ),
    )

    tracking_tolerance_min = forms.IntegerField(
        label=gettext_lazy("Tolerance of tracking numbers in minutes"),
        required=False,
        min_value=1,
        max_value=7 * 24 * 60,
        help_text=gettext_lazy("How late a tracking number may reach the store. Empty: one hour."),
    )

    auto_refresh_ways = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do by itself then"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("A way that needs a person, such as the hub's panel, is suggested only."),
    )

    class Meta:
        model = Integration
        fields = ("auto_refresh", "auto_refresh_ways", "is_paused")
        labels = {
            "auto_refresh": gettext_lazy("When the store can be reached again, but the hub still lags behind")
        }
        help_texts = {
            "auto_refresh": gettext_lazy("At most once after each time that the store was shut to the hub."),
            "is_paused": gettext_lazy("Nothing is read, judged or mailed while it is paused."),
        }

    TOLERANCES: ClassVar[tuple[str, ...]] = ("tolerance", "tracking_tolerance")
    field_order = (
        "tolerance_min",
        "tracking_tolerance_min",
        "auto_refresh",
        "auto_refresh_ways",
        "is_paused",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.TOLERANCES:
            if seconds := getattr(self.instance, f"{name}_s"):
                self.initial[f"{name}_min"] = max(1, round(seconds / 60))
        self.fields["auto_refresh"].required = False
        ways = cast(forms.MultipleChoiceField, self.fields["auto_refresh_ways"])
        ways.choices = [(way.value, WAYS[way][0]) for way in self._ways()]

    def _ways(self) -> list[RefreshStrategy]:
        """Those that need no person and that store and hub know."""
        store, hub = self.instance.store.platform, self.instance.account.kind
        known = {
            RefreshStrategy.PUSH_ORDERS: offers(store, ReadsFullOrders) and offers(hub, PushesOrders),
            RefreshStrategy.NUDGE_STORE: offers(store, Nudges),
        }
        return [way for way in WITHOUT_PERSON if known.get(way, True)]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.TOLERANCES:
            minutes = cleaned.get(f"{name}_min")
            # A tolerance in seconds, set by a file, stays exact while its minutes are not changed here.
            if f"{name}_min" in self.changed_data:
                setattr(self.instance, f"{name}_s", minutes * 60 if minutes else None)
        return cleaned
