"""Takes secrets and personal data out of whatever is kept: URLs, headers, excerpts.

Two nets, one behind the other: the exact secrets of the account, where they are known, and patterns
of what secrets and personal data look like.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import quote, urlsplit

REMOVED = "[removed]"

KEPT_HEADERS = frozenset(
    {
        "allow",
        "cf-cache-status",
        "cf-error-type",
        "cf-mitigated",
        "cf-ray",
        "content-type",
        "date",
        "retry-after",
        "server",
        "sg-captcha",
        "via",
        "x-amzn-waf-action",
        "x-cache",
        "x-request-id",
        "x-shopify-api-version",
        "x-sucuri-block",
        "x-sucuri-id",
    }
)
"""Headers that tell who answered and never carry secrets. All others are dropped, ``Link`` and
``Set-Cookie`` above all: WooCommerce repeats the query string, keys included, in ``Link``."""

_HIDDEN_NAMES = (
    r"[\w.-]*(?:consumer_key|consumer_secret|oauth_\w+|api_?key|access_?token|refresh_?token|token|secret|passw(?:or)?d|"
    r"pwd|authorization|signature|nonce|session\w*|cookie|credential\w*|ws_key|x-shopify-access-token)[\w.-]*"
)
_PERSONAL_NAMES = (
    r"(?:first_?name|last_?name|full_?name|customer_?name|display_?name|name|company(?:_name)?|address\w*|street\w*|"
    r"house_number|city|postcode|postal_code|zip(?:_code)?|e-?mail|user_?login|username|phone\w*|telephone|mobile|"
    r"customer_note|note|order_note|iban|vat_number|birth\w*|ip_address|customer_ip_address)"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), replacement)
    for pattern, replacement in (
        # https://user:password@host
        (r"(?<=://)[^/\s@\"'<>]+@", ""),
        # "token": "value", token=value, Token: value
        (rf"(\"{_HIDDEN_NAMES}\"\s*:\s*)(\"(?:\\.|[^\"\\])*\"?|[^\s,}}\]]+)", rf'\1"{REMOVED}"'),
        (rf"(\"{_PERSONAL_NAMES}\"\s*:\s*)(\"(?:\\.|[^\"\\])*\"?|[^\s,}}\]{{\[]+)", rf'\1"{REMOVED}"'),
        (r"\b(basic|bearer|oauth|digest|token)\s+[A-Za-z0-9+/=._~%-]{6,}", rf"\1 {REMOVED}"),
        (rf"\b({_HIDDEN_NAMES})(\s*(?:=|%3D|:)\s*)[\"']?(?!\[removed\])[^\s&\"'<>,;]+", rf"\1\2{REMOVED}"),
        (rf"\b({_PERSONAL_NAMES})(\s*=\s*)[\"']?(?!\[removed\])[^\s&\"'<>,;]+", rf"\1\2{REMOVED}"),
        # tokens by their own look: WooCommerce, Shopify, JSON web tokens, long hexadecimal or base64
        (r"\b(?:ck|cs)_[0-9a-z]{8,}", REMOVED),
        (r"\bshp[a-z]{2,3}_[0-9a-z]{8,}", REMOVED),
        (r"\beyJ[\w-]{8,}\.[\w-]*\.?[\w-]*", REMOVED),
        (r"\b[0-9a-f]{32,}\b", REMOVED),
        (r"(?<![\w/+=.-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])[\w+/-]{40,}={0,2}", REMOVED),
        (r"[\w.+%'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", REMOVED),
        (r"(?<![\w.])(?:\+|00)\d[\d ()./-]{5,18}\d", REMOVED),
        (r"(?<![\w.:/+-])0\d(?:[ ()./-]?\d){7,12}(?![\w:])", REMOVED),
    )
)
_TAGS = re.compile(r"<(script|style|svg)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)
_BLANKS = re.compile(r"\s+")


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without secrets, e-mail addresses, phone numbers and values of personal fields."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, REMOVED).replace(quote(secret, safe=""), REMOVED)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact_url(url: str, secrets: Iterable[str] = ()) -> str:
    """Scheme, host, port and path, and the names of the query's parameters without their values."""
    try:
        parts = urlsplit(url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return REMOVED
    names = [piece.partition("=")[0] for piece in parts.query.split("&") if "=" in piece]
    query = "?" + "&".join(names) if names else ""
    scheme = f"{parts.scheme}://" if host else ""
    return scheme + host + port + redact_text(parts.path + query, secrets)


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Only headers that say who answered, in lower case."""
    return {name.lower(): value for name, value in headers.items() if name.lower() in KEPT_HEADERS}


def excerpt(text: str, secrets: Sequence[str] = (), limit: int = 500) -> str:
    """The readable part of a page or message, redacted, on one line, at most ``limit`` characters."""
    if "<" in text:
        text = _TAGS.sub(" ", text)
    plain = _BLANKS.sub(" ", text[: limit * 20]).strip()
    return redact_text(plain, secrets)[:limit].strip()
