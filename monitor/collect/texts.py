"""Making texts of remotes storable."""


def fit(text: str, longest: int) -> str:
    """``text`` as PostgreSQL takes it: without NUL, which no text column can hold, and not too long."""
    return text.replace("\x00", "")[:longest]
