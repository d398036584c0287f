"""How WordPress puts documents, refusals and errors into answers."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

from integrations.sandbox.shops.pages import HTML, JSON, NO_CACHE, SERVER, Page, apache, home
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.woo_auth import SignedIn
from integrations.sandbox.shops.woo_documents import prune
from integrations.sandbox.shops.woo_query import InvalidParam

API = "/wp-json/wc/v3"
NOBODY_STATUS = 401
_REFUSALS = {
    "list": ("view", "Sorry, you cannot list resources."),
    "view": ("view", "Sorry, you cannot view this resource."),
    "create": ("create", "Sorry, you are not allowed to create resources."),
    "edit": ("edit", "Sorry, you are not allowed to edit this resource."),
    "delete": ("delete", "Sorry, you are not allowed to delete this resource."),
}
_WHOLE = "GET, POST, PUT, PATCH, DELETE"
_ALLOWED = {
    ("orders", 1): "GET, POST",
    ("orders", 2): _WHOLE,
    ("orders", 3): "GET, POST",
    ("webhooks", 1): "GET, POST",
    ("webhooks", 2): _WHOLE,
}


def root_link(request: ShopRequest) -> str:
    return f'<{quote(request.base_url, safe=":/")}/wp-json/>; rel="https://api.w.org/"'


def rights_headers(signed_in: SignedIn, parts: list[str], page: Page) -> dict[str, str]:
    """What is added once a user is known: no caching, and what may be done here."""
    if signed_in.key is None:
        return {"Allow": "GET"} if parts == ["wp-json"] else {}
    headers = {"Cache-Control": NO_CACHE}
    known_route = page.status != 404 or b"rest_no_route" not in page.body
    if known_route and signed_in.refusal is None and (signed_in.key.has_rights or parts == ["wp-json"]):
        headers["Allow"] = _ALLOWED.get((parts[0], len(parts)), "GET")
    return headers


def refused(request: ShopRequest, signed_in: SignedIn, deed: str, *, managing: bool = False) -> Page | None:
    """None when the user may; else the refusal. ``managing``: what only managers of the shop may."""
    if signed_in.key is None:
        return refuse(request, deed, NOBODY_STATUS)
    may = signed_in.key.manages if managing else signed_in.key.has_rights
    return None if may else refuse(request, deed, 403)


def refuse(request: ShopRequest, deed: str, status: int) -> Page:
    verb, message = _REFUSALS[deed]
    return error(request, status, f"woocommerce_rest_cannot_{verb}", message)


def json_page(
    request: ShopRequest,
    document: Any,
    *,
    status: int = 200,
    pruned: bool = False,
    extra: Mapping[str, str] | None = None,
) -> Page:
    if not pruned:
        document = prune(document, request.query.get("_fields", ""))
    return Page(status, orjson.dumps(document), {**_headers(request), **(extra or {})})


def error(request: ShopRequest, status: int, code: str, message: str) -> Page:
    document = {"code": code, "message": message, "data": {"status": status}}
    return Page(status, orjson.dumps(document), _headers(request))


def no_route(request: ShopRequest) -> Page:
    return error(request, 404, "rest_no_route", "No route was found matching the URL and request method.")


def invalid_json(request: ShopRequest) -> Page:
    data = {"status": 400, "json_error_code": 4, "json_error_message": "Syntax error"}
    document = {"code": "rest_invalid_json", "message": "Invalid JSON body passed.", "data": data}
    return Page(400, orjson.dumps(document), _headers(request))


def invalid_param(request: ShopRequest, found: InvalidParam) -> Page:
    details = {found.name: {"code": found.code, "message": found.message, "data": None}}
    data = {"status": 400, "params": {found.name: found.message}, "details": details}
    message = f"Invalid parameter(s): {found.name}"
    document = {"code": "rest_invalid_param", "message": message, "data": data}
    return Page(400, orjson.dumps(document), _headers(request))


def body_of(request: ShopRequest) -> Mapping[str, Any] | None:
    """The JSON object sent; None when it is not JSON."""
    try:
        body = request.json()
    except orjson.JSONDecodeError:
        return None
    return body if isinstance(body, dict) else {}


def _headers(request: ShopRequest) -> dict[str, str]:
    return {
        "Server": SERVER,
        "X-Robots-Tag": "noindex",
        "Link": root_link(request),
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Expose-Headers": "X-WP-Total, X-WP-TotalPages, Link",
        "Access-Control-Allow-Headers": (
            "Authorization, X-WP-Nonce, Content-Disposition, Content-MD5, Content-Type"
        ),
        "Content-Type": JSON,
    }


def rewrite_gone(request: ShopRequest) -> Page | None:
    """The rewrite rules are missing: Apache answers, and WordPress hears only of what names index.php."""
    if request.path.startswith("/index.php/") or "rest_route" in request.query:
        return None
    if request.method == "OPTIONS":
        return Page(200, b"", {"Server": SERVER, "Allow": "GET,POST,OPTIONS,HEAD"})
    if request.path in ("/", ""):
        return Page(200, home(request.shop.title, SERVER).body, {"Server": SERVER, "Content-Type": HTML})
    return apache(404)


def permalinks_plain(request: ShopRequest) -> Page | None:
    """Without permalinks WordPress has its API at ``?rest_route=`` only."""
    return apache(404) if request.path.startswith("/index.php/") else rewrite_gone(request)
