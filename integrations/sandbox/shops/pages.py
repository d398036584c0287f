"""What stands in front of a shop, or instead of it, says: blocks, challenges, breakdowns.

Shapes as measured on nginx 1.22, Apache 2.4 and WordPress 7.1, or as their vendors describe them.
"""

import secrets
from dataclasses import dataclass, field

SERVER = "Apache/2.4.71 (Debian)"
NO_CACHE = "no-cache, must-revalidate, max-age=0, no-store, private"
JSON = "application/json; charset=UTF-8"
HTML = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Page:
    """A whole answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def nginx(status: int) -> Page:
    """nginx's own error page: a rule on User-Agent or address (403), or on the method (405)."""
    words = {403: "403 Forbidden", 405: "405 Not Allowed", 406: "406 Not Acceptable", 502: "502 Bad Gateway"}[
        status
    ]
    body = (
        f"<html>\r\n<head><title>{words}</title></head>\r\n<body>\r\n<center><h1>{words}</h1></center>\r\n"
        "<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
    )
    return Page(status, body.encode(), {"Server": "nginx/1.22.1", "Content-Type": "text/html"})


def apache(status: int, *, method: str = "GET", host: str = "shop.example") -> Page:
    """Apache's own error page: LimitExcept or ModSecurity (403), AllowMethods (405), no rewrites (404)."""
    title, text, headers = {
        403: ("Forbidden", "You don't have permission to access this resource.", {}),
        404: ("Not Found", "The requested URL was not found on this server.", {}),
        405: (
            "Method Not Allowed",
            f"The requested method {method} is not allowed for this URL.",
            {"Allow": ""},
        ),
        500: (
            "Internal Server Error",
            "The server encountered an internal error or\nmisconfiguration and was unable to complete\n"
            "your request.",
            {},
        ),
    }[status]
    body = (
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">\n'
        f"<html><head>\n<title>{status} {title}</title>\n</head><body>\n"
        f"<h1>{title}</h1>\n<p>{text}</p>\n<hr>\n"
        f"<address>{SERVER} Server at {host} Port 443</address>\n</body></html>\n"
    )
    return Page(
        status, body.encode(), {"Server": SERVER, "Content-Type": "text/html; charset=iso-8859-1", **headers}
    )


def cloudflare_block() -> Page:
    """A rule of Cloudflare's firewall refused the request."""
    ray = secrets.token_hex(8)
    body = (
        "<!DOCTYPE html><html lang='en-US'><head><title>Attention Required! | Cloudflare</title></head><body>"
        "<h1>Sorry, you have been blocked</h1><h2>You are unable to access this shop</h2>"
        f"<p>Cloudflare Ray ID: <strong>{ray}</strong></p></body></html>"
    )
    return Page(403, body.encode(), {"Server": "cloudflare", "CF-RAY": f"{ray}-CDG", "Content-Type": HTML})


def cloudflare_challenge() -> Page:
    ray = secrets.token_hex(8)
    body = (
        "<!DOCTYPE html><html lang='en-US'><head><title>Just a moment...</title></head><body>"
        "<script src='/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1'></script></body></html>"
    )
    headers = {
        "Server": "cloudflare",
        "CF-RAY": f"{ray}-CDG",
        "cf-mitigated": "challenge",
        "Content-Type": HTML,
    }
    return Page(403, body.encode(), headers)


def siteground_challenge() -> Page:
    """A hoster's robot check: 202 and a page that sends a browser to a captcha."""
    body = (
        '<html><head><link rel="icon" href="data:;"><meta http-equiv="refresh" '
        'content="0;/.well-known/sgcaptcha/?r=%2Fwp-json%2F"></meta></head></html>'
    )
    return Page(
        202, body.encode(), {"Server": "nginx", "SG-Captcha": "challenge", "Content-Type": "text/html"}
    )


FIREWALLS = {
    "nginx": lambda: nginx(403),
    "apache": lambda: apache(403),
    "cloudflare": cloudflare_block,
    "cloudflare_challenge": cloudflare_challenge,
    "siteground": siteground_challenge,
}


def _wp_die_page(title: str, message: str) -> bytes:
    return (
        "<!DOCTYPE html>\n<html dir='ltr'>\n<head>\n"
        '\t<meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />\n'
        '\t<meta name="viewport" content="width=device-width, initial-scale=1.0">\n'
        f'\t\t\t<title>{title}</title>\n</head>\n<body id="error-page">\n'
        f'\t<div class="wp-die-message">{message}</div></body>\n</html>\n\t'
    ).encode()


def wp_die(accept: str, status: int, title: str, message: str, **headers: str) -> Page:
    """WordPress giving up before its REST API is there: JSON only for who asks for JSON."""
    base = {"Server": SERVER, **headers, "Cache-Control": NO_CACHE}
    if "application/json" in accept:
        text = message.replace("/", "\\/")
        body = f'{{"code":"wp_die","message":"{text}","data":{{"status":{status}}},"additional_errors":[]}}'
        return Page(status, body.encode(), {**base, "Content-Type": JSON})
    return Page(status, _wp_die_page(title, message), {**base, "Content-Type": HTML})


def wordpress_maintenance(accept: str) -> Page:
    message = "Briefly unavailable for scheduled maintenance. Check back in a minute."
    return wp_die(accept, 503, "Maintenance", message, **{"Retry-After": "600"})


def wordpress_database_down(accept: str) -> Page:
    return wp_die(accept, 500, "Database Error", "<h1>Error establishing a database connection</h1>")


def wordpress_fatal(accept: str) -> Page:
    message = "<p>There has been a critical error on this website.</p>"
    return wp_die(accept, 500, "WordPress &rsaquo; Error", message)


def home(title: str, server: str) -> Page:
    body = (
        '<!DOCTYPE html>\n<html lang="en-US">\n<head>\n\t<meta charset="UTF-8" />\n'
        f"<title>{title}</title>\n</head>\n"
        f"<body><h1>{title}</h1><p>Welcome to our shop.</p></body></html>\n"
    )
    return Page(200, body.encode(), {"Server": server, "Content-Type": HTML})
