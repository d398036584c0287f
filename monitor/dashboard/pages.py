"""What all pages share: who may see them, and how browsers may keep them."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page, require_safe

from monitor.access_control import VIEW, requires


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A page for viewers. Asked for again unchanged, it answers 304 with nothing."""
    keepable = cache_control(private=True, no_cache=True)(conditional_page(view))
    return require_safe(requires(VIEW)(keepable))


def template_part(request: HttpRequest, name: str, parts: tuple[str, ...]) -> str:
    """The template of a page, or of the one live part that is asked for again."""
    part = request.GET.get("part", "")
    return f"dashboard/{name}_{part}.html" if part in parts else f"dashboard/{name}.html"
