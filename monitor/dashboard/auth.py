"""Signing in, signing out, and being told that one may not."""

from typing import Any, cast

from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import LoginView
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.messages.views import SuccessMessageMixin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from sesame.views import LoginView as SesameLoginView

from monitor import audit
from monitor.access_control import ADMIN
from monitor.models import User
from monitor.people.local import comes_by_provider, only_by_provider


class SignIn(LoginView):  # type: ignore[misc]  # allauth has no types
    """The sign-in page. Who is signed in already goes on to the overview."""

    template_name = "account/login.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        if form.has_error("__all__", "too_many_login_attempts"):
            return locked_out(self.request)
        return cast(HttpResponse, super().form_invalid(form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return {
            **context,
            "is_empty": not User.objects.exists(),
            "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
            "next": self.request.GET.get("next") or self.request.POST.get("next", ""),
        }


@method_decorator([login_not_required, never_cache], name="dispatch")
class SignInOnce(SesameLoginView):  # type: ignore[misc]  # sesame has no types
    """A link that signs in once; a used or old one leads to the sign-in page, which says so."""

    next_page = "overview"

    def login_success(self) -> HttpResponse:
        record_authentication(self.request, self.request.user, "link", reauthenticated=True)
        return cast(HttpResponse, super().login_success())

    def login_failed(self) -> HttpResponse:
        messages.error(self.request, _("This sign-in link was used already or is too old."))
        return redirect("login")


class ChangePassword(SuccessMessageMixin[Any], views.PasswordChangeView):
    """A new password; who has signed in without one so far chooses their first."""

    template_name = "registration/password_change_form.html"
    success_url = reverse_lazy("settings")
    success_message = gettext_lazy("Your password is changed.")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if comes_by_provider(cast(User, request.user)):
            messages.info(request, only_by_provider())
            return redirect("settings")
        return cast(HttpResponse, super().dispatch(request, *args, **kwargs))

    def get_form_class(self) -> Any:
        has_one = cast(User, self.request.user).has_usable_password()
        return super().get_form_class() if has_one else SetPasswordForm

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        audit.record(cast(User, self.request.user), "person.password", cast(User, self.request.user))
        return response


def locked_out(request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
    """What a person sees after too many wrong passwords."""
    minutes = int(settings.LOCKED_FOR.total_seconds() // 60)
    response = render(request, "registration/locked_out.html", {"minutes": minutes}, status=429)
    response["Retry-After"] = str(minutes * 60)
    return response


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The 403 page: what happened and who can help."""
    del exception
    helpers = User.objects.filter(is_active=True, groups__name=ADMIN).order_by("username")[:5]
    context = {"helpers": [person.called for person in helpers]}
    return render(request, "registration/denied.html", context, status=403)
