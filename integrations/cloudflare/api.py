"""Asks Cloudflare's API and names its refusals.

Every answer is an envelope ``{success, errors[{code, message, documentation_url}], result, result_info}``.
A person has 1200 requests in five minutes, clicks in the dashboard included; beyond that all is refused
for five minutes (developers.cloudflare.com/fundamentals/api/reference/limits). So we stop well before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations import errors
from integrations.access.classify import Classification, json_document
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.http import RemoteClient
from integrations.numbers import number_of
from integrations.parsing import checked

T = TypeVar("T")
SPARE_REQUESTS = 200
"""So many are left to the people who click in the dashboard meanwhile."""
WINDOW = timedelta(minutes=5)
PER_PAGE = 100
MOST_PAGES = 20
NO_SUCH_RULESET = 10003
_LEFT = re.compile(r"(?:^|;)\s*r=(\d{1,9})(?:;|$)")
_DOCUMENTATION = "https://developers.cloudflare.com/"


@dataclass(frozen=True, slots=True)
class Refusal:
    """Cloudflare's first error in an envelope."""

    status: int
    code: int
    message: str
    documentation_url: str = ""


class Refused(errors.NotPossible):
    """Cloudflare understood the question and does not answer it; the rest of the audit may go on."""

    def __init__(self, message: str, refusal: Refusal) -> None:
        super().__init__(message)
        self.refusal = refusal


class CloudflareApi:
    """GETs below ``/client/v4``; never anything else."""

    def __init__(self, http: RemoteClient, token: str) -> None:
        self.http = http
        has_path = urlsplit(http.target_url).path.strip("/")
        self._root = http.target_url + ("/" if has_path else "/client/v4/")
        self._authorization = f"Bearer {token}"

    async def get(
        self,
        path: str,
        adapter: TypeAdapter[T],
        params: Mapping[str, str] | None = None,
        *,
        now: datetime,
        keep: bool = True,
    ) -> T:
        """The result of one call; ``keep=False`` where "not found" is a good answer and no evidence.

        Raises Refused for what this token or plan does not have; CredentialsRefused, RateLimited
        and other RemoteErrors as usual.
        """
        answer = await self._ask(path, params, now, keep)
        return checked(self.http, answer, adapter, _envelope(answer).get("result"))

    async def get_all(
        self,
        path: str,
        adapter: TypeAdapter[list[T]],
        params: Mapping[str, str] | None = None,
        *,
        now: datetime,
    ) -> list[T]:
        """All pages of a list, by number or by cursor. Raises UnexpectedAnswer when there are too many."""
        found: list[T] = []
        place: dict[str, str] = {}
        for number in range(1, MOST_PAGES + 1):
            answer = await self._ask(path, {"per_page": str(PER_PAGE), **(params or {}), **place}, now)
            envelope = _envelope(answer)
            rows = checked(self.http, answer, adapter, envelope.get("result"))
            found += rows
            info = envelope.get("result_info")
            cursor = _cursor(info)
            if cursor:
                place = {"cursor": cursor}
            elif rows and len(found) < _total(info):
                place = {"page": str(number + 1)}
            else:
                return found
        raise self.http.unexpected(
            answer, _("Cloudflare lists more than can be read; nothing was concluded.")
        )

    async def _ask(
        self, path: str, params: Mapping[str, str] | None, now: datetime, keep: bool = True
    ) -> Answer:
        answer = await self.http.request(
            "GET",
            self._root + path,
            now=now,
            params=params,
            keep=keep,
            auth=lambda _method, _url: {"authorization": self._authorization},
        )
        document = _envelope(answer)
        if answer.status == 200 and document.get("success") is True:
            await self._spare(answer)
            return answer
        raise await self._error(answer, document)

    async def _spare(self, answer: Answer) -> None:
        left = requests_left(answer.headers)
        if left is not None and left < SPARE_REQUESTS:
            await self.http.hold(WINDOW)
            sentence = _("Only %(count)d requests to Cloudflare are left for these five minutes.")
            raise errors.RateLimited(sentence % {"count": left}, retry_after=WINDOW)

    async def _error(self, answer: Answer, document: Mapping[str, Any]) -> errors.RemoteError:
        if answer.status == 429:
            wait = answer.retry_after() or WINDOW
            await self.http.hold(wait)
            sentence = _("Cloudflare asks for patience: too many requests in five minutes.")
            call = self.http.note(answer, Classification(Outcome.RATE_LIMITED, "Cloudflare", sentence))
            return errors.RateLimited(sentence, call=call, retry_after=wait)
        if not document or answer.status >= 500:
            return self.http.error(answer)
        refusal = refusal_of(answer.status, document)
        if refusal.status == 401 or (refusal.status == 400 and refusal.code in (6003, 6111)):
            return self.refused_token(answer)
        values = {"message": refusal.message or "?", "code": refusal.code}
        sentence = _("Cloudflare refuses: %(message)s (code %(code)d).") % values
        if refusal.status == 403:
            self.http.note(answer, Classification(Outcome.REFUSED, "Cloudflare", sentence))
        return Refused(sentence, refusal)

    def refused_token(self, answer: Answer) -> errors.CredentialsRefused:
        sentence = _("Cloudflare does not accept this token.")
        call = self.http.note(answer, Classification(Outcome.REFUSED, "Cloudflare", sentence))
        return errors.CredentialsRefused(sentence, call=call, remedy=new_token())


def new_token() -> str:
    return _("Make a new token in Cloudflare under My Profile > API Tokens and enter it here.")


def requests_left(headers: Mapping[str, str]) -> int | None:
    """What is left of the budget: ``X-RateLimit-Remaining``, or ``Ratelimit: "default";r=50;t=30``."""
    parts = headers.get("ratelimit", "")[:500].split(",")
    texts = [headers.get("x-ratelimit-remaining", "").strip()]
    texts += [match for part in parts for match in _LEFT.findall(part)]
    return min((number for text in texts if (number := number_of(text)) is not None), default=None)


def refusal_of(status: int, document: Mapping[str, Any]) -> Refusal:
    listed = document.get("errors")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    code, address = first.get("code"), first.get("documentation_url")
    return Refusal(
        status,
        code if isinstance(code, int) and not isinstance(code, bool) else 0,
        str(first.get("message") or "")[:120],
        address[:300] if isinstance(address, str) and address.startswith(_DOCUMENTATION) else "",
    )


def _envelope(answer: Answer) -> dict[str, Any]:
    """The answer's envelope; empty when it is none."""
    document = json_document(answer) if answer.looks_like_json else None
    return document if isinstance(document, dict) and "success" in document else {}


def _cursor(info: Any) -> str:
    cursors = info.get("cursors") if isinstance(info, dict) else None
    after = cursors.get("after") if isinstance(cursors, dict) else None
    return after if isinstance(after, str) else ""


def _total(info: Any) -> int:
    total = info.get("total_count") if isinstance(info, dict) else None
    return total if isinstance(total, int) else 0
