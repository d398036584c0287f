"""Asks a store the probe matrix: every User-Agent of the hub times every method, one after the other.

What is asked can change nothing (see :mod:`integrations.access.plan`), and goes over one connection
where the other side allows it: a burst of connections looks like an attack.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import unescape
from time import monotonic

from django.utils.translation import gettext as _

from integrations.access.classify import Classification, classify
from integrations.access.plan import ProbePlan
from integrations.access.records import Cell, Layer, Question
from integrations.answer import Answer
from integrations.contracts import Outcome
from integrations.errors import ConnectionFailed, NoAnswer, TimedOut, UnexpectedAnswer
from integrations.http import RemoteClient
from integrations.redaction import redact_text, redact_url

ENOUGH_OF_A_BODY = 65_536
ENOUGH_SILENCE = 3
"""As many requests that waited in vain, and not one answer, are enough."""
LONGEST_S = 300.0
"""No request begins later than this after the first: a shop that takes half a minute for each answer is
slow, which a part of the matrix shows as well as all of it."""
KEPT_HEADERS = (
    "server",
    "via",
    "allow",
    "content-type",
    "retry-after",
    "cf-ray",
    "x-cache",
    "x-powered-by",
    "x-sucuri-id",
    "www-authenticate",
)
"""Which of an answer's headers are kept: they name products, and hold nothing secret. Never ``Link``, in
which WooCommerce repeats the query, nor cookies."""
LONGEST_HEADER = 120
LONGEST_TITLE = 80
_TITLE = re.compile(r"<title[^>]{0,60}>([^<]{1,300})", re.IGNORECASE)
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Asking:
    """One examination's requests: what was asked so far, and how."""

    http: RemoteClient
    plan: ProbePlan
    root: str
    """Full address of the API, without a slash at its end."""
    now: datetime
    pause_s: float = 0.0
    """Between two requests."""
    told: Callable[[Cell], None] | None = None
    """Is called after each request."""
    cells: list[Cell] = field(default_factory=list)
    began: float = field(default_factory=monotonic)

    @property
    def url(self) -> str:
        """The address of the matrix's cells."""
        return f"{self.root}/{self.plan.target}"

    @property
    def had_enough(self) -> bool:
        """The other side asked for patience, never answers or takes too long: it is asked no more."""
        is_limited = bool(self.cells) and self.cells[-1].outcome is Outcome.RATE_LIMITED
        return is_limited or self.gave_up or self.took_too_long

    @property
    def took_too_long(self) -> bool:
        return bool(self.cells) and monotonic() - self.began > LONGEST_S

    @property
    def gave_up(self) -> bool:
        """Each of the first requests waited in vain, so that the rest would too."""
        return len(self.cells) >= ENOUGH_SILENCE and all(
            cell.error == TimedOut.__name__ for cell in self.cells if cell.question is Question.MATRIX
        )

    @property
    def unheard(self) -> frozenset[str]:
        """User-Agents that waited in vain by each of their first methods, so that they would by the rest."""
        waits: dict[str, list[bool]] = {}
        for cell in self.cells:
            if cell.question is Question.MATRIX:
                waits.setdefault(cell.agent, []).append(cell.error == TimedOut.__name__)
        return frozenset(a for a, each in waits.items() if len(each) >= ENOUGH_SILENCE and all(each))

    async def matrix(self, agents: Sequence[str], neutral: str) -> None:
        """Every cell, our own User-Agent first: GET is the control of all others."""
        for method in self.plan.methods:
            for agent in (neutral, *agents):
                if self.had_enough:
                    return
                if agent not in self.unheard:
                    await self.ask(Question.MATRIX, method, self.url, agent)

    async def ask(
        self,
        question: Question,
        method: str,
        url: str,
        agent: str,
        *,
        content_type: str = "application/json",
    ) -> Cell:
        """One request without credentials, without a body where the content type is empty.

        Raises AddressRefused only; no answer is a cell too.
        """
        if self.pause_s and self.cells:
            await asyncio.sleep(self.pause_s)
        content = self.plan.content.get(method) if content_type else None
        headers = {"content-type": content_type} if content is not None else {}

        async def once() -> Answer:
            return await self.http.request(
                method,
                url,
                now=self.now,
                headers=headers,
                content=content,
                user_agent=agent,
                retry=False,
                truncate_at=ENOUGH_OF_A_BODY,
                keep=False,
            )

        try:
            try:
                answer = await once()
            except ConnectionFailed as error:
                # Apache closes a connection after a refusal of ModSecurity, and does not say so before
                # (measured): the next request on it ends without an answer that nobody refused.
                if not error.was_kept:
                    raise
                answer = await once()
        except (NoAnswer, UnexpectedAnswer) as error:
            if error.call is None:
                raise
            outcome = Outcome.NO_ANSWER if isinstance(error, NoAnswer) else Outcome.UNEXPECTED
            call = replace(error.call, outcome=outcome)
            broke_off = isinstance(error, ConnectionFailed) and error.broke_off
            cell = Cell(question, call, Layer.NETWORK, error=type(error).__name__, broke_off=broke_off)
        else:
            cell = self.cell(question, answer)
        return self._keep(cell)

    async def ask_elsewhere(self, method: str, agent: str) -> Cell:
        """The same below the API at a route that exists nowhere."""
        path = self.plan.elsewhere.replace("{nonce}", secrets.token_hex(4))
        return await self.ask(Question.ELSEWHERE, method, f"{self.root}/{path}", agent)

    async def ask_with_wrong_key(self, agent: str) -> Cell | None:
        """Whether the header that carries credentials arrives; ``None``: this platform has no such question.

        At most once per examination: wrong sign-ins can trip lock-outs.
        """
        if self.plan.wrong_key is None:
            return None
        wrong_key = self.plan.wrong_key
        url = f"{self.root}/{wrong_key.path}"
        try:
            answer = await self.http.request(
                "GET",
                url,
                now=self.now,
                auth=wrong_key.auth(self.now),
                user_agent=agent,
                retry=False,
                truncate_at=ENOUGH_OF_A_BODY,
                keep=False,
            )
        except (NoAnswer, UnexpectedAnswer):
            return None
        cell = self.cell(Question.WRONG_KEY, answer)
        return self._keep(replace(cell, credentials_arrived=wrong_key.arrived(answer)))

    def cell(self, question: Question, answer: Answer) -> Cell:
        """What an answer means."""
        found = self._judged(question, answer)
        title = _TITLE.search(answer.text()) if answer.looks_like_html else None
        location = answer.headers.get("location", "") if answer.status in _REDIRECTS else ""
        return Cell(
            question=question,
            call=self.http.record(answer, found),
            layer=found.layer,
            sign=found.sign,
            is_strong=found.is_strong,
            rule_id=found.rule_id,
            location=redact_url(location)[:300] if location else "",
            title=redact_text(" ".join(unescape(title[1]).split()))[:LONGEST_TITLE] if title else "",
            headers={
                name: answer.headers[name][:LONGEST_HEADER] for name in KEPT_HEADERS if name in answer.headers
            },
        )

    def _judged(self, question: Question, answer: Answer) -> Classification:
        """No shop lets a visitor without credentials at its orders: whoever does is not the application."""
        found = classify(answer, self.plan.application)
        if found.is_strong or question is Question.FRONT:
            return found
        if answer.method == "HEAD" and self.plan.head_passed is not None:
            if self.plan.head_passed(answer) or self._as_reading(answer):
                return Classification(Outcome.PASSED, layer=Layer.APPLICATION)
            if answer.status < 300 or found.outcome is Outcome.PASSED:
                return Classification(
                    Outcome.UNEXPECTED, found.by, found.detail, sign="head_without_signature"
                )
        if answer.method == "OPTIONS" and answer.status < 300:
            return self._judged_options(answer, found)
        if answer.status < 300 and found.outcome is Outcome.PASSED:
            sentence = _("Something answered that refuses nobody, so it was not the shop itself.")
            return Classification(Outcome.UNEXPECTED, "", sentence, sign="refuses_nobody")
        if found.outcome is Outcome.PASSED:
            return found._replace(layer=Layer.APPLICATION)
        return found

    def _as_reading(self, answer: Answer) -> bool:
        """HEAD is refused as GET was, which got through: headers that prove it may be lost on the way."""
        return any(
            cell.method == "GET"
            and cell.agent == answer.user_agent
            and cell.passed
            and cell.call.status == answer.status >= 400
            for cell in self.cells
        )

    def _judged_options(self, answer: Answer, found: Classification) -> Classification:
        if self.plan.options_passed is not None and self.plan.options_passed(answer):
            return Classification(Outcome.PASSED, found.by, layer=Layer.APPLICATION)
        if found.outcome is not Outcome.PASSED:
            sentence = _("The web server answered by itself; the shop was not asked. That hinders nobody.")
            return Classification(Outcome.UNEXPECTED, "", sentence, Layer.SERVER, "options_by_server")
        return found

    def _keep(self, cell: Cell) -> Cell:
        self.cells.append(cell)
        if self.told is not None:
            self.told(cell)
        return cell
