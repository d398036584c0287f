"""What a redirect changes of the address that was asked."""

from urllib.parse import urljoin, urlsplit


def reason(asked: str, location: str) -> str:
    """``https``, ``www``, ``slash``, ``host``, ``path``, ``loop``: the first that differs; empty: nowhere."""
    if not location:
        return ""
    before, after = urlsplit(asked), urlsplit(urljoin(asked, location))
    old_host, new_host = (before.hostname or "").lower(), (after.hostname or "").lower()
    if old_host != new_host:
        return "www" if old_host.removeprefix("www.") == new_host.removeprefix("www.") else "host"
    if before.scheme != after.scheme:
        return "https" if after.scheme == "https" else "host"
    if before.netloc != after.netloc:
        return "host"
    if before.path != after.path:
        return "slash" if before.path.rstrip("/") == after.path.rstrip("/") else "path"
    return "loop"
