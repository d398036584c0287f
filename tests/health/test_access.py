"""Who lets whom in: probes as the hub, our own reading, and the hub's log read together."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations.contracts import Outcome
from monitor.health.access import judge_access
from monitor.health.records import BlockFact, TrackingFigures
from monitor.health.states import State
from tests.health.world import HUB_AGENT, NEVER, OTHER_HUB_AGENT, ago, facts, failing, log, probes, read

pytestmark = pytest.mark.unit

BLOCKED, CHALLENGED, PASSED, REFUSED = Outcome.BLOCKED, Outcome.CHALLENGED, Outcome.PASSED, Outcome.REFUSED
NO_ANSWER, MAINTENANCE, FAULT = Outcome.NO_ANSWER, Outcome.MAINTENANCE, Outcome.FAULT
STUCK = {"last_fetched_at": ago(90)}
"""The hub has not fetched for longer than its rhythm, so it may be shut out as well."""
SHUT = {**STUCK, "hub_failures": log(BLOCKED, [2, 17, 32]), "failing_since": ago(40)}


def block(**fields):
    return replace(WRITES_REFUSED, **fields)


def written(due_at):
    """The newest number that reached the store was due then."""
    return TrackingFigures(
        read(), read(), 0, 0, None, None, due_at, timedelta(hours=6), timedelta(minutes=15)
    )


WRITES_REFUSED = BlockFact(
    cause="method_rule",
    severity="fail",
    product="nginx",
    methods=("PUT", "PATCH", "DELETE"),
    write_methods=("PUT",),
    agents=(),
    status=403,
    confidence="certain",
    rule_id="",
    is_inferred=False,
    since=ago(60),
    observed_at=ago(3),
)

SITUATIONS = [
    ("everybody passes", facts(), State.OK, "passes"),
    ("the application refuses the probe's empty key: it answered", facts(probes=probes(REFUSED, REFUSED)),
     State.OK, "passes"),
    ("not probed, but read", facts(probes=()), State.OK, "passes"),
    ("read with a key that is refused: it answered", facts(probes=(), store=failing("CredentialsRefused")),
     State.OK, "passes"),
    ("never asked", facts(probes=(), store=NEVER), State.UNKNOWN, "not_read_yet"),
    ("the hub's User-Agents are blocked", facts(probes=probes(BLOCKED, PASSED), **STUCK),
     State.FAIL, "blocked_user_agent"),
    ("the hub's User-Agents are challenged", facts(probes=probes(CHALLENGED, PASSED), **STUCK),
     State.FAIL, "blocked_user_agent"),
    ("the hub's User-Agents get no answer, others do", facts(probes=probes(NO_ANSWER, PASSED), **STUCK),
     State.FAIL, "blocked_user_agent"),
    ("blocked, and we read well with our own agent", facts(probes=probes(BLOCKED, PASSED)[:2], **STUCK),
     State.FAIL, "blocked_user_agent"),
    ("only one spelling is blocked", facts(probes=probes(BLOCKED, PASSED, other=PASSED), **STUCK),
     State.WARN, "some_user_agents_blocked"),
    ("only one spelling is blocked, and the hub suffers", facts(probes=probes(BLOCKED, PASSED, other=PASSED),
     **SHUT), State.FAIL, "blocked_user_agent"),
    ("our imitation is blocked, the hub itself fetches", facts(probes=probes(BLOCKED, PASSED)),
     State.UNKNOWN, "only_we_are_shut_out"),
    ("everybody is blocked", facts(probes=probes(BLOCKED, BLOCKED), store=failing("Blocked"), **STUCK),
     State.FAIL, "blocked"),
    ("everybody here is blocked, the hub fetches", facts(probes=probes(BLOCKED, BLOCKED),
     store=failing("Blocked")),
     State.UNKNOWN, "only_we_are_shut_out"),
    ("only our own reading is blocked", facts(store=failing("Blocked"), **STUCK),
     State.UNKNOWN, "only_we_are_shut_out"),
    ("everybody is challenged",
     facts(probes=probes(CHALLENGED, CHALLENGED), store=failing("Blocked"), **STUCK),
     State.FAIL, "blocked"),
    ("nobody gets an answer", facts(probes=probes(NO_ANSWER, NO_ANSWER), store=failing("TimedOut"), **STUCK),
     State.FAIL, "timed_out"),
    ("no answer before, but we have read since", facts(probes=probes(NO_ANSWER, NO_ANSWER), **STUCK),
     State.OK, "passes"),
    ("probes of an hour ago say nothing", facts(probes=probes(BLOCKED, PASSED, minutes=60), **STUCK),
     State.OK, "passes"),
    ("the name is gone", facts(probes=(), store=failing("NameNotFound"), **STUCK),
     State.FAIL, "name_not_found"),
    ("the certificate is bad", facts(probes=(), store=failing("TlsFailed"), **STUCK),
     State.FAIL, "tls_failed"),
    ("the connection is refused", facts(probes=(), store=failing("ConnectionFailed"), **STUCK),
     State.FAIL, "connection_failed"),
    ("nothing came back", facts(probes=(), store=failing("NoAnswer"), **STUCK), State.FAIL, "no_answer"),
    ("the application fails", facts(probes=probes(FAULT, FAULT), store=failing("RemoteFault"), **STUCK),
     State.FAIL, "server_fault"),
    ("the shop is frozen", facts(probes=(), store=failing("ShopClosed"), **STUCK), State.FAIL, "shop_closed"),
    ("in maintenance",
     facts(probes=probes(MAINTENANCE, MAINTENANCE), store=failing("InMaintenance"), **STUCK),
     State.WARN, "maintenance"),
    ("in maintenance for more than an hour", facts(probes=probes(MAINTENANCE, MAINTENANCE),
     store=failing("InMaintenance", last_ok=70), **STUCK), State.FAIL, "maintenance_long"),
    ("it redirects", facts(probes=probes(Outcome.REDIRECTED, Outcome.REDIRECTED),
     store=failing("UnexpectedAnswer"),
     **STUCK), State.WARN, "redirected"),
    ("strange answers", facts(probes=(), store=failing("UnexpectedAnswer")),
     State.UNKNOWN, "unexpected_answer"),
    ("slowed down for long", facts(probes=(), store=failing("RateLimited")), State.UNKNOWN, "rate_limited"),
    ("slowed down just now", facts(probes=(), store=failing("RateLimited", last_ok=2)), State.OK, "passes"),
    ("a private address", facts(probes=(), store=failing("AddressRefused")),
     State.UNKNOWN, "address_refused"),
    ("our own bug", facts(probes=(), store=failing("OurMistake")), State.UNKNOWN, "our_mistake"),
    ("not read for long", facts(probes=(), store=read(60)), State.UNKNOWN, "store_unreadable"),
    ("we pass as the hub, its log shows blocks", facts(**SHUT), State.FAIL, "hub_address_blocked"),
    ("we pass as ourselves, the hub's log shows blocks", facts(probes=(), **SHUT),
     State.FAIL, "blocked_for_hub"),
    ("we passed as the hub, but before the blocks began", facts(hub_failures=log(BLOCKED, [0, 1]), **STUCK),
     State.FAIL, "blocked_for_hub"),
    ("a single block in the log proves nothing", facts(hub_failures=log(BLOCKED, [2])), State.OK, "passes"),
    ("a single block, and the hub has said for long that it fails",
     facts(hub_failures=log(BLOCKED, [2]), failing_since=ago(40)), State.FAIL, "hub_address_blocked"),
    ("a single block, and the hub says it fails since then",
     facts(hub_failures=log(BLOCKED, [2]), failing_since=ago(2)), State.OK, "passes"),
    ("blocks before the hub's last fetch are over", facts(hub_failures=log(BLOCKED, [12, 27])),
     State.OK, "passes"),
    ("blocks after which the hub has not tried again", facts(hub_failures=log(BLOCKED, [80, 85]), **STUCK),
     State.OK, "passes"),
    ("only writing is refused, the fetch goes on", facts(hub_failures=log(BLOCKED, [2, 5], method="PATCH")),
     State.WARN, "method_blocked"),
    ("only writing is refused, and nothing is fetched", facts(hub_failures=log(BLOCKED, [2, 5],
     method="PATCH"),
     **STUCK), State.FAIL, "method_blocked"),
    ("the hub gets no answer", facts(hub_failures=log(NO_ANSWER, [2, 5]), **STUCK),
     State.FAIL, "hub_gets_no_answer"),
    ("the hub meets errors", facts(hub_failures=log(FAULT, [2, 5]), **STUCK), State.FAIL, "hub_meets_fault"),
    ("the hub met a maintenance", facts(hub_failures=log(MAINTENANCE, [2, 5]), **STUCK),
     State.WARN, "hub_meets_maintenance"),
    ("the hub is slowed down", facts(hub_failures=log(Outcome.RATE_LIMITED, [2, 5]), **STUCK),
     State.WARN, "hub_rate_limited"),
    ("the hub is redirected", facts(hub_failures=log(Outcome.REDIRECTED, [2, 5]), **STUCK),
     State.WARN, "hub_redirected"),
    ("an examination found PUT refused", facts(blocks=(WRITES_REFUSED,)), State.WARN, "writes_blocked"),
    ("the hub is set not to write", facts(blocks=(WRITES_REFUSED,), feedback="none"), State.OK, "passes"),
    ("the hub has written since", facts(blocks=(WRITES_REFUSED,), tracking=written(ago(5))),
     State.OK, "passes"),
    ("the hub wrote before", facts(blocks=(WRITES_REFUSED,), tracking=written(ago(500))),
     State.WARN, "writes_blocked"),
    ("reading is refused with writing: that is no matter of writing",
     facts(blocks=(block(methods=("GET", "PUT")),)), State.OK, "passes"),
    ("only DELETE is refused", facts(blocks=(block(methods=("DELETE",), write_methods=()),)),
     State.OK, "passes"),
    ("the examination was long ago", facts(blocks=(block(observed_at=ago(50)),)), State.OK, "passes"),
    ("it is only worth knowing", facts(blocks=(block(severity="info"),)), State.OK, "passes"),
    ("the certificate ends soon",
     facts(blocks=(block(cause="certificate_expires", methods=(), write_methods=(), values={"days": 5}),)),
     State.WARN, "certificate_expires"),
    ("nobody answers us, this store neither",
     facts(store=failing("TimedOut"), network_lost_since=ago(2)), State.UNKNOWN, "own_network"),
    ("nobody answers us any more, but this store failed before",
     facts(store=failing("TimedOut", tried=3), network_lost_since=ago(2), **STUCK), State.FAIL, "timed_out"),
    ("nobody answers us, and this store's certificate was refused before that",
     facts(store=failing("TlsFailed"), network_lost_since=ago(2), **STUCK), State.FAIL, "tls_failed"),
    ("the hub's key is refused: it got in", facts(hub_failures=log(REFUSED, [2, 5]), **STUCK),
     State.OK, "passes"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "state", "rule"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS]
)
def test_access_is_judged_as_the_hub_meets_it(known, state, rule):
    finding = judge_access(known)
    assert (finding.state, finding.rule) == (state, rule)


def test_a_block_names_the_user_agents_and_who_blocks():
    evidence = judge_access(facts(probes=probes(BLOCKED, PASSED), **STUCK)).evidence
    assert evidence["user_agents"] == [HUB_AGENT, OTHER_HUB_AGENT]
    assert evidence["by"] == "nginx"


def test_a_block_that_the_hubs_log_confirms_needs_no_second_probe_and_dates_back():
    alone = judge_access(facts(probes=probes(BLOCKED, PASSED), **STUCK))
    confirmed = judge_access(facts(probes=probes(BLOCKED, PASSED), **SHUT))
    assert (alone.conclusive, alone.since) == (False, None)
    assert (confirmed.conclusive, confirmed.since) == (True, ago(40))


def test_reading_the_store_again_does_not_repeat_a_probe():
    earlier = judge_access(facts(probes=probes(BLOCKED, PASSED, minutes=4), store=read(3), **STUCK))
    later = judge_access(facts(probes=probes(BLOCKED, PASSED, minutes=4), store=read(1), **STUCK))
    assert earlier.observed_at == later.observed_at == ago(4)


def test_a_fetch_of_the_hub_counts_as_a_probe_that_passed():
    assert judge_access(facts(last_fetched_at=ago(1))).observed_at == ago(1)


def test_a_maintenance_is_measured_from_the_hubs_word_where_it_reaches_farther():
    known = facts(
        probes=(),
        store=failing("InMaintenance", last_ok=50),
        hub_failures=log(MAINTENANCE, [5, 20]),
        failing_since=ago(65),
        **STUCK,
    )
    finding = judge_access(known)
    assert (finding.rule, finding.since) == ("maintenance_long", known.now - timedelta(minutes=65))
