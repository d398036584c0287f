"""Whose key is refused, by whom, and how sure that is."""

import pytest

from integrations.contracts import Outcome
from monitor.health.credentials import judge_credentials
from monitor.health.states import State
from tests.health.world import NEVER, ago, facts, failing, log

pytestmark = pytest.mark.unit

REFUSALS = log(Outcome.REFUSED, [2, 17])
OLD_REFUSALS = log(Outcome.REFUSED, [200, 215])
STUCK = {"last_fetched_at": ago(300)}

SITUATIONS = [
    ("accepted", facts(), State.OK, "accepted"),
    ("refused to us", facts(store=failing("CredentialsRefused")), State.FAIL, "store_key_refused"),
    ("a right is missing", facts(store=failing("RightMissing")), State.FAIL, "right_missing"),
    ("refused to the hub", facts(hub_failures=REFUSALS, **STUCK), State.FAIL, "hub_key_refused"),
    ("refused to both", facts(hub_failures=REFUSALS, store=failing("CredentialsRefused"), **STUCK),
     State.FAIL, "hub_key_refused"),
    ("refused to the hub once, and to us", facts(hub_failures=REFUSALS[:1],
     store=failing("CredentialsRefused")),
     State.FAIL, "hub_key_refused"),
    ("refused to the hub once", facts(hub_failures=REFUSALS[:1]), State.OK, "accepted"),
    ("refused to the hub once, which has long said that it fails", facts(hub_failures=REFUSALS[:1],
     failing_since=ago(40)),
     State.FAIL, "hub_key_refused"),
    ("refused to the hub before its last fetch", facts(hub_failures=log(Outcome.REFUSED, [12, 27])),
     State.OK, "accepted"),
    ("refused to the hub long ago, no fetch since", facts(hub_failures=OLD_REFUSALS, **STUCK),
     State.FAIL, "hub_key_refused"),
    ("refused to the hub, later something else failed",
     facts(hub_failures=log(Outcome.FAULT, [1]) + REFUSALS, **STUCK), State.OK, "accepted"),
    ("our account at the hub is refused", facts(hub=failing("CredentialsRefused")),
     State.UNKNOWN, "account_refused"),
    ("our account may not list integrations", facts(hub_state=failing("RightMissing")),
     State.UNKNOWN, "account_refused"),
    ("the store does not answer", facts(store=failing("TimedOut")), State.UNKNOWN, "store_unreadable"),
    ("the store failed once just now", facts(store=failing("TimedOut", last_ok=2)), State.OK, "accepted"),
    ("never asked", facts(store=NEVER), State.UNKNOWN, "not_read_yet"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "state", "rule"), [row[1:] for row in SITUATIONS], ids=[row[0] for row in SITUATIONS]
)
def test_keys_are_judged_by_what_the_remotes_answered(known, state, rule):
    finding = judge_credentials(known)
    assert (finding.state, finding.rule) == (state, rule)


def test_a_first_refusal_waits_for_a_second_one():
    first, second = (
        judge_credentials(facts(store=failing("CredentialsRefused", failures=n))) for n in (1, 2)
    )
    assert (first.conclusive, second.conclusive) == (False, True)


def test_a_refused_hub_dates_back_to_its_first_refusal():
    assert judge_credentials(facts(hub_failures=REFUSALS, **STUCK)).since == ago(17)
