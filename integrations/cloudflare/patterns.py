"""Patterns with ``*`` of Page Rules, Workers routes and Zone Lockdown.

``*`` stands for any text; a pattern without scheme means http and https. Sources: developers.cloudflare.com,
/rules/page-rules/reference/wildcard-matching and /workers/configuration/routing/routes.
"""

import re
from collections.abc import Iterable

SCHEMES = ("", "http://", "https://")
LONGEST = 4096
"""Characters; a pattern that is longer is not looked at, and may match."""
_STARS = re.compile(r"\*{2,}")


def matches(pattern: str, text: str) -> bool:
    """Whether the whole text fits the pattern, without regard to case."""
    pattern = pattern.lower()
    if len(pattern) - pattern.count("*") > len(text):
        return False
    pattern = _STARS.sub("*", pattern)
    return len(pattern) in _positions(pattern, text.lower())


def may_match_host(pattern: str, host: str) -> bool:
    """Whether some address on the host fits the pattern."""
    return may_match_below(pattern, (host + "/", host + ":")) or any(
        matches(pattern, scheme + host) for scheme in SCHEMES
    )


def may_match_below(pattern: str, beginnings: Iterable[str]) -> bool:
    """Whether some address fits the pattern that begins with one of ``beginnings`` (without scheme)."""
    pattern = _STARS.sub("*", pattern.lower())
    if len(pattern) > LONGEST:
        return True
    # What is left of a pattern after the beginning, some end can always meet.
    return any(
        bool(_positions(pattern, (scheme + beginning).lower()))
        for beginning in beginnings
        for scheme in SCHEMES
    )


def _positions(pattern: str, text: str) -> set[int]:
    """How much of the pattern may be used up once the whole text is."""
    alive = _through_stars(pattern, {0})
    for letter in text:
        moved = set()
        for place in alive:
            if place < len(pattern):
                if pattern[place] == "*":
                    moved.add(place)
                elif pattern[place] == letter:
                    moved.add(place + 1)
        alive = _through_stars(pattern, moved)
        if not alive:
            break
    return alive


def _through_stars(pattern: str, places: set[int]) -> set[int]:
    """A star may stand for nothing."""
    reached = set(places)
    for place in places:
        while place < len(pattern) and pattern[place] == "*":
            place += 1  # noqa: PLW2901 - walks on from where it stands
            reached.add(place)
    return reached
