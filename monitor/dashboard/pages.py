"""What all pages share: who may see them, and how browsers may keep them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from monitor.access_control import VIEW, requires
from monitor.permissions import grants_of

SHARED_S: Final = 2.0
"""How old a part may be that was made for somebody else."""
_KEPT: Final = 64


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for viewers. Asked for again unchanged, it answers 304 with nothing."""
    keepable = cache_control(private=True, no_cache=True)(conditional_page(view))
    return require_safe(requires(VIEW)(keepable))


def template_part(request: HttpRequest, name: str, parts: tuple[str, ...]) -> str:
    """The template of a page, or of the one live part that is asked for again."""
    part = request.GET.get("part", "")
    return f"dashboard/{name}_{part}.html" if part in parts else f"dashboard/{name}.html"


@dataclass(slots=True)
class _Made:
    lock: threading.Lock = field(default_factory=threading.Lock)
    at: float = 0.0
    content: bytes = b""


def shared(*parts: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A view whose live ``parts`` (``?part=``) are made once for all who see the same.

    A hundred people who watch one page cost what one costs: who asks within :data:`SHARED_S` seconds gets
    what was made for the first, if rights, the stores of each right, language, time zone and address are the
    same. Such a part must hold nothing that is one person's own; the page around it does, and is not shared.
    """
    return lambda view: _shared(view, frozenset(parts))


def _shared(view: Callable[..., HttpResponse], parts: frozenset[str]) -> Callable[..., HttpResponse]:
    made: dict[object, _Made] = {}
    guard = threading.Lock()

    @wraps(view)
    def answer(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if request.GET.get("part") not in parts:
            return view(request, *args, **kwargs)
        key = (
            request.get_full_path(),
            translation.get_language(),
            timezone.get_current_timezone_name(),
            frozenset(grants_of(request.user).items()),
        )
        with guard:
            if len(made) > _KEPT:
                made.clear()
            kept = made.setdefault(key, _Made())
        with kept.lock:
            if time.monotonic() - kept.at > SHARED_S:
                response = view(request, *args, **kwargs)
                if response.status_code != 200:
                    return response
                kept.content, kept.at = response.content, time.monotonic()
        return HttpResponse(kept.content)

    return answer
