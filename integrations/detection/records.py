"""What was found at an address."""

from collections.abc import Mapping
from dataclasses import dataclass

from integrations.errors import RemoteError, UnexpectedAnswer


@dataclass(frozen=True, slots=True)
class Detected:
    """A shop. Sentences are in the language of whoever asked."""

    platform: str
    url: str
    """Where it really is, after redirects; where its API is asked."""
    evidence: tuple[str, ...]
    """What it was told by."""
    title: str = ""
    """What the shop calls itself."""
    version: str = ""
    """As far as it is told to visitors; of Shopify the API's."""
    api_root: str = ""
    """The setting of that name; empty: the platform's default."""
    time_zone: str = ""
    """IANA name; empty: not told to visitors, and found by the connection test."""
    obstacle: str = ""
    """What stands in the way of reading it, for everybody or for us; empty: nothing was noticed."""
    remedy: str = ""

    @property
    def settings(self) -> Mapping[str, str]:
        """The settings that differ from the platform's defaults."""
        return {"api_root": self.api_root} if self.api_root else {}


class NotRecognised(UnexpectedAnswer):
    """Something answers there, and it is no shop that can be connected."""


def blocked(error: RemoteError) -> dict[str, str]:
    """The obstacle that an error stands for, as fields of :class:`Detected`."""
    return {"obstacle": str(error), "remedy": error.remedy}
