"""The WSGI application, served by granian."""

import gc
import os
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")
_pages = get_wsgi_application()

# What follows reads the settings, which come with Django's own set-up.
from django.urls import get_resolver  # noqa: E402

from monitor.webhooks.receiver import PREFIX, Webhooks  # noqa: E402

_webhooks = Webhooks()

# All pages are loaded now, and stay for good. The garbage collector would walk over them again and again, for
# a tenth of a second in the middle of a page; and what pages make and drop need not be looked at every 700th
# time.
get_resolver().url_patterns  # noqa: B018  (loads them)
gc.collect()
gc.freeze()
gc.set_threshold(10_000)


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """Deliveries go past Django, all else through it."""
    if environ["PATH_INFO"].startswith(PREFIX):
        return _webhooks(environ, start_response)
    return _pages(environ, start_response)
