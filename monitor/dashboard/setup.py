"""The first administrator: a page that works while nobody exists yet, for whoever saw its address.

The address holds a signed token, so that on an open network the first visitor cannot take over.
Nothing of it is stored; once a person exists it leads nowhere.
"""

from typing import Any, Final
from urllib.parse import urlencode

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.core.signing import BadSignature, TimestampSigner
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from monitor import audit
from monitor.access_control import ADMIN
from monitor.models import User

_PURPOSE: Final = "first-administrator"
_MAX_AGE_S: Final = 24 * 3600
_BACKEND: Final = "monitor.permissions.PermissionsBackend"


class FirstAdministratorForm(BaseUserCreationForm[User]):
    class Meta:
        model = User
        fields = ("username", "email")


def setup_url() -> str | None:
    """The one-time address of the page, valid for a day; None once anybody exists."""
    if User.objects.exists():
        return None
    query = urlencode({"token": TimestampSigner(salt=_PURPOSE).sign(_PURPOSE)})
    return f"{settings.PUBLIC_URL}{reverse('setup')}?{query}"


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest) -> HttpResponse:
    if User.objects.exists():
        return redirect("login")
    token = request.POST.get("token") or request.GET.get("token", "")
    if not _is_valid(token):
        return render(request, "setup/no_token.html", {"was_given": bool(token)}, status=403)
    form = FirstAdministratorForm(request.POST or None)
    if form.is_valid():
        user = _create(form)
        if user is None:
            return redirect("login")
        login(request, user, backend=_BACKEND)
        record_authentication(request, user, "password", reauthenticated=True)
        return redirect("connect")
    context: dict[str, Any] = {"form": form, "token": token}
    return render(request, "setup/setup.html", context, status=422 if form.errors else 200)


def _create(form: FirstAdministratorForm) -> User | None:
    """The first person, or None when somebody else was faster."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('syncwatch.setup'))")
        if User.objects.exists():
            return None
        user = form.save(commit=False)
        user.is_staff = user.is_superuser = True
        user.save()
        user.groups.add(Group.objects.get(name=ADMIN))
        audit.record(user, "person.create", user, after={"groups": [ADMIN], "is_superuser": True})
        return user


def _is_valid(token: str) -> bool:
    try:
        return TimestampSigner(salt=_PURPOSE).unsign(token, max_age=_MAX_AGE_S) == _PURPOSE
    except BadSignature:
        return False
