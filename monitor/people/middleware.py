"""Remembers when people were last seen, and asks for a second factor where one is required."""

import time
from collections.abc import Callable
from typing import Any, Final, cast

from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from monitor.access_control import client_address
from monitor.models import User
from monitor.people.factors import has_factor, needs_factor

EVERY_S: Final = 300
"""What is kept of when somebody was seen is no finer."""
_SEEN: Final = "seen_at"
_KEY: Final = "seen_as"
_FACTOR: Final = "has_factor"
_OPEN: Final = ("/account/", "/logout/", "/static/", "/login/")
"""Where somebody who lacks a second factor can add one."""


class SessionMiddleware:
    """Costs no query but every few minutes."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return self.get_response(request)
        _note(request, request.user)
        if _lacks_factor(request, request.user):
            return redirect("mfa_index")
        response = self.get_response(request)
        # Who sits at the same device next must not find it; pages that are asked for again say so themselves.
        response.setdefault("Cache-Control", "private, no-store")
        return response


def _note(request: HttpRequest, user: User) -> None:
    seconds, key = int(time.time()), request.session.session_key
    # A new password gives the session a new key; under the old one nobody could find and end it.
    if seconds - request.session.get(_SEEN, 0) < EVERY_S and request.session.get(_KEY) == key:
        return
    request.session[_SEEN], request.session[_KEY] = seconds, key
    now = timezone.now()
    User.objects.filter(pk=user.pk).update(last_seen_at=now)
    address = client_address(request)
    if address:
        UserSession.objects.update_or_create(
            session_key=key,
            defaults={
                "user": user,
                "ip": address,
                "user_agent": request.headers.get("User-Agent", "")[:200],
                "last_seen_at": now,
            },
        )


def _lacks_factor(request: HttpRequest, user: User) -> bool:
    if request.session.get(_FACTOR) or not needs_factor(user) or request.path.startswith(_OPEN):
        return False
    if not has_factor(user):
        return True
    request.session[_FACTOR] = True
    return False


@receiver(user_logged_in, dispatch_uid="monitor.people.signed_in")
def _signed_in(request: HttpRequest, user: Any, **_kwargs: Any) -> None:
    """A session exists from the moment somebody signs in, however that was."""
    if request.session.session_key is None:
        request.session.save()
    request.session.pop(_FACTOR, None)
    request.session.pop(_SEEN, None)
    request.session.modified = True
    _note(request, cast(User, user))
