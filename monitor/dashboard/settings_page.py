"""A person's own settings: name, language, time zone, theme; and the way to everything else of theirs."""

from typing import Any, cast
from urllib.parse import unquote

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from monitor import audit
from monitor.dashboard import own_address
from monitor.dashboard.zones import offer_zones
from monitor.models import User
from monitor.people import addresses
from monitor.people.factors import has_factor
from monitor.people.local import comes_by_provider


class PersonForm(forms.ModelForm[User]):
    """``browser_zone``: what the browser last said, to be offered first."""

    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"), required=False)

    class Meta:
        model = User
        fields = ("first_name", "last_name", "email", "language", "time_zone", "theme")
        labels = {"email": gettext_lazy("E-mail address")}

    def __init__(self, *args: Any, browser_zone: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = (self.instance.time_zone, browser_zone)
        offer_zones(self.fields["time_zone"], timezone.now(), *own, empty=_("As the browser says"))


def _moves_mail(request: HttpRequest) -> bool:
    """Whether another address is asked for. Who has it can set a new password, so an open screen is not
    enough to enter it."""
    email = request.POST.get("email", "").strip()
    return request.method == "POST" and email.lower() != cast(User, request.user).email.lower()


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(enabled=_moves_mail)  # type: ignore[untyped-decorator]  # allauth has no types
def settings_page(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    before = audit.snapshot(user)
    form = PersonForm(
        request.POST or None, instance=user, browser_zone=unquote(request.COOKIES.get("tz", ""))
    )
    if form.is_valid():
        entered = form.cleaned_data["email"]
        is_new = bool(entered) and not addresses.is_same(entered, before["email"])
        if is_new:
            form.instance.email = before["email"]
        with transaction.atomic():
            user = form.save()
            addresses.follow(user, before)
        with translation.override(user.language):
            messages.success(request, _("Your settings are saved."))
            if is_new:
                own_address.ask(request, user, entered)
        return redirect("settings")
    context = {
        "form": form,
        "has_factor": has_factor(user),
        "sessions": UserSession.objects.filter(user=user).count(),
        "may_have_password": not comes_by_provider(user),
        "has_password": bool(user.password) and user.has_usable_password(),
        "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
    }
    return render(request, "registration/settings.html", context, status=422 if form.errors else 200)
