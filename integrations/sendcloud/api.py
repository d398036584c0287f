"""Asks Sendcloud's API, follows its pages and names its refusals.

Limits belong to the account and are told by a bare 429 (sendcloud.dev, rate limits); errors are JSON with
``errors[]``, whose own ``status`` is at times wrong: only the HTTP status counts.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urljoin, urlsplit

from django.utils.translation import gettext as _

from integrations import errors
from integrations.access.classify import Classification, json_document
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.http import RemoteClient

BACK_OFF = timedelta(seconds=5)
"""What everybody waits after a 429 that names no time."""
LONGEST_LINK = 4_000
_NEXT = re.compile(r"<([^<>]+)>\s*;[^,]*\brel\s*=\s*\"?next\"?", re.IGNORECASE)


class SendcloudApi:
    """Signed GETs below ``/api``. The account's address may or may not end with ``/api/v3``."""

    def __init__(self, http: RemoteClient, public_key: str, secret_key: str) -> None:
        self._http = http
        self._root = re.sub(r"/api(/v[23])?$", "", http.target_url) + "/api/"
        self._authorization = "Basic " + b64encode(f"{public_key}:{secret_key}".encode()).decode()

    async def get(self, address: str, params: Mapping[str, str] | None = None, *, now: datetime) -> Answer:
        """A path below ``/api/``, or the address of a next page. Raises RemoteError unless 200."""
        url = address if "://" in address else self._root + address
        answer = await self._http.request(
            "GET",
            url,
            now=now,
            params=params,
            auth=lambda _method, _url: {"authorization": self._authorization},
        )
        if answer.status == 200 and answer.looks_like_json:
            return answer
        raise await self._error(answer)

    def next_page(self, answer: Answer) -> str | None:
        """The next page by the ``Link`` header (RFC 8288). Raises UnexpectedAnswer if it leads elsewhere."""
        match = _NEXT.search(answer.headers.get("link", "")[:LONGEST_LINK])
        if match is None:
            return None
        address = urljoin(answer.url, str(match[1]))
        if urlsplit(address)[:2] != urlsplit(self._root)[:2]:
            raise self._http.unexpected(answer, _("The next page lies on another host; it was not followed."))
        return address

    async def _error(self, answer: Answer) -> errors.RemoteError:
        if answer.status == 429:
            wait = answer.retry_after() or BACK_OFF
            await self._http.hold(wait)
            sentence = _("Sendcloud asks for patience: the account's requests for this minute are used up.")
            call = self._http.note(answer, Classification(Outcome.RATE_LIMITED, "Sendcloud", sentence))
            return errors.RateLimited(sentence, call=call, retry_after=wait)
        if not answer.looks_like_json:
            return self._http.error(answer)
        if answer.status == 401:
            sentence = _("Sendcloud does not accept this key pair.")
            remedy = _("Copy both keys again from Settings > Integrations > Sendcloud API in Sendcloud.")
            call = self._http.note(answer, Classification(Outcome.REFUSED, "Sendcloud", sentence))
            return errors.CredentialsRefused(sentence, call=call, remedy=remedy)
        if answer.status == 403:
            sentence = _("The key pair is good, but lacks a right.")
            remedy = _("Make a new key pair with all rights under Settings > Integrations > Sendcloud API.")
            call = self._http.note(answer, Classification(Outcome.REFUSED, "Sendcloud", sentence))
            return errors.RightMissing(sentence, call=call, remedy=remedy)
        if answer.status in (400, 404):
            return self._refused_question(answer)
        return self._http.error(answer)

    def _refused_question(self, answer: Answer) -> errors.RemoteError:
        document = json_document(answer)
        listed = document.get("errors") if isinstance(document, dict) else None
        first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
        source = first.get("source")
        if isinstance(source, dict) and source.get("parameter") == "integration":
            sentence = _("Sendcloud does not know this integration any more.")
        elif answer.status == 404:
            sentence = _("Sendcloud's API is not at this address.")
        else:
            sentence = _("Sendcloud did not understand the question.")
            call = self._http.note(answer, Classification(Outcome.PASSED, "Sendcloud", sentence))
            return errors.OurMistake(sentence, call=call)
        return self._http.unexpected(
            answer, sentence, _("Check the account's address, or connect the shop again.")
        )
