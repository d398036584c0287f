"""Takes secrets and personal data out of whatever is kept: URLs and excerpts; headers are not kept at all.

Two nets, one behind the other: the exact secrets of the account, where they are known, and patterns
of what secrets and personal data look like.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from urllib.parse import quote, urlsplit

REMOVED = "[removed]"

_HIDDEN_NAMES = (
    r"(?:consumer_key|consumer_secret|oauth|api_?key|access_?token|refresh_?token|token|secret|passw(?:or)?d|"
    r"pwd|authorization|signature|nonce|session|cookie|credential|ws_key)[\w.-]{0,60}"
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
        (
            rf"(\"[\w.-]{{0,60}}?{_HIDDEN_NAMES}\"\s*:\s*)(\"(?:\\.|[^\"\\])*\"?|[^\s,}}\]]+)",
            rf'\1"{REMOVED}"',
        ),
        (rf"(\"{_PERSONAL_NAMES}\"\s*:\s*)(\"(?:\\.|[^\"\\])*\"?|[^\s,}}\]{{\[]+)", rf'\1"{REMOVED}"'),
        (r"\b(basic|bearer|oauth|digest|token)\s+[A-Za-z0-9+/=._~%-]{6,}", rf"\1 {REMOVED}"),
        (
            rf"({_HIDDEN_NAMES})(\s{{0,9}}(?:=|%3D|:)\s{{0,9}})[\"']?(?!\[removed\])[^\s&\"'<>,;]+",
            rf"\1\2{REMOVED}",
        ),
        (
            rf"\b({_PERSONAL_NAMES})(\s{{0,9}}=\s{{0,9}})[\"']?(?!\[removed\])[^\s&\"'<>,;]+",
            rf"\1\2{REMOVED}",
        ),
        # tokens by their own look: WooCommerce, Shopify, JSON web tokens, long hexadecimal or base64
        (r"\b(?:ck|cs)_[0-9a-z]{8,}", REMOVED),
        (r"\bshp[a-z]{2,3}_[0-9a-z]{8,}", REMOVED),
        (r"\beyJ[\w-]{8,}\.[\w-]*\.?[\w-]*", REMOVED),
        (r"\b[0-9a-f]{32,}\b", REMOVED),
        (r"(?<![\w/+=.-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])[\w+/-]{40,}={0,2}", REMOVED),
        (r"(?<![\w.+%'-])[\w.+%'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+", REMOVED),
        (r"(?<![\w.])(?:\+|00)\d[\d ()./-]{5,18}\d", REMOVED),
        (r"(?<![\w.:/+-])0\d(?:[ ()./-]?\d){7,12}(?![\w:])", REMOVED),
    )
)
_OPENING = re.compile(r"<(?:(script|style|svg)\b|!--)?", re.IGNORECASE)
_CLOSING = {
    name: re.compile(rf"</{name}\s{{0,9}}>", re.IGNORECASE) for name in ("script", "style", "svg")
} | {"!--": re.compile("-->"), "": re.compile(">")}
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_WORDS = re.compile(r"\w+")
_LONGEST_WORD = 12
_SPACED = r"[\s-]?"
_BLANKS = re.compile(r"\s+")
_SECRET_NAME = re.compile(_HIDDEN_NAMES.replace("_?", "[_-]?"), re.IGNORECASE)


def redact_text(text: str, secrets: Iterable[str] = ()) -> str:
    """``text`` without secrets, e-mail addresses, phone numbers and values of personal fields.

    Takes time in proportion to the text, whatever a remote wrote into it. Control characters go too:
    no column of text can hold a zero.
    """
    if not text:
        return text
    text = _CONTROLS.sub("", text)
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, REMOVED).replace(quote(secret, safe=""), REMOVED)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def without_words(text: str, values: Iterable[str]) -> str:
    """``text`` redacted, and without the words of ``values``: what somebody else's message repeats of a
    person's name and address, whole or in part, in any case, and codes however they are spaced."""
    text = redact_text(text)
    words = {word for value in values for word in [*_WORDS.findall(value), "".join(_WORDS.findall(value))]}
    known = sorted((word for word in words if 3 <= len(word) <= 60), key=len, reverse=True)[:200]
    if not known:
        return text
    pattern = "|".join(_SPACED.join(map(re.escape, word)) for word in known)
    return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", REMOVED, text, flags=re.IGNORECASE)


def names_a_secret(name: str) -> bool:
    """Whether a header, parameter or field of that name holds a secret by all appearance."""
    return _SECRET_NAME.search(name) is not None


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
    return scheme + host + port + redact_path(parts.path, secrets) + redact_text(query, secrets)


def redact_path(path: str, secrets: Iterable[str] = ()) -> str:
    """As :func:`redact_text`, piece by piece: a long path as a whole would look like a token."""
    for secret in secrets:
        if len(secret) >= 4:
            path = path.replace(secret, REMOVED)
    return "/".join(
        _redact_word(piece) if len(piece) <= _LONGEST_WORD else redact_text(piece)
        for piece in path.split("/")
    )


@lru_cache(maxsize=1024)
def _redact_word(piece: str) -> str:
    """As :func:`redact_text`, once: paths are made of few words. Nothing as long as a key is kept."""
    return redact_text(piece)


def excerpt(text: str, secrets: Sequence[str] = (), limit: int = 500) -> str:
    """The readable part of a page or message, redacted, on one line, at most ``limit`` characters."""
    if "<" in text:
        text = _without_tags(text)
    plain = _BLANKS.sub(" ", text[: limit * 20]).strip()
    return redact_text(plain, secrets)[:limit].strip()


def _without_tags(text: str) -> str:
    """``text`` without tags, comments and what is not for reading. One pass: an end that is not there is
    looked for once only, where a single expression would look from every beginning."""
    pieces: list[str] = []
    endless: set[str] = set()
    at = 0
    while opening := _OPENING.search(text, at):
        pieces.append(text[at : opening.start()])
        found = None
        for kind in dict.fromkeys((opening[0][1:].lower(), "")):
            found = None if kind in endless else _CLOSING[kind].search(text, opening.end())
            if found:
                break
            endless.add(kind)
        at = found.end() if found else opening.end()
        pieces.append(" " if found else opening[0])
    return "".join([*pieces, text[at:]])
