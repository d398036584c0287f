"""Asks Sendcloud's API, follows its pages and names its refusals.

Limits belong to the account and are told by a bare 429 (sendcloud.dev, rate limits); errors are JSON with
``errors[]``, whose own ``status`` is at times wrong: only the HTTP status counts.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
from django.utils.translation import gettext as _

from integrations import errors
from integrations.access.classify import Classification, json_document
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.http import RemoteClient
from integrations.sendcloud.tokens import KeyPair, forget_token, granted_token

BACK_OFF = timedelta(seconds=5)
"""What everybody waits after a 429 that names no time."""
LONGEST_LINK = 4_000
_NEXT = re.compile(r"<([^<>]+)>\s*;[^,]*\brel\s*=\s*\"?next\"?", re.IGNORECASE)


class SendcloudApi:
    """Signed requests below ``/api``. The account's address may or may not end with ``/api/v3``."""

    def __init__(self, http: RemoteClient, keys: KeyPair) -> None:
        self._http = http
        self.keys = keys
        self.root = re.sub(r"/api(/v[23])?$", "", http.target_url) + "/api/"

    async def get(self, address: str, params: Mapping[str, str] | None = None, *, now: datetime) -> Answer:
        """A path below ``/api/``, or the address of a next page. Raises RemoteError unless 200."""
        answer = await self._signed("GET", address, params=params, now=now, keep=True)
        if answer.status == 200 and answer.looks_like_json:
            return answer
        raise await self.error(answer)

    async def get_if_there(
        self, address: str, params: Mapping[str, str] | None = None, *, now: datetime
    ) -> Answer | None:
        """As :meth:`get`; ``None``, and no call record, where Sendcloud has nothing of it (400, 404)."""
        answer = await self._signed("GET", address, params=params, now=now, keep=False)
        if answer.status == 200 and answer.looks_like_json:
            return answer
        if answer.status in (400, 404):
            return None
        raise await self.error(answer)

    async def post(self, address: str, document: Any, *, now: datetime) -> Answer:
        """The answer to JSON sent to a path below ``/api/``, whatever its status; no call record is kept,
        since refusals quote what was sent."""
        content = orjson.dumps(document)
        return await self._signed("POST", address, content=content, now=now, keep=False)

    async def _signed(
        self,
        method: str,
        address: str,
        *,
        now: datetime,
        keep: bool,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        url = address if "://" in address else self.root + address
        answer = await self._once(method, url, params, content, now=now, keep=keep)
        if answer.status == 401 and self.keys.token_url:
            forget_token(self.keys)
            answer = await self._once(method, url, params, content, now=now, keep=keep)
        return answer

    async def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        content: bytes | None,
        *,
        now: datetime,
        keep: bool,
    ) -> Answer:
        if self.keys.token_url:
            authorization = f"Bearer {await granted_token(self._http, self.keys, now=now)}"
        else:
            authorization = self.keys.basic
        return await self._http.request(
            method,
            url,
            now=now,
            params=params,
            headers={"content-type": "application/json"} if content is not None else None,
            content=content,
            auth=lambda _method, _url: {"authorization": authorization},
            keep=keep,
        )

    def next_page(self, answer: Answer) -> str | None:
        """The next page by the ``Link`` header (RFC 8288). Raises UnexpectedAnswer if it leads elsewhere."""
        match = _NEXT.search(answer.headers.get("link", "")[:LONGEST_LINK])
        return None if match is None else self._followed(answer, str(match[1]))

    def older_next_page(self, answer: Answer, following: str | int | None) -> str | None:
        """The next page by version 2's ``next``: an address, or (for parcels) a bare cursor."""
        if following is None or following == "":
            return None
        text = str(following)
        if "/" not in text and "?" not in text:
            url = re.sub(r"([?&])cursor=[^&]*&?", r"\1", answer.url).rstrip("?&")
            separator = "&" if "?" in url else "?"
            text = f"{url}{separator}cursor={text}"
        return self._followed(answer, text)

    def _followed(self, answer: Answer, address: str) -> str:
        address = urljoin(answer.url, address)
        if urlsplit(address)[:2] != urlsplit(self.root)[:2]:
            raise self._http.unexpected(answer, _("The next page lies on another host; it was not followed."))
        return address

    async def error(self, answer: Answer) -> errors.RemoteError:
        """The error an answer stands for, with its call noted."""
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
