"""The only maker of HTTP clients: limits, timeouts, address guard, redaction, evidence.

What it costs was measured: one TLS context per process, small pools, no environment, and no client of
httpx around its transport make a request three times cheaper than a default client does.
"""

import asyncio
import re
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import TracebackType
from typing import Self
from urllib.parse import quote, urlencode

import certifi
import httpcore
import httpx
from django.utils.translation import gettext as _

from integrations import VERSION
from integrations.access.classify import Application, Classification, classify
from integrations.access.consequences import error_of
from integrations.adapters import Pacer
from integrations.answer import Answer
from integrations.body import SizeLimits, read_body
from integrations.contracts import CallRecord, Outcome
from integrations.errors import ConnectionFailed, OurMistake, RemoteError, UnexpectedAnswer
from integrations.evidence import call_of_answer, call_without_answer
from integrations.guard import GuardedBackend, GuardPolicy, check_url
from integrations.network_errors import NETWORK_EXCEPTIONS, network_error
from integrations.stopwatch import Stopwatch

USER_AGENT = f"Syncwatch/{VERSION}"

Auth = Callable[[str, str], Mapping[str, str]]
"""From method and exact URL to the headers that carry credentials. Called anew for every attempt."""

_ALWAYS_SENT = {"accept": "application/json", "accept-encoding": "gzip, deflate", "connection": "keep-alive"}
_LONGEST_LIST_OF_FAILURES = 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_watch: ContextVar[Stopwatch] = ContextVar("stopwatch")


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The process' one TLS context: certifi's authorities and the system's own."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: per phase, and for the whole answer."""

    connect: float = 10.0
    read: float = 20.0
    whole: float = 30.0


@dataclass(frozen=True, slots=True)
class _Ask:
    """One request to make."""

    method: str
    url: str
    now: datetime
    headers: Mapping[str, str]
    content: bytes | None
    auth: Auth | None
    truncate_at: int | None

    def redirected(self, url: str) -> "_Ask":
        """The same request at another address, which learns the credentials only if it may."""
        return replace(self, url=url, auth=self.auth if _may_know(_origin(self.url), _origin(url)) else None)


class _Transport(httpx.AsyncHTTPTransport):
    """httpx's transport on a pool that connects through the guard."""

    def __init__(self, policy: GuardPolicy, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=4,
            max_keepalive_connections=2,
            keepalive_expiry=15.0,
            network_backend=GuardedBackend(policy, lambda: _watch.get().name_resolved()),
        )


class RemoteClient:
    """Asks one store or hub, and keeps evidence of what it answered.

    ``secrets`` are exact values that must never show in evidence. Not for use by several tasks at once.
    """

    def __init__(
        self,
        target_url: str,
        *,
        policy: GuardPolicy,
        pacer: Pacer | None = None,
        user_agent: str = USER_AGENT,
        secrets: Sequence[str] = (),
        patience: Patience | None = None,
        limits: SizeLimits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        check_url(target_url)
        # A query would end up in the middle of every address, and may command: `?_method=DELETE`.
        self.target_url = re.split("[?#]", target_url, maxsplit=1)[0].rstrip("/")
        self.application: Application | None = None
        """Recognises the application's own answers; set by the adapter."""
        self._pacer = pacer
        self._user_agent = user_agent
        self._secrets = tuple(secrets)
        self._patience = patience or Patience()
        self._limits = limits or SizeLimits()
        self._quotes = True
        self._serial = 0
        self._last_url: tuple[str, httpx.URL] | None = None
        self._failures: dict[int, CallRecord] = {}
        self._success: tuple[int, CallRecord] | None = None
        self._tls_expires_at: dict[str, datetime] = {}
        # No client of httpx' around it: that would look for cookies in each answer, only to drop them.
        self._transport = _Transport(policy, tls or tls_context())
        self._timeouts = httpx.Timeout(self._patience.read, connect=self._patience.connect).as_dict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        now: datetime,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        auth: Auth | None = None,
        user_agent: str | None = None,
        redirects: int = 0,
        retry: bool = True,
        truncate_at: int | None = None,
        keep: bool = True,
    ) -> Answer:
        """One answer, whatever its status.

        ``headers`` must hold no credentials: those come from ``auth``, and go only to the origin of
        ``url``. ``redirects`` many are followed, for GET only. A GET is repeated once after a
        connection that broke, unless ``retry`` is false. ``truncate_at`` bytes are enough of the body.
        ``keep=False``: no call record is kept. Raises RemoteError when there is no answer.
        """
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params, safe=",:", quote_via=quote)
        agent = self._user_agent if user_agent is None else user_agent
        ask = _Ask(method, url, now, {**(headers or {}), "user-agent": agent}, content, auth, truncate_at)
        again = retry and method == "GET"
        try:
            answer = await self._attempt(ask, again)
            while redirects > 0 and method == "GET" and answer.status in _REDIRECTS:
                redirects -= 1
                ask = ask.redirected(_next_address(answer))
                answer = await self._attempt(ask, again)
        except RemoteError as error:
            if error.call is None:
                error.call = call_without_answer(
                    method, ask.url, user_agent=agent, at=now, detail=str(error), secrets=self._secrets
                )
            if keep:
                self._serial += 1
                self._keep_failure(self._serial, error.call)
            raise
        if keep:
            self._keep(answer)
        return answer

    @contextmanager
    def unquoted(self) -> Iterator[None]:
        """Inside, no answer is quoted in evidence: requests or answers hold whole orders, and an error may
        repeat the customer's data in a form that no pattern knows."""
        before, self._quotes = self._quotes, False
        try:
            yield
        finally:
            self._quotes = before

    async def pause(self, duration: timedelta) -> None:
        """Wait because the remote asked for it; with a pacer, everybody waits."""
        if self._pacer is None:
            await asyncio.sleep(duration.total_seconds())
        else:
            await self._pacer.pause(duration)

    async def hold(self, duration: timedelta) -> None:
        """Tell everybody who shares the account's budget that the remote had enough; do not wait."""
        if self._pacer is not None:
            await self._pacer.pause(duration)

    def classify(self, answer: Answer) -> Classification:
        return classify(answer, self.application)

    def note(self, answer: Answer, found: Classification) -> CallRecord:
        """Record what an answer really meant, in place of what was recorded before."""
        call = self.record(answer, found)
        if self._success and self._success[0] == answer.serial:
            self._success = None
        self._keep_failure(answer.serial, call)
        return call

    def error(self, answer: Answer, found: Classification | None = None) -> RemoteError:
        """The error an answer stands for, with its call noted."""
        found = found or self.classify(answer)
        return error_of(found, answer, self.note(answer, found))

    def unexpected(self, answer: Answer, message: str, remedy: str = "") -> UnexpectedAnswer:
        """The error for an answer of the wrong shape, with its call noted."""
        call = self.note(answer, Classification(Outcome.UNEXPECTED, "", message))
        return UnexpectedAnswer(message, call=call, remedy=remedy)

    def record(self, answer: Answer, found: Classification) -> CallRecord:
        """The call record of an answer, without keeping it."""
        return call_of_answer(answer, found, self._secrets, quotes=self._quotes)

    def calls(self) -> Sequence[CallRecord]:
        """Failures, oldest first, and one success if there was any."""
        return [*self._failures.values(), *([self._success[1]] if self._success else [])]

    async def _attempt(self, ask: "_Ask", again: bool) -> Answer:
        try:
            return await self._once(ask)
        except ConnectionFailed as error:
            if not (again and error.broke_off):
                raise
        return await self._once(ask)

    async def _once(self, ask: "_Ask") -> Answer:
        url = self._checked(ask.url)
        if self._pacer is not None:
            await self._pacer.acquire()
        watch = Stopwatch()
        _watch.set(watch)
        try:
            async with asyncio.timeout(self._patience.whole):
                request = httpx.Request(
                    ask.method,
                    url,
                    headers=_ALWAYS_SENT | {name.lower(): value for name, value in ask.headers.items()},
                    content=ask.content,
                    extensions={"timeout": self._timeouts, "trace": watch.trace},
                )
                if ask.auth is not None:
                    request.headers.update(ask.auth(ask.method, str(request.url)))
                response = await self._transport.handle_async_request(request)
                response.request = request
                try:
                    body = await read_body(response, self._limits, ask.truncate_at)
                finally:
                    await response.aclose()
        except RemoteError:
            raise
        except (httpx.LocalProtocolError, ValueError) as error:
            # The exception quotes the header that cannot be sent, and with it the secret in it.
            sentence = _("The request could not be made: a header of it cannot be sent (%(reason)s).")
            raise OurMistake(
                sentence % {"reason": type(error).__name__},
                remedy=_("Enter the credentials again; a character of them is not allowed there."),
            ) from None
        except NETWORK_EXCEPTIONS as error:
            failure = network_error(error, url.host, self._patience.whole)
            if isinstance(failure, ConnectionFailed):
                failure.was_kept = failure.broke_off and not watch.connected
            raise failure from error
        self._serial += 1
        host = request.url.host
        if watch.tls_expires_at:
            self._tls_expires_at[host] = watch.tls_expires_at
        return Answer(
            status=response.status_code,
            headers=response.headers,
            body=body,
            url=str(request.url),
            method=ask.method,
            user_agent=ask.headers["user-agent"],
            at=ask.now,
            timings=watch.timings(),
            tls_expires_at=self._tls_expires_at.get(host),
            serial=self._serial,
        )

    def _checked(self, url: str) -> httpx.URL:
        """Looked at once where the same is asked again and again. Raises AddressRefused."""
        if self._last_url is None or self._last_url[0] != url:
            self._last_url = (url, check_url(url))
        return self._last_url[1]

    def _keep(self, answer: Answer) -> None:
        if answer.status >= 300:
            self._keep_failure(answer.serial, self.record(answer, self.classify(answer)))
        elif self._success is None:
            self._success = (answer.serial, self.record(answer, Classification(Outcome.PASSED)))

    def _keep_failure(self, serial: int, call: CallRecord) -> None:
        self._failures[serial] = call
        if len(self._failures) > _LONGEST_LIST_OF_FAILURES:
            del self._failures[next(iter(self._failures))]


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        return "", "", None
    return parts.scheme, parts.host, parts.port


def _may_know(first: tuple[str, str, int | None], now: tuple[str, str, int | None]) -> bool:
    """Credentials go to the origin they are for, and to its own https twin on the standard ports."""
    upgraded = first[0] == "http" and now[0] == "https" and first[1:] == now[1:] and now[2] is None
    return first == now or upgraded


def _next_address(answer: Answer) -> str:
    try:
        return str(httpx.URL(answer.url).join(answer.headers.get("location", "")))
    except (httpx.InvalidURL, ValueError) as error:
        message = _("%(host)s redirects to something that is no address.") % {"host": answer.host}
        raise UnexpectedAnswer(message) from error
