"""Where a person is signed in, and signing out there."""

from dataclasses import dataclass
from typing import cast

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from monitor import audit
from monitor.models import User

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A session as a person recognises it."""

    session: UserSession
    is_here: bool

    @property
    def device(self) -> str:
        """``Firefox, Windows``; of a program its name."""
        agent = self.session.user_agent
        browser = next((word for mark, word in _BROWSERS if mark in agent), "")
        system = next((word for mark, word in _SYSTEMS if mark in agent), "")
        return ", ".join(filter(None, [browser, system])) or agent.partition(" ")[0] or _("unknown device")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: HttpRequest) -> HttpResponse:
    """The list; a POST signs out in one place (``end``), or in all but this one."""
    user = cast(User, request.user)
    here = request.session.session_key
    held = list(UserSession.objects.purge_and_list(user))
    if request.method == "POST":
        chosen = request.POST.get("end", "")
        ended = [one for one in held if one.session_key != here and chosen in ("", str(one.pk))]
        if ended:
            with transaction.atomic():
                for one in ended:
                    one.end()
                audit.record(user, "person.sign_out", user, after={"sessions": len(ended)})
            text = ngettext("Signed out in %(count)d place.", "Signed out in %(count)d places.", len(ended))
            messages.success(request, text % {"count": len(ended)})
        return redirect("sessions")
    held.sort(key=lambda one: (one.session_key != here, -one.last_seen_at.timestamp()))
    places = [Place(one, one.session_key == here) for one in held]
    return render(request, "account/sessions.html", {"now": timezone.now(), "places": places})
