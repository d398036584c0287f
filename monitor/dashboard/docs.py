"""The documentation, as ``make docs`` built it: files of this installation, without any other server."""

import base64
import hashlib
from io import BytesIO
from pathlib import Path
from typing import Final

from csp.constants import NONE, SELF
from csp.decorators import csp
from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.static import serve

from monitor.access_control import VIEW, requires

BUILT: Final = Path(settings.BASE_DIR) / "build" / "docs"
INLINE_SCRIPT: Final = """
      document.body.dataset.theme = localStorage.getItem("theme") || "auto";
    """
"""The one script that stands in the pages themselves. It sets the colours before the first paint."""
_HASH: Final = base64.b64encode(hashlib.sha256(INLINE_SCRIPT.encode()).digest()).decode()
POLICY: Final = {
    "default-src": [NONE],
    "script-src": [SELF, f"'sha256-{_HASH}'"],
    "style-src": [SELF],
    # Attributes in the theme's icons; no page has a style element.
    "style-src-attr": ["'unsafe-inline'"],
    # Small signs in the theme's sheets are data.
    "img-src": [SELF, "data:"],
    "font-src": [SELF],
    "connect-src": [SELF],
    "base-uri": [NONE],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}
"""What a page of the documentation may load: nothing but its own files."""


@csp(POLICY)
@require_safe
@requires(VIEW)
@cache_control(private=True, no_cache=True)
def docs(request: HttpRequest, path: str = "") -> HttpResponse:
    """A file of the documentation; the folder's first page for an address that ends with a slash."""
    if not path or path.endswith("/"):
        path = f"{path}index.html"
    try:
        found = serve(request, path, document_root=str(BUILT))
    except Http404:
        if (BUILT / "index.html").exists():
            raise
        return not_built(request)
    if not isinstance(found, FileResponse):
        return found
    # The files are small, so nothing needs to stay open for readers who may give up.
    with found.file_to_stream or BytesIO() as file:
        return HttpResponse(file.read(), headers=found.headers)


def not_built(request: HttpRequest) -> HttpResponse:
    """Says how the pages come to be."""
    return render(request, "dashboard/docs_not_built.html", status=404)
