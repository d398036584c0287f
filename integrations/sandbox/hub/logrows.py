"""Rows of the hub's exception log. They hold marked fake secrets and personal data, as real ones do."""

from typing import Any
from urllib.parse import urlsplit

from integrations.sandbox.fleet import Fault, ShopSpec
from integrations.sandbox.hub.calling import USER_AGENT, CallFailed
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
    "magento": Page(
        401,
        b'{"message":"The consumer isn\'t authorized to access %resources.",'
        b'"parameters":{"resources":"self"}}',
        {"Content-Type": "application/json; charset=utf-8"},
    ),
    "prestashop": Page(
        401,
        b'{"errors":[{"code":20,"message":"This webservice key is not active"}]}',
        {"Content-Type": "application/json;charset=utf-8"},
    ),
    "shopify": Page(
        401,
        b'{"errors":"[API] Invalid API key or access token (unrecognized login or wrong password)"}',
        {"Content-Type": "application/json; charset=utf-8"},
    ),
}


_CLOSED = Page(
    503, b"<html><h1>503 Service Temporarily Unavailable</h1></html>", {"Content-Type": pages.HTML}
)
_FETCHES = {
    "woocommerce": ("GET", "/wp-json/wc/v3/orders?per_page=100&page=1"),
    "shopify": ("POST", "/admin/api/2026-10/graphql.json"),
    "magento": ("GET", "/rest/V1/orders"),
    "prestashop": ("GET", "/api/orders"),
}


def log_row(failed: CallFailed) -> dict[str, Any]:
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
            "payload": {
                **({"query": failed.query} if failed.query else {}),
                "billing": {"last_name": "PRIVATE", "email": "jane.private@example.com"},
            },
        },
        "exception_type": failed.exception_type,
        "exception": f"{failed.exception}?{_SECRET_QUERY}"
        if " for url: " in failed.exception
        else failed.exception,
        "protected": False,
        "additional_data": "",
    }


def imagined_failure(fault: Fault, shop: ShopSpec, shops_url: str) -> CallFailed:
    """What a call would have met under a fault, for the time nobody was there to call."""
    method, path = _FETCHES[shop.platform]
    url = f"{shops_url}/{shop.name}{path}"
    page = _imagined_page(fault, shop)
    sent = {"User-Agent": USER_AGENT, "Accept": "application/json"}
    if page is None:
        text = "Read timed out. (read timeout=15)"
        return CallFailed(method, url, None, "requests.exceptions.ReadTimeout", text, sent, {}, "")
    reason = "Server Error" if page.status >= 500 else "Client Error"
    text = f"{page.status} {reason} for url: {url}"
    kind = "requests.exceptions.HTTPError"
    return CallFailed(method, url, page.status, kind, text, sent, page.headers, page.body.decode())


def _imagined_page(fault: Fault, shop: ShopSpec) -> Page | None:
    match fault.name:
        case "firewall":
            return pages.FIREWALLS[str(fault.params.get("style", "nginx"))]()
        case "maintenance":
            is_wordpress = shop.platform == "woocommerce"
            return pages.wordpress_maintenance("application/json") if is_wordpress else _CLOSED
        case "credentials_revoked":
            return _UNAUTHORIZED[shop.platform]
        case "database_down" | "server_error":
            return pages.wordpress_database_down("application/json")
        case "rewrite_gone":
            return pages.apache(404)
    return None
