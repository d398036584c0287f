"""Sets a scenario up, asks as a hub would, compares what is named, makes the printed change, asks again."""

import asyncio
import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from integrations.access.examine import examine, is_refused
from integrations.access.fixes.choosing import fixes_for
from integrations.access.fixes.records import Fix, Guest
from integrations.access.reasoning import diagnose
from integrations.access.records import Diagnosis, Examination, Question, Severity, Surroundings
from integrations.access.surroundings import look_around
from integrations.contracts import HubFailure
from integrations.guard import GuardPolicy
from integrations.http import Patience, RemoteClient
from integrations.registry import adapter_class
from integrations.sandbox.client import Sandbox
from integrations.sendcloud.failures import to_contract
from integrations.sendcloud.options import USER_AGENTS
from integrations.sendcloud.records import LogRow
from tests.servers.scenarios import HUB, US, Ask, Front, Scenario, Site

LOOPBACK = GuardPolicy(allowed_networks=(ip_network("127.0.0.0/8"), ip_network("::1/128")))
PATIENCE = Patience(connect=2.0, read=2.0, whole=4.0)
SHOPS = {"woocommerce": "woo", "magento": "mage", "prestashop": "presta"}
PATHS = {"woocommerce": "/wp-json/wc", "magento": "/rest/V1", "prestashop": "/api"}
NOT_A_CHANGE = frozenset({"", "text"})
"""Languages of fixes that are clicks or letters: there is nothing to do to a server."""


def hub_agents(platform: str) -> tuple[str, ...]:
    """The hub's User-Agents at a platform, letter by letter."""
    return tuple(agent.replace("{system}", platform) for agent in USER_AGENTS)


def answer(url: str, ask: Ask) -> httpx.Response | None:
    """What somebody gets; ``None``: no answer."""
    transport = httpx.HTTPTransport(local_address=ask.source, verify=False, trust_env=False)
    with httpx.Client(transport=transport, timeout=5.0) as client, warnings.catch_warnings():
        # Python's ssl module forgets to close the socket of a server that hung up before it was wrapped.
        warnings.filterwarnings("ignore", "unclosed <ssl.SSLSocket", ResourceWarning)
        headers = {"user-agent": ask.agent, "accept": "application/json", **ask.headers}
        try:
            return client.request(ask.method, url + ask.path, headers=headers, content=ask.content)
        except httpx.TransportError:
            return None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scenario: a row of the table."""

    scenario: str
    set_up: str
    named: str
    is_right: bool
    closed: str
    """``closed``, ``open``, or empty where the loop is not to be closed."""


class Laboratory:
    """One sandbox, and one server after the other in front of it."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self._numbers = itertools.count()

    def run(self, scenario: Scenario, outcomes: list[Outcome]) -> None:
        """Raises AssertionError where something is named wrongly, or does not pass when mended.

        ``outcomes`` gets the scenario's row first of all, so that it stands in the table however it ends.
        """
        set_up = " + ".join(map(str, scenario.faults)) or "nothing"
        closed = "open" if scenario.closes else ""
        outcomes.append(Outcome(scenario.name, set_up, "was not reached", False, closed))
        if scenario.settled:
            with scenario.serve(self._site(scenario), False) as front:
                seen = self.examine(scenario, front)
                assert not refused_to_hub(seen), f"refused before it is broken: {refused_to_hub(seen)}"
        with scenario.serve(self._site(scenario), True) as front:
            named, before = self._named(scenario, front, outcomes)
            if scenario.closes:
                self._close(scenario, front, named, before)
                outcomes[-1] = replace(outcomes[-1], closed="closed")

    def _named(
        self, scenario: Scenario, front: Front, outcomes: list[Outcome]
    ) -> tuple[list[Diagnosis], tuple[list[str], list[str]]]:
        """What is said of it, and what strangers get."""
        failures = hub_log(front, scenario.hub_meets)
        before = strangers_get(scenario, front)
        seen = self.examine(scenario, front)
        named = suffered(diagnose(seen, failures))
        if scenario.read_log is not None:
            guest = guest_of(scenario, front)
            fixes = [fix for diagnosis in named for fix in fixes_for(diagnosis, guest)]
            named = suffered(diagnose(seen, failures, scenario.read_log(front, fixes)))
        words = " + ".join(map(told, named)) or "nothing"
        is_right = is_named(scenario, named)
        outcomes[-1] = replace(outcomes[-1], named=words, is_right=is_right)
        assert is_right, f"{words!r} was named, where {outcomes[-1].set_up!r} was set up: {table(seen)}"
        assert scenario.faults or not refused_to_hub(seen), table(seen)
        return named, before

    def _close(
        self,
        scenario: Scenario,
        front: Front,
        named: Sequence[Diagnosis],
        before: tuple[list[str], list[str]],
    ) -> None:
        """Makes the printed changes: the hub passes then, and strangers get what they got."""
        refused, visits = before
        assert "passes" not in refused, f"let through while broken: {refused}"
        guest = guest_of(scenario, front)
        for diagnosis in named:
            self._mend(front, fixes_for(diagnosis, guest))
        again = self.examine(scenario, front)
        assert not refused_to_hub(again), f"still refused after the change: {table(again)}"
        assert not suffered(diagnose(again)), [told(diagnosis) for diagnosis in diagnose(again)]
        assert not hub_log(front, scenario.hub_meets)
        still_refused, still_visits = strangers_get(scenario, front)
        assert still_refused == refused, f"strangers got {refused}, and now get {still_refused}"
        lost = [was for was, now in zip(visits, still_visits, strict=True) if was == "passes" != now]
        assert not lost, f"visitors got {visits}, and now get {still_visits}"

    def _mend(self, front: Front, fixes: Sequence[Fix]) -> None:
        """As a person would: the first fix, unless what it looks for is not there."""
        changes = [fix for fix in fixes if fix.language not in NOT_A_CHANGE and fix.text]
        assert changes, "no change is printed"
        assert any(front.apply(fix) for fix in changes), [f"{fix.place}: {fix.find}" for fix in changes]

    def examine(self, scenario: Scenario, front: Front) -> Examination:
        return asyncio.run(self._examine(scenario, front))

    async def _examine(self, scenario: Scenario, front: Front) -> Examination:
        now = datetime.now(UTC)
        plan = adapter_class(scenario.platform).plan  # type: ignore[attr-defined]  # every store has one
        if scenario.methods:
            plan = replace(plan, methods=scenario.methods)
        around = Surroundings()
        policy, tls = scenario.policy or LOOPBACK, scenario.tls() if scenario.tls else None
        if scenario.looks_around:
            interface = f"{front.url}/{plan.default_root}/{plan.target}"
            witness = urlsplit(self.sandbox.shops_url)
            around = await look_around(
                interface,
                policy=policy,
                now=now,
                tls=tls,
                witnesses=[(witness.hostname or "", witness.port or 80)],
            )
        patience = scenario.patience or PATIENCE
        async with RemoteClient(front.url, policy=policy, patience=patience, tls=tls) as http:
            return await examine(
                http,
                plan,
                f"{front.url}/{plan.default_root}",
                platform=scenario.platform,
                agents=hub_agents(scenario.platform),
                now=now,
                surroundings=around,
            )

    def _site(self, scenario: Scenario) -> Site:
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
        shop = SHOPS[scenario.platform]
        return Site(self.sandbox.store_url(shop).rstrip("/"), folder, shop, self.sandbox)


def fate(front: Front, ask: Ask) -> str:
    """``passes``, the status of a refusal, or ``no answer``."""
    for _repeated in range(ask.times):
        got = answer(front.url, ask)
    if got is None:
        return "no answer"
    return "passes" if got.status_code == 200 or is_the_shops(got) else str(got.status_code)


def strangers_get(scenario: Scenario, front: Front) -> tuple[list[str], list[str]]:
    """What becomes of those who are to be refused, and of a visitor of the shop and of its interface."""
    interface = PATHS[scenario.platform] + "/"
    visits = [
        Ask(path=path, agent="Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0") for path in ("/", interface)
    ]
    asks = scenario.stays_refused
    return [fate(front, ask) for ask in asks], [fate(front, visit) for visit in visits]


def is_the_shops(got: httpx.Response) -> bool:
    """Whether the shop itself answered, and not a page of what stands in front of it."""
    is_document = got.status_code in (200, 400, 401, 404, 405) and got.text.startswith("{")
    return is_document or "PrestaShop" in got.headers.get("www-authenticate", "")


def guest_of(scenario: Scenario, front: Front) -> Guest:
    return Guest(
        name="Sendcloud",
        agents=hub_agents(scenario.platform),
        addresses=(f"{HUB}/32",),
        host=urlsplit(front.url).hostname or "",
        path=PATHS[scenario.platform],
        platform=scenario.platform,
        own_addresses=(f"{US}/32",),
    )


def hub_log(front: Front, asks: Sequence[Ask]) -> list[HubFailure]:
    """What the hub's log says of its own requests, newest first. The shop's own 404 is no failure."""
    rows = []
    now = datetime.now(UTC)
    for number, ask in enumerate(asks, start=1):
        got = answer(front.url, replace(ask, source=HUB))
        if got is not None and is_the_shops(got):
            continue
        row = {
            "id": str(number),
            "full_url": front.url + ask.path,
            "base_url": front.url,
            "method": ask.method,
            "response_code": got.status_code if got is not None else None,
            "response": {"headers": dict(got.headers), "body": got.text} if got is not None else {},
            "created_at": now.isoformat(),
            "exception_type": "HTTPError" if got is not None else "ConnectionError",
        }
        rows.append(to_contract(LogRow.model_validate(row)))
    return rows[::-1]


def suffered(diagnoses: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Without what is only worth knowing."""
    return [diagnosis for diagnosis in diagnoses if diagnosis.severity is not Severity.INFO]


def is_named(scenario: Scenario, named: Sequence[Diagnosis]) -> bool:
    """The root cause first, and of several faults each; where nothing is wrong, nothing."""
    if not scenario.faults:
        return not named
    if not named or (len(scenario.faults) == 1 and not scenario.faults[0].names(named[0])):
        return False
    return all(any(fault.names(diagnosis) for diagnosis in named) for fault in scenario.faults)


def told(diagnosis: Diagnosis) -> str:
    words = (diagnosis.cause, diagnosis.layer, diagnosis.subject, diagnosis.product)
    return ", ".join(word for word in words if word)


def refused_to_hub(seen: Examination) -> list[str]:
    return [
        f"{cell.method} {cell.call.status} {cell.outcome}"
        for cell in seen.answers(Question.MATRIX)
        if cell.agent in seen.agents and is_refused(cell)
    ]


def table(seen: Examination) -> str:
    """Every cell in a line, for whoever reads why a scenario failed."""
    return "\n" + "\n".join(
        f"{cell.question} {cell.method} {cell.agent[:14]} {cell.call.status} {cell.outcome} {cell.call.by} "
        f"{cell.layer} {cell.sign} {cell.error} {cell.location} arrived={cell.credentials_arrived}"
        for cell in seen.cells
    )
