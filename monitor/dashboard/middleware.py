"""Pages in the reader's own language and time zone."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation


class PersonMiddleware:
    """Activates the signed-in person's language and time zone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            translation.activate(request.user.language)
            zone = request.user.time_zone or request.COOKIES.get("tz", "UTC")
            timezone.activate(ZoneInfo(zone))
        response = self.get_response(request)
        timezone.deactivate()
        return response
