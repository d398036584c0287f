"""A whole examination of a store: matrix, further questions where something was refused, surroundings."""

from collections.abc import Callable, Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from integrations.access.matrix import Asking
from integrations.access.plan import ProbePlan
from integrations.access.records import Cell, Examination, Layer, Question, Surroundings
from integrations.contracts import Outcome
from integrations.errors import AddressRefused
from integrations.http import USER_AGENT, RemoteClient

ODD_TYPE = "application/x-nobody"
"""A content type that no shop knows: rule sets such as OWASP's refuse it (their rule 920420), web servers
do not look at it."""
MOST_REPEATED = 3


async def examine(
    http: RemoteClient,
    plan: ProbePlan,
    root: str,
    *,
    platform: str,
    agents: Sequence[str],
    now: datetime,
    surroundings: Surroundings | None = None,
    wrong_key: bool = True,
    pause_s: float = 0.0,
    told: Callable[[Cell], None] | None = None,
) -> Examination:
    """Asks everything there is to ask, without credentials; changes nothing.

    ``root`` is the full address of the store's API. ``wrong_key``: ask too whether the header that
    carries credentials arrives. Raises AddressRefused only, also where ``root`` holds a query: shops let
    one make a harmless method another (``?_method=DELETE``).
    """
    if "?" in root or "#" in root:
        raise AddressRefused(
            _("The address of the shop's interface holds a question mark or a number sign."),
            remedy=_("Enter it without them and what follows: that could turn a question into an order."),
        )
    asking = Asking(http, plan, root.rstrip("/"), now, pause_s, told)
    agents = tuple(dict.fromkeys(agents))
    await asking.matrix(agents, USER_AGENT)
    refused = [cell for cell in asking.cells if is_refused(cell)]
    if asking.gave_up:
        await asking.ask(Question.FRONT, "GET", f"{http.target_url}/", USER_AGENT)
    elif refused and not asking.had_enough:
        await _ask_further(asking, refused)
    if wrong_key and not asking.had_enough:
        passing = [cell.agent for cell in asking.cells if cell.method == "GET" and cell.passed]
        if passing:
            await asking.ask_with_wrong_key(next((a for a in passing if a in agents), passing[0]))
    return Examination(
        platform=platform,
        url=http.target_url,
        path=asking.url.removeprefix(http.target_url),
        at=now,
        agents=agents,
        neutral=USER_AGENT,
        methods=plan.methods,
        write_methods=plan.write_methods,
        cells=tuple(asking.cells),
        surroundings=surroundings or Surroundings(),
        stopped_because=_stopped(asking),
    )


def is_refused(cell: Cell) -> bool:
    """Whether a cell needs an explanation: the shop did not answer, and it is no harmless courtesy."""
    return not cell.passed and cell.sign != "options_by_server"


async def _ask_further(asking: Asking, refused: Sequence[Cell]) -> None:
    """Is it steady, is it the path, is it the whole shop, is it a rule set?"""
    await asking.ask(Question.CONTROL, asking.plan.methods[0], asking.url, USER_AGENT)
    by_method: dict[str, Cell] = {}
    for cell in refused:
        by_method.setdefault(cell.method, cell)
    repeated = list(by_method.values())[:MOST_REPEATED]
    for cell in repeated:
        if asking.had_enough:
            return
        await asking.ask(Question.AGAIN, cell.method, asking.url, cell.agent)
    first = repeated[0]
    if asking.plan.elsewhere and not asking.had_enough:
        await asking.ask_elsewhere(first.method, first.agent)
    if not asking.had_enough:
        await asking.ask(Question.FRONT, "GET", f"{asking.http.target_url}/", first.agent)
    about_content = next((cell for cell in refused if _may_be_about_content(asking, cell)), None)
    if about_content is not None and not asking.had_enough:
        await asking.ask(
            Question.BARE, about_content.method, asking.url, about_content.agent, content_type=""
        )
    if asking.had_enough or not _may_be_a_rule_set(refused):
        return
    passing = [cell for cell in asking.cells if cell.method == "POST" and cell.passed]
    if passing and "POST" in asking.plan.content:
        await asking.ask(Question.CONTENT_TYPE, "POST", asking.url, passing[0].agent, content_type=ODD_TYPE)


def _may_be_about_content(asking: Asking, refused: Cell) -> bool:
    """With a body this is refused, and what has none passes."""
    return refused.method in asking.plan.content and any(
        cell.passed and cell.agent == refused.agent and cell.method not in asking.plan.content
        for cell in asking.cells
    )


def _may_be_a_rule_set(refused: Sequence[Cell]) -> bool:
    """A web server's own page may hide a firewall's rule set, which refuses more than web servers do."""
    return any(
        cell.layer in (Layer.SERVER, Layer.UNKNOWN) and cell.call.status in (403, 406) for cell in refused
    )


def _stopped(asking: Asking) -> str:
    limited = [cell for cell in asking.cells if cell.outcome is Outcome.RATE_LIMITED]
    if not limited:
        if asking.gave_up:
            return _("Nothing was answered in time; most was not asked.")
        if asking.unheard:
            return _("Some User-Agents were never answered in time; they were not asked by every method.")
        if asking.took_too_long:
            return _("The answers took so long that not everything was asked.")
        return ""
    return _("The other side asked for patience after %(count)d requests; nothing more was asked.") % {
        "count": len(asking.cells)
    }
