"""Asks as a hub would, with its User-Agents, and judges whether the application was reached."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from integrations.access.classify import Application, Classification, classify
from integrations.answer import Answer
from integrations.contracts import CallRecord, Outcome
from integrations.errors import NoAnswer, UnexpectedAnswer
from integrations.http import RemoteClient

ENOUGH_OF_A_BODY = 65_536


async def probe_with(
    http: RemoteClient,
    url: str,
    user_agents: Sequence[str],
    *,
    now: datetime,
    application: Application,
    method: str = "GET",
    content: bytes | None = None,
) -> Sequence[CallRecord]:
    """One request per User-Agent and one with our own, which serves as control.

    No credentials, no redirects, no cookies: the application's own refusal is the proof of passage, and
    nothing can be changed. Raises AddressRefused only; what does not answer is a record too.
    """
    headers = {"content-type": "application/json"} if content else None
    calls: list[CallRecord] = []
    for agent in [*user_agents, None]:
        try:
            answer = await http.request(
                method,
                url,
                now=now,
                headers=headers,
                content=content,
                user_agent=agent,
                retry=False,
                truncate_at=ENOUGH_OF_A_BODY,
                keep=False,
            )
        except (NoAnswer, UnexpectedAnswer) as error:
            if error.call is None:
                raise
            calls.append(error.call)
        else:
            calls.append(http.record(answer, _judged(answer, application)))
    return calls


def _judged(answer: Answer, application: Application) -> Classification:
    """No shop lets a visitor without credentials at its orders: whoever does is not the application."""
    found = classify(answer, application)
    if answer.status < 300 and found.outcome is Outcome.PASSED:
        sentence = _("Something answered that refuses nobody, so it was not the shop itself.")
        return Classification(Outcome.UNEXPECTED, "", sentence)
    return found
