"""Everything that can go wrong with a remote, as a tree in which each class is one decision.

::

    RemoteError
    ├── AddressRefused       our own guard said no          ask the operator
    ├── NoAnswer             nothing came back              access; try again
    │   ├── NameNotFound     DNS knows no such host
    │   ├── ConnectionFailed refused, reset, unreachable
    │   ├── TlsFailed        certificate or protocol
    │   └── TimedOut         too slow, or dripping
    ├── Blocked              somebody in front refused      access; who and on what
    ├── InMaintenance        closed for a while             access; wait
    ├── CredentialsRefused   the application said no        credentials; ask the operator
    │   └── RightMissing     signed in, but not allowed
    ├── ShopClosed           frozen, locked                 access; ask the owner
    ├── RateLimited          too much, come back later      nobody's fault; wait
    ├── RemoteFault          the application failed (5xx)   access; try again
    ├── UnexpectedAnswer     not what was agreed            access; show the excerpt
    ├── NotPossible          understood, cannot be done     tell who asked
    └── OurMistake           we asked wrongly               our bug; tell the developers

``condition`` names the condition the error speaks about, ``retry_after`` when asking again
makes sense, ``call`` is the (redacted) evidence.
"""

from datetime import timedelta
from typing import ClassVar

from integrations.contracts import CallRecord, ConditionKind


class RemoteError(Exception):
    """A remote did not give what was asked for. ``str()`` is a sentence for a person."""

    condition: ClassVar[ConditionKind | None] = ConditionKind.ACCESS
    """The condition this error decides; ``None``: it says nothing about the remote's health."""
    conclusive: ClassVar[bool] = False
    """One observation is enough: the remote said it in so many words."""

    def __init__(
        self,
        message: str,
        *,
        call: CallRecord | None = None,
        retry_after: timedelta | None = None,
        remedy: str = "",
    ) -> None:
        super().__init__(message)
        self.call = call
        self.retry_after = retry_after
        self.remedy = remedy


class AddressRefused(RemoteError):
    """The address guard refused to connect: private, loopback or metadata address."""

    condition = None
    conclusive = True


class NoAnswer(RemoteError):
    """Nothing usable came back from the network."""


class NameNotFound(NoAnswer):
    """DNS has no address for the host."""


class ConnectionFailed(NoAnswer):
    """The connection was refused, reset, or the host is unreachable."""

    broke_off: bool = False
    """It had been made and ended before the answer did."""

    was_kept: bool = False
    """It had served an earlier request: servers close such ones at any time, and mean nothing by it."""


class TlsFailed(NoAnswer):
    """The certificate or the TLS protocol was not acceptable."""

    conclusive = True


class TimedOut(NoAnswer):
    """The answer did not come, or did not end, in time."""


class Blocked(RemoteError):
    """Something in front of the application refused or challenged the request."""


class InMaintenance(RemoteError):
    """The application says it is closed for maintenance."""

    conclusive = True


class CredentialsRefused(RemoteError):
    """The application answered and does not accept these credentials."""

    condition = ConditionKind.CREDENTIALS


class RightMissing(CredentialsRefused):
    """The credentials are known, but lack a right that is needed."""


class ShopClosed(RemoteError):
    """The platform has frozen or locked the shop."""

    conclusive = True


class RateLimited(RemoteError):
    """The remote asked for patience. Not a failure of anybody."""

    condition = None


class RemoteFault(RemoteError):
    """The application or its server failed (5xx)."""


class UnexpectedAnswer(RemoteError):
    """The answer was not of the agreed kind: not JSON, wrong shape, too large."""


class NotPossible(RemoteError):
    """What was asked for cannot be done with this order or in this shop. Says nothing of its health."""

    condition = None


class OurMistake(RemoteError):
    """The remote understood us to be wrong: a bug of this program."""

    condition = None
