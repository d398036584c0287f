"""Follows the pages of a described list, to their end or to a bound that no honest list reaches."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext as _

from integrations.answer import Answer
from integrations.errors import UnexpectedAnswer
from integrations.generic.options import Source
from integrations.generic.records import at_path, renamed
from integrations.http import RemoteClient

MOST_PAGES = 2_000
"""Of one reading that gets nowhere."""


class RawPage(NamedTuple):
    """A page as it came; the rows are not checked yet."""

    answer: Answer
    rows: Any
    is_last: bool
    """The list ends here."""


class Paging:
    def __init__(self, http: RemoteClient, headers: Mapping[str, str]) -> None:
        self._http = http
        self._headers = headers

    async def pages(self, source: Source, url: str, *, now: datetime) -> AsyncGenerator[RawPage, None]:
        """Every page; one that leads to itself is the last. Raises RemoteError.

        A list that leads back to another of its pages is refused: it would never end.
        """
        seen = {url}
        while True:
            answer = await self._http.request("GET", url, now=now, auth=lambda _method, _url: self._headers)
            if answer.status != 200:
                raise self._http.error(answer)
            document = answer.json()
            following = self._following(answer, document, source)
            is_last = following is None or following == url
            yield RawPage(answer, renamed(at_path(document, source.items), source.fields), is_last)
            if following is None or is_last:
                return
            if following in seen:
                raise self._http.unexpected(answer, _("The next page is one that was read already."))
            seen.add(following)
            url = following

    def too_long(self, page: RawPage) -> UnexpectedAnswer:
        """The error for a list that does not end within :data:`MOST_PAGES`."""
        return self._http.unexpected(
            page.answer,
            _("The list does not end within %(count)d pages.") % {"count": MOST_PAGES},
            _(
                "Let the address ask for larger pages and, by {since}, for new orders only; and say in which "
                "order they are listed."
            ),
        )

    def _following(self, answer: Answer, document: Any, source: Source) -> str | None:
        address = at_path(document, source.next) if source.next else None
        if not isinstance(address, str) or not address:
            return None
        following = urljoin(answer.url, address)
        if urlsplit(following)[:2] != urlsplit(answer.url)[:2]:
            raise self._http.unexpected(answer, _("The next page lies on another host; it was not followed."))
        return following
