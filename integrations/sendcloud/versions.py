"""Which version of the API an account is read by: 3 first, 2 where the account has no access to 3.

What Sendcloud answers there is not documented: 403 and 404 are both taken for it, and only when version 2
then answers. It is remembered for a while in this process, for each thing that is read: lest every reading
begins with a refusal, and lest one missing right moves all the others to version 2.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from integrations.errors import Blocked, RemoteError

ResultT = TypeVar("ResultT")
Wanted = Literal["auto", "v3", "v2"]
Thing = Literal["integrations", "arrivals", "shipments", "failures", "settings"]

REMEMBERED_FOR = timedelta(hours=1)
_older_until: dict[tuple[str, str, Thing], datetime] = {}


class Versions:
    """Chooses between the two readings of one account."""

    def __init__(self, wanted: Wanted, root: str, public_key: str) -> None:
        self._wanted = wanted
        self._account = (root, public_key)

    def is_older(self, thing: Thing, now: datetime) -> bool:
        """Whether it is known to be read by version 2."""
        if self._wanted != "auto":
            return self._wanted == "v2"
        until = _older_until.get((*self._account, thing))
        return until is not None and now < until

    async def either(
        self,
        thing: Thing,
        newer: Callable[[], Awaitable[ResultT]],
        older: Callable[[], Awaitable[ResultT]],
        now: datetime,
    ) -> ResultT:
        """What version 3 gives, or else version 2. Raises the error of version 3 when both refuse."""
        if self.is_older(thing, now):
            return await older()
        try:
            return await newer()
        except RemoteError as error:
            if not self._may_be_older(error):
                raise
            try:
                found = await older()
            except RemoteError as second:
                raise (error if _refuses(second) else second) from error
        self._remember(thing, now)
        return found

    async def either_pages(
        self,
        thing: Thing,
        newer: Callable[[], AsyncIterator[ResultT]],
        older: Callable[[], AsyncIterator[ResultT]],
        now: datetime,
    ) -> AsyncIterator[ResultT]:
        """As :meth:`either`, decided by the first page."""
        if not self.is_older(thing, now):
            began = False
            try:
                async for page in newer():
                    began = True
                    yield page
            except RemoteError as error:
                if began or not self._may_be_older(error):
                    raise
                refusal = error
            else:
                return
            try:
                async for page in older():
                    self._remember(thing, now)
                    yield page
            except RemoteError as second:
                raise (refusal if _refuses(second) else second) from refusal
            return
        async for page in older():
            yield page

    def _may_be_older(self, error: RemoteError) -> bool:
        return self._wanted == "auto" and _refuses(error)

    def _remember(self, thing: Thing, now: datetime) -> None:
        _older_until[*self._account, thing] = now + REMEMBERED_FOR


def _refuses(error: RemoteError) -> bool:
    return error.call is not None and error.call.status in (403, 404) and not isinstance(error, Blocked)
