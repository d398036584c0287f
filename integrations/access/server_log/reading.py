"""Reads error logs of nginx and Apache. Lines that speak of other things are passed over.

The shapes were measured on Apache 2.4 with ModSecurity 2.9 and OWASP's rule set 3.3, and on nginx 1.22.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from itertools import islice

from integrations.access.server_log import modsecurity
from integrations.access.server_log.records import Kind, Refusal, Rule, ServerLog

MOST_LINES = 500_000
LONGEST_LINE = 16_000
MOST_REFUSALS = 2_000


def read_log(lines: Iterable[str], *, zone: tzinfo = UTC, clients: Sequence[str] = ()) -> ServerLog:
    """Reads the lines of an error log, oldest first as servers write them. What is not understood is passed
    over.

    ``zone``: of the times in it, which say none themselves. ``clients``: the hub's networks, where they are
    known. Raises ValueError for what is no network.
    """
    networks = [ip_network(client, strict=False) for client in clients]
    transactions = modsecurity.Transactions()
    found: list[Refusal] = []
    for whole in islice(lines, MOST_LINES):
        line = whole[:LONGEST_LINE]
        refusal = transactions.read(line) if modsecurity.MARK in line else _apache(line) or _nginx(line)
        if refusal is None:
            continue
        is_expected = _is_of(refusal.client, networks)
        found.append(replace(refusal, at=_at(line, zone), is_expected=is_expected))
        del found[:-MOST_REFUSALS]
    return ServerLog(tuple(reversed(found)))


_APACHE = re.compile(r"\[client ([0-9a-fA-F.:]+?)(?::\d+)?\] (?:(AH\d{5}): )?(.*)")
_APACHE_KINDS = {
    "AH01630": Kind.REQUIRE,
    "AH01797": Kind.DENY,
    "AH01623": Kind.METHODS,
    "AH01614": Kind.SIGN_IN,
    "AH01617": Kind.SIGN_IN,
    "AH01618": Kind.SIGN_IN,
}
_HTACCESS = re.compile(r"(/\S*\.htaccess): (.{1,200})")
_APACHE_METHOD = re.compile(r"'([A-Z]+)' to ")
_NGINX = re.compile(r"\[(?:error|warn|notice|info)\] \d+#\d+: \*\d+ (.*?), client: ([0-9a-fA-F.:]+)")
_NGINX_REQUEST = re.compile(r', request: "([A-Z]+) ([^ "?]*)')
_NGINX_KINDS = (
    ("access forbidden by rule", Kind.DENY),
    ("limiting requests", Kind.RATE),
    ("limiting connections", Kind.RATE),
    ("no user/password was provided", Kind.SIGN_IN),
    ("password mismatch", Kind.SIGN_IN),
)


def _apache(line: str) -> Refusal | None:
    match = _APACHE.search(line)
    if match is None:
        return None
    client, number, text = match[1], match[2] or "", match[3]
    if number in _APACHE_KINDS:
        method = _APACHE_METHOD.search(text)
        # The path that stands there is a file's or an upstream's, not the one that was asked.
        return Refusal(
            "Apache",
            _APACHE_KINDS[number],
            (Rule(number),),
            client=client,
            method=method[1] if method else "",
        )
    broken = _HTACCESS.search(text) if ":alert]" in line else None
    if broken:
        return Refusal("Apache", Kind.BROKEN, message=f"{broken[1]}: {broken[2]}", status=500, client=client)
    return None


def _nginx(line: str) -> Refusal | None:
    match = _NGINX.search(line)
    if match is None:
        return None
    kind = next((kind for text, kind in _NGINX_KINDS if text in match[1]), None)
    if kind is None:
        return None
    request = _NGINX_REQUEST.search(line)
    method, path = (request[1], request[2][:300]) if request else ("", "")
    return Refusal("nginx", kind, client=match[2], method=method, path=path)


def _is_of(client: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    try:
        address = ip_address(client)
    except ValueError:
        return False
    return any(address in network for network in networks)


_TIMES = (
    (re.compile(r"^\[\w{3} (\w{3} \d{2} \d{2}:\d{2}:\d{2})(?:\.\d+)? (\d{4})\]"), "%b %d %H:%M:%S %Y"),
    (re.compile(r"^(\d{4}/\d{2}/\d{2}) (\d{2}:\d{2}:\d{2}) "), "%Y/%m/%d %H:%M:%S"),
)


def _at(line: str, zone: tzinfo) -> datetime | None:
    for pattern, shape in _TIMES:
        match = pattern.match(line)
        if match:
            try:
                return datetime.strptime(" ".join(match.groups()), shape).replace(tzinfo=zone).astimezone(UTC)
            except ValueError:
                return None
    return None
