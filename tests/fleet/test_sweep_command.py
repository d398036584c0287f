"""What ``manage.py sweep`` says of the verdicts it finds, and how it ends."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command

from integrations.models import Account, Integration, Store
from monitor.health.states import State
from monitor.management.commands import sweep as command
from monitor.models import Verdict

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

NOW = datetime(2026, 11, 20, 13, 42, tzinfo=UTC)


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def fleet(monkeypatch: pytest.MonkeyPatch) -> list[Integration]:
    """Three integrations; a sweep of them finds the verdicts that are stored."""
    account = Account.objects.create(name="eu", title="Europe", kind="generic", url="https://hub.example")
    integrations = []
    for name in ("lyon", "nord", "sud"):
        store = Store.objects.create(
            name=name, title=name.title(), platform="shopify", url=f"https://{name}.example"
        )
        integrations.append(
            Integration.objects.create(name=name, account=account, store=store, external_id=name)
        )

    def sweep(names: Sequence[str], _now: datetime) -> Sequence[Integration]:
        return [row for row in integrations if not names or row.name in names]

    monkeypatch.setattr(command, "sweep", sweep)
    return integrations


def judged(integration: Integration, state: State, cause: str, rule: str, **figures: object) -> None:
    Verdict.objects.create(
        integration=integration,
        state=state,
        cause=cause,
        rule=rule,
        since=NOW - timedelta(minutes=47),
        judged_at=NOW,
        **figures,
    )


def run(*arguments: str, out: StringIO | None = None) -> tuple[int, str, str]:
    out, err = out or StringIO(), StringIO()
    try:
        call_command("sweep", *arguments, stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    except SystemExit as error:
        return int(error.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ((State.OK, State.OK, State.OK), 0),
        ((State.OK, State.WARN, State.OK), 1),
        ((State.OK, State.FAIL, State.UNKNOWN), 1),
        ((State.OK, State.UNKNOWN, State.OK), 1),
        ((State.UNKNOWN, State.UNKNOWN, State.UNKNOWN), 2),
    ],
)
def test_the_exit_code_is_zero_only_when_every_integration_is_proven_healthy(fleet, states, code):
    for integration, state in zip(fleet, states, strict=True):
        judged(integration, state, "imports", "stalled")
    assert run()[0] == code


def test_the_worst_comes_first_and_the_healthy_are_counted(fleet):
    judged(fleet[0], State.OK, "", "flowing")
    judged(fleet[1], State.WARN, "imports", "gap", evidence={"waiting_count": 4}, waiting_count=4)
    judged(
        fleet[2],
        State.FAIL,
        "imports",
        "stalled",
        waiting_count=31,
        evidence={"waiting_count": 31, "oldest_waiting_at": (NOW - timedelta(minutes=47)).isoformat()},
    )
    _code, out, err = run()
    lines = out.splitlines()
    assert lines[0].startswith("■ stalled      Sud → Europe  since ")
    assert lines[0].endswith("31 orders waiting")
    second = next(number for number, line in enumerate(lines) if line.startswith("◐ late"))
    assert "Nord → Europe" in lines[second]
    assert not any("Lyon" in line for line in lines)
    assert lines[-1] == "2 need you, 1 healthy, 35 orders waiting where it is bad. Times are in UTC."
    assert err.startswith("Reading and judging…")


def test_a_named_integration_is_shown_though_healthy(fleet):
    judged(fleet[0], State.OK, "", "flowing")
    assert run("lyon")[:2] == (0, "● healthy      Lyon → Europe\n1 healthy. Times are in UTC.\n")


def test_sentences_are_wrapped_on_a_terminal_only(fleet, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    judged(
        fleet[0],
        State.FAIL,
        "access",
        "blocked",
        evidence={"by": "nginx", "status": 403, "detail": "x " * 60},
    )
    plain = run("lyon")[1].splitlines()
    wrapped = run("lyon", out=Terminal())[1].splitlines()
    assert max(map(len, plain)) > 60
    assert len(wrapped) > len(plain)
    assert all(len(line) <= 60 for line in wrapped[1:-1])


def test_json_is_stable_and_says_the_same(fleet):
    judged(fleet[0], State.FAIL, "imports", "stalled", evidence={"waiting_count": 3}, waiting_count=3)
    judged(fleet[1], State.OK, "", "flowing")
    code, out, _err = run("lyon", "nord", "--json")
    document = orjson.loads(out)
    assert (code, document["exit_code"]) == (1, 1)
    assert document["counts"] == {"fail": 1, "warn": 0, "unknown": 0, "ok": 1}
    first = document["integrations"][0]
    assert list(first) == [
        "name", "store", "account", "state", "cause", "rule", "since", "judged_at",
        "waiting_count", "oldest_waiting_at", "headline", "why", "steps",
    ]  # fmt: skip
    assert (first["name"], first["state"], first["since"]) == ("lyon", "fail", "2026-11-20T12:55:00Z")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("lyno",), 'No integration is called "lyno". Did you mean "lyon"?'),
        (("lyon", "--time-zone", "Europe/Pari"), 'Did you mean "Europe/Paris"?'),
    ],
)
def test_a_wrong_name_ends_with_2_and_a_proposal(fleet, arguments, sentence):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert sentence in err


def test_what_is_paused_is_not_swept(fleet):
    Integration.objects.filter(name="nord").update(is_paused=True)
    assert run("lyon", "nord")[0] == 2
    assert "nord: paused or inactive; resume first." in run("nord")[2]


def test_with_nothing_connected_it_could_not_run():
    code, _out, err = run()
    assert code == 2
    assert "Nothing is connected yet" in err
