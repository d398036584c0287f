"""Asks as a hub would, with its User-Agents, and judges whether the application was reached."""

from collections.abc import Sequence
from datetime import datetime

from integrations.access.classify import Application, classify
from integrations.contracts import CallRecord
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
            calls.append(http.record(answer, classify(answer, application)))
    return calls
