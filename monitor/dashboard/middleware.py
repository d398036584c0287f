"""Pages in the reader's own language and time zone."""

from collections.abc import Callable
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

ZONES = frozenset(available_timezones())


def zone_of(*names: str) -> ZoneInfo:
    """The first of the names that is a time zone, else UTC. Cookies may hold anything."""
    return next((ZoneInfo(name) for name in names if name in ZONES), ZoneInfo("UTC"))


class PersonMiddleware:
    """Activates the signed-in person's language and time zone.

    A person who has chosen no zone gets the browser's, which ``page.js`` writes to the cookie ``tz``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # No text in PostgreSQL holds a zero, so nothing can be found by one.
        if "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The address holds a zero character.")
        names = [unquote(request.COOKIES.get("tz", ""))]
        if request.user.is_authenticated:
            names.insert(0, request.user.time_zone)
            if request.user.language in dict(settings.LANGUAGES):
                translation.activate(request.user.language)
                request.LANGUAGE_CODE = translation.get_language()
        timezone.activate(zone_of(*names))
        try:
            return self.get_response(request)
        finally:
            timezone.deactivate()
