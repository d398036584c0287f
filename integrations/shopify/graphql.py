"""Asks Shopify's Admin GraphQL API and minds its budget.

Too much at once is answered with HTTP 200 and THROTTLED, or with 429 (shopify.dev, API limits).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

import orjson
from django.utils.translation import gettext as _
from pydantic import TypeAdapter

from integrations.access.classify import Classification
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.documents import Record, Rows
from integrations.errors import CredentialsRefused, NotPossible, OurMistake, RateLimited
from integrations.http import Auth, RemoteClient
from integrations.parsing import checked, parse
from integrations.redaction import redact_text
from integrations.shopify.budget import LONGEST_WAIT, Budget, Cost, wait_when_throttled
from integrations.shopify.options import Credentials
from integrations.shopify.refusals import code_of, error_of_graphql, error_of_status
from integrations.shopify.tokens import Tokens

MOST_WAITS = 3


class Extensions(Record):
    cost: Cost | None = None
    search: list[Any] | None = None


class Reply(Record):
    """A GraphQL answer. ``errors`` is a list, or a text when Shopify refuses the token."""

    data: dict[str, Any] | None = None
    errors: list[Any] | str | None = None
    extensions: Extensions | None = None

    @property
    def cost(self) -> float:
        """Points that were charged at first."""
        return self.charge.requestedQueryCost

    @property
    def charge(self) -> Cost:
        return (self.extensions.cost if self.extensions else None) or Cost()

    def part(self, key: str) -> Any:
        """What stands under ``key`` in the data; ``None`` when nothing does."""
        return (self.data or {}).get(key)


class _UserError(Record):
    message: str


class _Payload(Record):
    userErrors: Rows[_UserError]  # Shopify's name


class TooCostly(OurMistake):
    """One query costs more than any plan allows; a smaller page may pass."""


_REPLY = TypeAdapter(Reply)
_PAYLOAD = TypeAdapter(_Payload)


@cache
def query_text(name: str) -> str:
    """The text of ``queries/<name>.graphql``."""
    return files("integrations.shopify").joinpath("queries", f"{name}.graphql").read_text("utf-8")


class AdminApi:
    """The Admin API of one shop in one version, with one set of credentials."""

    def __init__(self, http: RemoteClient, api_version: str, credentials: Credentials) -> None:
        self.http = http
        self.url = f"{http.target_url}/admin/api/{api_version}/graphql.json"
        self._tokens = Tokens(http, credentials)
        self._budget = Budget()

    async def query(self, name: str, variables: Mapping[str, Any], *, now: datetime) -> tuple[Reply, Answer]:
        """The reply to a saved query or mutation.

        Waits first until the shop's budget can bear it. Short throttling is waited out; longer raises
        RateLimited. Raises RemoteError; OurMistake also when Shopify ignored part of a search, since
        then everything would come.
        """
        try:
            return await self._ask(name, variables, now=now, auth=await self._tokens.auth(now))
        except CredentialsRefused as error:
            if not self._tokens.may_replace(error):
                raise
        return await self._ask(name, variables, now=now, auth=await self._tokens.auth(now))

    async def mutate(self, name: str, field: str, variables: Mapping[str, Any], *, now: datetime) -> None:
        """Runs a saved mutation, whose answer stands under ``field``.

        Raises NotPossible with Shopify's own words for ``userErrors``, which come with HTTP 200; else as
        :meth:`query`. Without an answer it is unknown whether the change was made: read before trying again.
        """
        reply, answer = await self.query(name, variables, now=now)
        payload = checked(self.http, answer, _PAYLOAD, reply.part(field))
        if payload.userErrors:
            reason = redact_text("; ".join(problem.message for problem in payload.userErrors))[:300]
            sentence = _("Shopify refused the change: %(reason)s") % {"reason": reason}
            call = self.http.note(answer, Classification(Outcome.PASSED, "Shopify", sentence))
            raise NotPossible(sentence, call=call)

    async def _ask(
        self, name: str, variables: Mapping[str, Any], *, now: datetime, auth: Auth
    ) -> tuple[Reply, Answer]:
        content = orjson.dumps({"query": query_text(name), "variables": variables})
        affordable_in = self._budget.wait_before(name)
        if affordable_in:
            await self.http.pause(affordable_in)
        for _attempt in range(MOST_WAITS):
            answer = await self.http.request(
                "POST",
                self.url,
                now=now,
                headers={"content-type": "application/json"},
                content=content,
                auth=auth,
            )
            if answer.status not in (200, 429):
                raise error_of_status(self.http, answer)
            reply = parse(self.http, answer, _REPLY) if answer.status == 200 else None
            if reply is not None:
                self._budget.told(name, reply.charge)
            wait = wait_of(answer, reply)
            if wait is None:
                assert reply is not None
                _check(self.http, answer, reply)
                return reply, answer
            if wait > LONGEST_WAIT:
                break
            await self.http.pause(wait)
        sentence = _("Shopify asks for patience: the budget for queries is used up.")
        call = self.http.note(answer, Classification(Outcome.RATE_LIMITED, "Shopify", sentence))
        raise RateLimited(sentence, call=call, retry_after=wait)


def wait_of(answer: Answer, reply: Reply | None) -> timedelta | None:
    """How long to wait before asking the same again; ``None``: it was answered."""
    if reply is not None:
        problems = reply.errors if isinstance(reply.errors, list) else []
        if not any(code_of(problem) == "THROTTLED" for problem in problems):
            return None
    wait = answer.retry_after() or timedelta(seconds=1)
    return max(wait, wait_when_throttled(reply.charge)) if reply is not None else wait


def _check(http: RemoteClient, answer: Answer, reply: Reply) -> None:
    if isinstance(reply.errors, list) and any(
        code_of(problem) == "MAX_COST_EXCEEDED" for problem in reply.errors
    ):
        sentence = _("The query costs more than Shopify allows.")
        raise TooCostly(sentence, call=http.note(answer, Classification(Outcome.PASSED, "Shopify", sentence)))
    if reply.errors:
        raise error_of_graphql(http, answer, reply.errors)
    searches = reply.extensions.search if reply.extensions else None
    if any(isinstance(search, dict) and search.get("warnings") for search in searches or []):
        sentence = _("Shopify ignored part of the search; its answer cannot be used.")
        raise OurMistake(
            sentence, call=http.note(answer, Classification(Outcome.PASSED, "Shopify", sentence))
        )
    if reply.data is None:
        raise http.unexpected(answer, _("Shopify answered without data."))
