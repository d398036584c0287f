"""The short question between two examinations: is each of the hub's User-Agents still answered?"""

from collections.abc import Sequence
from datetime import datetime

from integrations.access.matrix import Asking
from integrations.access.plan import ProbePlan
from integrations.access.records import Question
from integrations.contracts import CallRecord
from integrations.http import USER_AGENT, RemoteClient


async def probe_with(
    http: RemoteClient, plan: ProbePlan, root: str, user_agents: Sequence[str], *, now: datetime
) -> Sequence[CallRecord]:
    """The first method of the plan once per User-Agent, and once with our own, which serves as control.

    No credentials, no redirects, no cookies: the application's own refusal is the proof of passage, and
    nothing can be changed. Raises AddressRefused only; what does not answer is a record too.
    """
    asking = Asking(http, plan, root, now)
    for agent in (*user_agents, USER_AGENT):
        await asking.ask(Question.MATRIX, plan.methods[0], asking.url, agent)
    return [cell.call for cell in asking.cells]
