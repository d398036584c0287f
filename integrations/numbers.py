"""Numbers that remotes send as text."""

LONGEST = 30


def number_of(text: str) -> int | None:
    """The number, or ``None`` for anything that is not some plain digits (and not absurdly many)."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST else None
