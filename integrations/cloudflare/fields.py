"""What is known of a hub's requests, and how single comparisons of a rule's expression answer for it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from integrations.cloudflare.patterns import matches

Network = IPv4Network | IPv6Network
NEVER, MAYBE, ALWAYS = 0, 1, 2
LOWER = "lower "
"""Stands before a field whose text the rule compares in lower case."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A kind of request. What is empty is not known."""

    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    """Examples of paths."""
    prefixes: tuple[str, ...] = ()
    """What every path begins with, for example ``/wp-json/``."""
    user_agents: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()


def networks_of(texts: Iterable[str]) -> tuple[Network, ...]:
    """Those of the texts that are addresses or networks."""
    found = (network_of(text) for text in texts)
    return tuple(network for network in found if network is not None)


def network_of(text: str) -> Network | None:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        return None


def merged(networks: Iterable[Network]) -> list[Network]:
    """The same addresses in the fewest networks."""
    networks = list(networks)
    v4 = collapse_addresses(network for network in networks if isinstance(network, IPv4Network))
    v6 = collapse_addresses(network for network in networks if isinstance(network, IPv6Network))
    return [*v4, *v6]


def overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def is_inside(network: Network, others: Iterable[Network]) -> bool:
    """Whether one of ``others`` holds the whole network."""
    return any(
        network.version == other.version
        and int(other.network_address) <= int(network.network_address)
        and int(network.broadcast_address) <= int(other.broadcast_address)
        for other in others
    )


def covers(literal: str, host: str) -> bool:
    """Whether a text in a rule names the host, a parent domain of it, or a wildcard over it."""
    text = literal.lower().strip().rstrip(".")
    text = text.partition("://")[2] or text
    text = text.partition("/")[0].partition(":")[0]
    parent = text.lstrip("*").lstrip(".")
    if not parent:
        return "*" in text
    return host == parent or host.endswith("." + parent) or ("*" in text and matches(text, host))


def compare(field: str, operator: str, values: Sequence[str], visit: Visit) -> int:
    """What ``field operator values`` answers for the requests of ``visit``: 0 never, 1 maybe, 2 always."""
    if operator in ("ne", "!="):
        return ALWAYS - compare(field, "eq", values, visit)
    if field == "ip.src":
        return _addresses(operator, values, visit.networks)
    is_lowered = field.startswith(LOWER)
    field = field.removeprefix(LOWER)
    known: tuple[str, ...] = ()
    if field == "http.host":
        known = visit.hosts
    elif field in ("http.request.uri.path", "raw.http.request.uri.path"):
        known = visit.paths
    elif field == "http.user_agent":
        known = visit.user_agents
    elif field in ("http.request.uri", "raw.http.request.uri"):
        return _uri(operator, values, visit)
    if not known or any(value.startswith("$") for value in values):
        return MAYBE
    found = _texts(operator, values, tuple(map(str.lower, known)) if is_lowered else known)
    if found == NEVER and known is visit.paths and _mentions(values, visit.prefixes):
        return MAYBE
    return found


def _texts(operator: str, values: Sequence[str], known: Sequence[str]) -> int:
    test = _TESTS.get(operator)
    if test is None:
        return MAYBE
    exact = [any(test(text, value) for value in values) for text in known]
    if all(exact):
        return ALWAYS
    folded = [any(test(text.lower(), value.lower()) for value in values) for text in known]
    return MAYBE if any(folded) else NEVER


def _same(text: str, value: str) -> bool:
    return text == value


_TESTS: dict[str, Callable[[str, str], bool]] = {
    "eq": _same,
    "==": _same,
    "in": _same,
    "contains": lambda text, value: value in text,
    "wildcard": lambda text, value: matches(value, text),
    "starts_with": str.startswith,
    "ends_with": str.endswith,
}


def _mentions(values: Sequence[str], prefixes: Sequence[str]) -> bool:
    """The example paths are not all paths: a text that speaks of the API may meet another one."""
    return any(prefix.strip("/").lower() in value.lower() for value in values for prefix in prefixes)


def _uri(operator: str, values: Sequence[str], visit: Visit) -> int:
    """Path and query. Queries are not known, but hold no slash; so a text with one speaks of the path."""
    if operator in ("contains", "starts_with") and all("/" in value and "?" not in value for value in values):
        return compare("http.request.uri.path", operator, values, visit)
    return MAYBE


def _addresses(operator: str, values: Sequence[str], networks: Sequence[Network]) -> int:
    if not networks or operator not in ("eq", "==", "in"):
        return MAYBE
    listed = networks_of(values)
    if all(is_inside(network, listed) for network in networks):
        return ALWAYS
    if len(listed) < len(values) or any(overlap(a, b) for a in networks for b in listed):
        return MAYBE
    return NEVER
