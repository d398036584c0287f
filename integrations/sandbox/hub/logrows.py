"""Rows of the hub's exception log. They hold marked fake secrets and personal data, as real ones do."""

from typing import Any
from urllib.parse import urlsplit

from integrations.sandbox.fleet import Fault, ShopSpec
from integrations.sandbox.hub.fetching import USER_AGENT, FetchFailed
from integrations.sandbox.shops import pages
from integrations.sandbox.shops.pages import Page

_SECRET_QUERY = "consumer_key=ck_SECRET0000&consumer_secret=cs_SECRET0000"  # noqa: S105
_UNAUTHORIZED = {
    "woocommerce": Page(
        401,
        b'{"code":"woocommerce_rest_cannot_view","message":"Sorry, you cannot list resources.",'
        b'"data":{"status":401}}',
        {"Server": pages.SERVER, "Content-Type": pages.JSON},
    ),
    "shopify": Page(
        401,
        b'{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}',
        {"Content-Type": "application/json; charset=utf-8"},
    ),
}


def log_row(failed: FetchFailed) -> dict[str, Any]:
    parts = urlsplit(failed.url)
    query = "&".join(part for part in (parts.query, _SECRET_QUERY) if part)
    headers = {
        **failed.request_headers,
        "Authorization": "Basic Y2tfU0VDUkVUOmNzX1NFQ1JFVA==",
        "X-Shopify-Access-Token": "shpat_SECRET0000",
    }
    return {
        "base_url": f"{parts.scheme}://{parts.netloc}",
        "full_url": f"{parts.scheme}://{parts.netloc}{parts.path}?{query}",
        "method": failed.method,
        "response_code": failed.status,
        "response": {"headers": failed.response_headers, "body": failed.response_body}
        if failed.status
        else None,
        "request": {
            "headers": headers,
            "payload": {"billing": {"last_name": "PRIVATE", "email": "jane.private@example.com"}},
        },
        "exception_type": failed.exception_type,
        "exception": f"{failed.exception}?{_SECRET_QUERY}"
        if " for url: " in failed.exception
        else failed.exception,
        "protected": False,
        "additional_data": "",
    }


def imagined_failure(fault: Fault, shop: ShopSpec, shops_url: str) -> FetchFailed:
    """What a call would have met under a fault, for the time nobody was there to call."""
    if shop.platform == "woocommerce":
        method, url = "GET", f"{shops_url}/{shop.name}/wp-json/wc/v3/orders?per_page=100&page=1"
    else:
        method, url = "POST", f"{shops_url}/{shop.name}/admin/api/2026-10/graphql.json"
    page = _imagined_page(fault, shop)
    sent = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    if page is None:
        text = "Read timed out. (read timeout=15)"
        return FetchFailed(method, url, None, "requests.exceptions.ReadTimeout", text, sent, {}, "")
    reason = "Server Error" if page.status >= 500 else "Client Error"
    text = f"{page.status} {reason} for url: {url}"
    kind = "requests.exceptions.HTTPError"
    return FetchFailed(method, url, page.status, kind, text, sent, page.headers, page.body.decode())


def _imagined_page(fault: Fault, shop: ShopSpec) -> Page | None:
    match fault.name:
        case "firewall":
            return pages.FIREWALLS[str(fault.params.get("style", "nginx"))]()
        case "maintenance":
            return pages.wordpress_maintenance("application/json")
        case "credentials_revoked":
            return _UNAUTHORIZED[shop.platform]
        case "database_down" | "server_error":
            return pages.wordpress_database_down("application/json")
        case "rewrite_gone":
            return pages.apache(404)
    return None
