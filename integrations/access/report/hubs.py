"""What is known of a hub without an account at it."""

from pydantic import ValidationError

from integrations.registry import addresses, user_agents


def known_agents(kind: str, platform: str) -> tuple[str, ...]:
    """The User-Agents that such a hub sends to shops of a platform; empty: not known."""
    try:
        return user_agents(kind, {}, platform)
    except ValidationError:
        # A hub that is described by its HTTP calls: without a description nothing is known of it.
        return ()


def known_addresses(kind: str) -> tuple[str, ...]:
    """The networks that such a hub calls from; empty: not known."""
    try:
        return addresses(kind, {})
    except ValidationError:
        return ()
