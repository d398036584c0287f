"""The WSGI application, served by granian."""

import os
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
_pages = get_wsgi_application()

# What follows reads the settings, which come with Django's own set-up.
from monitor.webhooks.receiver import PREFIX, Webhooks  # noqa: E402

_webhooks = Webhooks()


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Deliveries go past Django, all else through it."""
    if environ["PATH_INFO"].startswith(PREFIX):
        return _webhooks(environ, start_response)
    return _pages(environ, start_response)
