"""A person's own settings: language and time zone."""

from typing import cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from monitor import audit
from monitor.dashboard.middleware import ZONES
from monitor.models import User


def zone_choices(empty: object = None) -> list[tuple[str, object]]:
    """Every time zone by its name, sorted; first an empty choice when it has a label."""
    zones: list[tuple[str, object]] = [(zone, zone.replace("_", " ")) for zone in sorted(ZONES)]
    return [("", empty), *zones] if empty else zones


class PersonForm(forms.ModelForm[User]):
    time_zone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        required=False,
        choices=lambda: zone_choices(gettext_lazy("As the browser says")),
    )

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "language", "time_zone")


@require_http_methods(["GET", "POST"])
def settings_page(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    before = audit.snapshot(user)
    form = PersonForm(request.POST or None, instance=user)
    if form.is_valid():
        user = form.save()
        audit.record_change(user, "person.change", user, before, audit.snapshot(user))
        with translation.override(user.language):
            messages.success(request, _("Your settings are saved."))
        return redirect("settings")
    return render(request, "registration/settings.html", {"form": form}, status=422 if form.errors else 200)
