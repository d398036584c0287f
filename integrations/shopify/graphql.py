"""Asks Shopify's Admin GraphQL API and minds its budget.

Budget: a query is charged its requested cost from a bucket that refills every second; every answer tells
the bucket's state. Too much is answered with HTTP 200 and THROTTLED, or with 429 (shopify.dev, API limits).
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
from integrations.documents import Record
from integrations.errors import OurMistake, RateLimited
from integrations.http import Auth, RemoteClient
from integrations.parsing import parse
from integrations.shopify.refusals import code_of, error_of_graphql, error_of_status

MOST_WAITS = 3
LONGEST_WAIT = timedelta(seconds=15)
"""Longer waits are left to the scheduler."""


class ThrottleStatus(Record):
    currentlyAvailable: float = 0  # Shopify's name
    restoreRate: float = 0


class Cost(Record):
    requestedQueryCost: float = 0
    throttleStatus: ThrottleStatus = ThrottleStatus()


class Extensions(Record):
    cost: Cost = Cost()
    search: list[Any] | None = None


class Reply(Record):
    """A GraphQL answer. ``errors`` is a list, or a text when Shopify refuses the token."""

    data: dict[str, Any] | None = None
    errors: list[Any] | str | None = None
    extensions: Extensions | None = None

    @property
    def cost(self) -> float:
        return self.extensions.cost.requestedQueryCost if self.extensions else 0.0


class TooCostly(OurMistake):
    """One query costs more than any plan allows; a smaller page may pass."""


_REPLY = TypeAdapter(Reply)


@cache
def query_text(name: str) -> str:
    """The text of ``queries/<name>.graphql``."""
    return files("integrations.shopify").joinpath("queries", f"{name}.graphql").read_text("utf-8")


async def ask(
    http: RemoteClient, url: str, name: str, variables: Mapping[str, Any], *, now: datetime, auth: Auth
) -> tuple[Reply, Answer]:
    """The reply to a saved query. Short throttling is waited out; longer raises RateLimited.

    Raises RemoteError; OurMistake also when Shopify ignored part of a search: then all data would come.
    """
    content = orjson.dumps({"query": query_text(name), "variables": variables})
    for _attempt in range(MOST_WAITS):
        answer = await http.request(
            "POST", url, now=now, headers={"content-type": "application/json"}, content=content, auth=auth
        )
        if answer.status not in (200, 429):
            raise error_of_status(http, answer)
        reply = parse(http, answer, _REPLY) if answer.status == 200 else None
        wait = wait_of(answer, reply)
        if wait is None:
            assert reply is not None
            _check(http, answer, reply)
            return reply, answer
        if wait > LONGEST_WAIT:
            break
        await http.pause(wait)
    sentence = _("Shopify asks for patience: the budget for queries is used up.")
    call = http.note(answer, Classification(Outcome.RATE_LIMITED, "Shopify", sentence))
    raise RateLimited(sentence, call=call, retry_after=wait)


def wait_of(answer: Answer, reply: Reply | None) -> timedelta | None:
    """How long to wait before asking the same again; ``None``: it was answered."""
    if reply is not None:
        problems = reply.errors if isinstance(reply.errors, list) else []
        if not any(code_of(problem) == "THROTTLED" for problem in problems):
            return None
    wait = answer.retry_after() or timedelta(seconds=1)
    if reply is not None and reply.extensions:
        status = reply.extensions.cost.throttleStatus
        if status.restoreRate > 0:
            missing = (reply.cost - status.currentlyAvailable) / status.restoreRate
            wait = max(wait, timedelta(seconds=missing))
    return wait


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
