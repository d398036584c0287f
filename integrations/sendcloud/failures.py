"""Judges rows of Sendcloud's log of failed calls to a shop, and keeps nothing that is secret or personal.

``response_code`` 495 and an SSLError stand for a certificate that was not accepted; no code at all for no
HTTP answer. ``base_url`` and ``full_url`` may carry keys in their query.
"""

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import httpx
import orjson
from django.utils.translation import gettext as _

from integrations.access import Classification, classify, wordpress
from integrations.access.classify import Application, json_api
from integrations.answer import Answer
from integrations.contracts import GRAPHQL_WRITE, HubFailure, Outcome
from integrations.redaction import redact_path, redact_text, redact_url
from integrations.sendcloud.records import LogRow, rank

MOST_PAGES = 20
Fetch = Callable[[str | None], Awaitable[tuple[Sequence[LogRow], str | None]]]
"""From the address of a page (``None``: the first) to its rows and the next page's address."""


async def newest_failures(fetch: Fetch, since_id: str) -> Sequence[HubFailure]:
    """Failures newer than ``since_id``, newest first, from pages in whatever order."""
    found: dict[str, HubFailure] = {}
    address: str | None = None
    for _number in range(MOST_PAGES):
        rows, following = await fetch(address)
        fresh = [
            row for row in rows if row.id not in found and (not since_id or rank(row.id) > rank(since_id))
        ]
        found.update((row.id, to_contract(row)) for row in fresh)
        if not fresh or following is None:
            break
        address = following
    return sorted(found.values(), key=lambda failure: rank(failure.external_id), reverse=True)


def to_contract(row: LogRow) -> HubFailure:
    """The redacted failure. Headers and bodies are read here and then dropped."""
    url = row.full_url or row.base_url or ""
    found = judge(row, url)
    return HubFailure(
        external_id=row.id,
        integration_id=row.integration_id,
        base_url=redact_url(row.base_url or url).partition("?")[0][:300],
        at=row.created_at,
        method=(row.method or "").upper()[:10],
        path=_path(url) + _graphql_kind(row, url),
        status=row.response_code,
        exception_type=redact_text(row.exception_type or "")[:120],
        outcome=found.outcome,
        by=found.by[:60],
        detail=redact_text(found.detail)[:300],
    )


def _graphql_kind(row: LogRow, url: str) -> str:
    """What a GraphQL call was for: by its method and path, fetching orders and writing numbers look alike."""
    text = row.request.payload.query
    if not isinstance(text, str) or not url.partition("?")[0].endswith("graphql.json"):
        return ""
    return GRAPHQL_WRITE if text.lstrip().startswith("mutation") else ""


def judge(row: LogRow, url: str) -> Classification:
    """Who refused the hub's call, judged by the logged answer."""
    kind = (row.exception_type or "").rpartition(".")[2]
    if row.response_code == 495 or "SSL" in kind:
        return Classification(Outcome.NO_ANSWER, "", _("The shop's certificate was not accepted by the hub."))
    if row.response_code is None:
        sentence = (
            _("The shop did not answer in time.")
            if "Timeout" in kind
            else _("The shop did not answer the hub.")
        )
        return Classification(Outcome.NO_ANSWER, "", sentence)
    headers = httpx.Headers(
        [(name, str(value)) for name, value in row.response.headers.items() if name.isascii()]
    )
    body = row.response.body
    text = body if isinstance(body, str) else "" if body is None else orjson.dumps(body).decode()
    answer = Answer(
        status=row.response_code,
        headers=headers,
        body=text.encode(),
        url=url,
        method=row.method or "",
        at=row.created_at,
    )
    return classify(answer, _hubs_view(wordpress if "wp-json" in url else json_api))


def _hubs_view(application: Application) -> Application:
    """The hub sent credentials: a refusal by the application is about them, not a proof of passage."""

    def recognise(answer: Answer) -> Classification | None:
        found = application(answer)
        if found and found.outcome is Outcome.PASSED and answer.status in (401, 403):
            return Classification(Outcome.REFUSED, found.by, _("The shop refused the hub's key."))
        if found and found.outcome is Outcome.PASSED and answer.status >= 400:
            sentence = _("The shop's application answered with status %(status)d.") % {
                "status": answer.status
            }
            return Classification(Outcome.PASSED, found.by, sentence)
        return found

    return recognise


def _path(url: str) -> str:
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return redact_path(path)[:300]
