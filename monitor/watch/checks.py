"""What is wrong with Syncwatch itself: pure functions from a snapshot to checks.

Texts are English templates; :mod:`monitor.watch.words` fills and translates them. Of values, names that end
with ``_at`` hold times, with ``_s`` seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext_noop as _noop

from monitor.health.states import State
from monitor.watch.parts import PING, WATCHDOG, allowed_ages, task_part
from monitor.watch.snapshot import Queue, Snapshot, UnreadAccount

ACCOUNT: Final = "account:"
"""How names of checks begin that are about an account of ours, not about Syncwatch."""
REFUSED: Final = frozenset({"CredentialsRefused", "RightMissing"})
UNREAD_FOR: Final = timedelta(minutes=30)
"""So long a hub may be unreadable for another reason than our key."""
QUEUE_FOR: Final = timedelta(minutes=10)
SENDING_FOR: Final = timedelta(minutes=10)
DISK_WARN, DISK_FAIL = 2 << 30, 500 << 20
CLOCK_WARN, CLOCK_FAIL = timedelta(seconds=5), timedelta(seconds=20)
"""A lease lasts 30 s: clocks further apart than that would have two workers do the same."""
SHOPS_WARN: Final = timedelta(seconds=60)
BUSY_ROUNDS: Final = 20
"""For so many looks a worker may be too busy to take more, as while it reads the history of many shops."""
MESSAGES_OF_A_DEAD_WORKER: Final = 10


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: State
    text: str
    """What is the matter, or that all is well: an English template."""
    remedy: str = ""
    """What to do, likewise."""
    values: Mapping[str, Any] = field(default_factory=dict)
    since: datetime | None = None
    """Since when, as far as is known."""
    alive_at: datetime | None = None
    """The part's last sign of life, where it gives one."""
    patience: int = 2
    """In how many looks in a row it must be bad before anybody is told."""
    because: str = ""
    """The check that explains this one; only that one is told."""


_CAUSES: Final[Mapping[str, tuple[str, ...]]] = {
    "tick": ("broker", "schedule"),
    **dict.fromkeys(
        ("judge", "verdicts", "deliver", "refresh", "jobs", "rollup"), ("broker", "schedule", "tick")
    ),
}
_NETWORK_EXPLAINS: Final = (ACCOUNT, PING)


def examine(seen: Snapshot) -> list[Check]:
    """Every check, in the order in which a page shows them."""
    checks = [check for look in _LOOKS for check in look(seen)]
    bad = {check.name for check in checks if check.state.is_bad}
    return [_explained(check, bad) for check in checks]


def database_away() -> Check:
    """The check that cannot be asked of the database."""
    return Check(
        "database",
        State.FAIL,
        _noop("The database does not answer, so nothing is read, judged or told."),
        _noop("Start PostgreSQL again, or look into its log. Nothing that was stored is lost."),
    )


def database_here() -> Check:
    return Check("database", State.OK, _noop("The database answers."))


def _explained(check: Check, bad: set[str]) -> Check:
    if not check.state.is_bad:
        return check
    causes = _CAUSES.get(check.name, ())
    if check.name.startswith(_NETWORK_EXPLAINS) and check.values.get("error") not in REFUSED:
        causes = ("network",)
    return replace(check, because=next((cause for cause in causes if cause in bad), ""))


def _broker(seen: Snapshot) -> Iterator[Check]:
    if seen.broker is None:
        text = _noop("The message broker does not answer, so the worker is not told what to do.")
        remedy = _noop("Start it again, or correct BROKER_URL. Nothing is lost: what is due stays due.")
        yield Check("broker", State.FAIL, text, remedy)
    else:
        yield Check("broker", State.OK, _noop("The message broker answers."))


def _schedule(seen: Snapshot) -> Iterator[Check]:
    off = [row.name for row in seen.schedule if not row.is_on]
    if off:
        text = _noop("Somebody switched off periodic work: %(names)s.")
        remedy = _noop("Switch it on again under Administration, periodic tasks.")
        yield Check("schedule", State.FAIL, text, remedy, {"names": ", ".join(off)})
    else:
        yield Check("schedule", State.OK, _noop("All periodic work is switched on."))


def _tick(seen: Snapshot) -> Iterator[Check]:
    at = seen.beats.get("tick")
    if not _is_late("tick", at, seen.now):
        yield Check("tick", State.OK, _noop("Due work is taken up."), alive_at=at)
    elif seen.leased:
        text = _noop("The worker is so busy that it takes up nothing new.")
        remedy = _noop("If that stays so, raise SYNCWATCH_WORKER_THREADS or start a second worker.")
        yield Check("tick", State.WARN, text, remedy, since=at, alive_at=at, patience=BUSY_ROUNDS)
    elif (seen.broker or 0) >= MESSAGES_OF_A_DEAD_WORKER:
        text = _noop("The worker does nothing: orders are not read, verdicts are old.")
        remedy = _noop("Start the worker again; the end of its log says why it stopped.")
        yield Check("tick", State.FAIL, text, remedy, since=at, alive_at=at)
    else:
        text = _noop("No work is taken up: orders are not read, verdicts are old.")
        remedy = _noop(
            "Start the scheduler and the worker again; the ends of their logs say why they stopped."
        )
        yield Check("tick", State.FAIL, text, remedy, since=at, alive_at=at)


def _judge(seen: Snapshot) -> Iterator[Check]:
    at = seen.beats.get("judge")
    if seen.watched and _is_late("judge", at or seen.watched_since, seen.now):
        text = _noop("Nothing has been judged for a while: every state that you see may be old.")
        remedy = _noop("Look into the worker's log for what stops it.")
        yield Check("judge", State.FAIL, text, remedy, since=at, alive_at=at)
    else:
        yield Check("judge", State.OK, _noop("Integrations are judged."), alive_at=at)
    if seen.unjudged:
        text = _noop("Of the watched integrations, %(count)d could not be judged for long.")
        remedy = _noop("Look for “could not judge” in the worker's log and report it.")
        values = {"count": seen.unjudged}
        yield Check("verdicts", State.FAIL, text, remedy, values, since=seen.judged_before)
    else:
        yield Check("verdicts", State.OK, _noop("No watched integration is left out."))


def _deliver(seen: Snapshot) -> Iterator[Check]:
    at, mails = seen.beats.get("deliver"), seen.mails
    waiting = _waits(mails.waiting, seen.now)
    if _is_late("deliver", at, seen.now) or waiting:
        text = _noop("Mails are not being sent.")
        remedy = _noop("Look into the worker's log for what stops it.")
        since = mails.waiting.oldest_at if waiting else at
        yield Check("deliver", State.FAIL, text, remedy, since=since, alive_at=at)
    else:
        yield Check("deliver", State.OK, _noop("Mails are sent as they fall due."), alive_at=at)
    if mails.failing_since and seen.now - mails.failing_since > SENDING_FOR:
        text = _noop("The mail server does not take our mails; %(count)d wait. It said: %(answer)s")
        remedy = _noop(
            "Look at SYNCWATCH_SMTP_HOST and the mail server. Mails that wait are sent once it answers."
        )
        values = {"count": mails.failing, "answer": mails.answer or "–"}
        yield Check("mail", State.FAIL, text, remedy, values, since=mails.failing_since)
    elif mails.refused:
        several = _noop("The mail server refused %(count)d mails for good within a day.")
        text = (
            several if mails.refused > 1 else _noop("The mail server refused a mail for good within a day.")
        )
        remedy = _noop("Look under Administration, notices, which addresses those are, and correct them.")
        yield Check("mail", State.WARN, text, remedy, {"count": mails.refused})
    else:
        yield Check("mail", State.OK, _noop("The mail server takes our mails."))
    if seen.hooks.failing:
        text = _noop("The web-hook %(names)s does not take our notices; %(count)d wait. It said: %(answer)s")
        remedy = _noop(
            "Look at what receives it. What waits is sent once it answers, or given up after days."
        )
        values = {
            "names": ", ".join(seen.hooks.names),
            "count": seen.hooks.failing,
            "answer": seen.hooks.answer or "–",
        }
        yield Check("hooks", State.WARN, text, remedy, values, since=seen.hooks.failing_since)
    else:
        yield Check("hooks", State.OK, _noop("Web-hooks take our notices."))
    if mails.bounced:
        text = _noop("Nothing is sent to %(names)s any more, refused for good: %(answer)s")
        remedy = _noop("Correct the address on the page of the notices, or say there that it works again.")
        values = {"names": ", ".join(mails.bounced), "answer": mails.bounce_answer or "–"}
        yield Check("addresses", State.WARN, text, remedy, values, since=mails.bounced_since)
    else:
        yield Check("addresses", State.OK, _noop("Nobody's address was refused."))


def _queues(seen: Snapshot) -> Iterator[Check]:
    if _waits(seen.refreshes, seen.now):
        text = _noop("Refreshes that people asked for do not move on.")
        remedy = _noop("Look into the worker's log for what stops it.")
        yield Check("refresh", State.FAIL, text, remedy, since=seen.refreshes.oldest_at)
    else:
        at = seen.beats.get("refresh")
        yield Check("refresh", State.OK, _noop("Refreshes move on."), alive_at=at)
    if _waits(seen.jobs, seen.now):
        text = _noop("Work piles up: %(count)d jobs are due, the oldest for %(waited_s)s.")
        remedy = _noop("Raise SYNCWATCH_WORKER_THREADS or start a second worker.")
        waited = (seen.now - (seen.jobs.oldest_at or seen.now)).total_seconds()
        values = {"count": seen.jobs.due, "waited_s": waited}
        # The history of a fleet that was just connected takes its time.
        yield Check("jobs", State.WARN, text, remedy, values, seen.jobs.oldest_at, patience=BUSY_ROUNDS)
    else:
        yield Check("jobs", State.OK, _noop("No work waits for long."))


def _rollup(seen: Snapshot) -> Iterator[Check]:
    """Both are written in one transaction: a difference is a defect, whatever its size."""
    newest, rolled = seen.newest_completed_at, seen.newest_rollup_hour
    hour = newest.replace(minute=0, second=0, microsecond=0) if newest else None
    if hour and (rolled is None or rolled < hour):
        text = _noop("Latencies of new orders are missing in the charts.")
        remedy = _noop("Look into the worker's log and report it; incidents are not concerned.")
        yield Check("rollup", State.WARN, text, remedy, since=rolled)
    else:
        yield Check("rollup", State.OK, _noop("The charts are up to date."), alive_at=newest)


def _tasks(seen: Snapshot) -> Iterator[Check]:
    """Periodic work that ends with an error, or should have run long ago."""
    for row in seen.schedule:
        part = task_part(row.task)
        at, detail = seen.beats.get(part), seen.details.get(part, {})
        name = f"task:{row.name}"
        values = {"task": row.name, "error": detail.get("error", "")}
        if detail.get("error"):
            text = _noop("The periodic task “%(task)s” fails with %(error)s.")
            remedy = _noop("The worker's log tells the whole error; report it if it is not the database's.")
            since = datetime.fromisoformat(detail["since"])
            yield Check(name, State.FAIL, text, remedy, values, since, alive_at=at)
        elif row.is_on and at and row.every and seen.now - at > 3 * max(row.every, timedelta(minutes=10)):
            text = _noop("The periodic task “%(task)s” did not run when it should have.")
            remedy = _noop("Start the scheduler again; the end of its log says why it stopped.")
            yield Check(name, State.WARN, text, remedy, values, since=at, alive_at=at, because=_dead(seen))
        else:
            text = _noop("The periodic task “%(task)s” runs.")
            yield Check(name, State.OK, text, values=values, alive_at=at)


def _dead(seen: Snapshot) -> str:
    return "tick" if _is_late("tick", seen.beats.get("tick"), seen.now) else ""


def _machine(seen: Snapshot) -> Iterator[Check]:
    values = {"free": f"{seen.disk_free / (1 << 30):.1f} GB"}
    if seen.disk_free >= DISK_WARN:
        yield Check("disk", State.OK, _noop("%(free)s are free on the disk."), values=values)
    else:
        state = State.FAIL if seen.disk_free < DISK_FAIL else State.WARN
        text = _noop("Only %(free)s are free on the disk; once it is full, nothing can be stored.")
        yield Check("disk", state, text, _noop("Make room, or lower SYNCWATCH_RETENTION_DAYS."), values)
    skew = abs(seen.clock_skew)
    shops = abs(seen.shops_skew or timedelta(0))
    if skew > CLOCK_WARN:
        text = _noop(
            "Our clock and the database's are %(skew_s)s apart: work may be done twice, times are wrong."
        )
        state = State.FAIL if skew > CLOCK_FAIL else State.WARN
        yield Check("clock", state, text, _TIME_SERVICE, {"skew_s": skew.total_seconds()})
    elif shops > SHOPS_WARN:
        text = _noop("Most shops' clocks differ from ours by %(skew_s)s: it is ours that is wrong.")
        yield Check("clock", State.WARN, text, _TIME_SERVICE, {"skew_s": shops.total_seconds()})
    else:
        yield Check("clock", State.OK, _noop("Our clock agrees with the database's and with the shops'."))


_TIME_SERVICE = _noop("Have the machines' clocks set by a time service (NTP).")


def _outside(seen: Snapshot) -> Iterator[Check]:
    lost = seen.details.get("network", {})
    if len(lost.get("hosts", ())) >= 2:
        text = _noop("Nobody answers us: our own network seems to be down, so no shop is blamed.")
        remedy = _noop("Look at this machine's connection and at its name server.")
        yield Check("network", State.FAIL, text, remedy, since=datetime.fromisoformat(lost["since"]))
    else:
        yield Check("network", State.OK, _noop("Our network works."), alive_at=seen.beats.get("network"))
    if seen.pings:
        yield _ping(seen)
    at = seen.beats.get(WATCHDOG)
    if at is None or seen.now - at > timedelta(minutes=3):
        text = _noop("The watchdog does not run, so nobody is mailed when Syncwatch itself fails.")
        yield Check(WATCHDOG, State.FAIL, text, _noop("Start manage.py watchdog."), since=at, alive_at=at)
    else:
        yield Check(WATCHDOG, State.OK, _noop("The watchdog looks at all this."), alive_at=at)
    if not seen.told:
        text = _noop("Nobody would be mailed if Syncwatch itself failed.")
        remedy = _noop("Set SYNCWATCH_ADMIN_MAIL, or add an address for all stores under “Who is told”.")
        yield Check("listeners", State.WARN, text, remedy)


def _ping(seen: Snapshot) -> Check:
    at, error = seen.beats.get(PING), seen.details.get(PING, {}).get("error", "")
    if error and (at is None or seen.now - at > timedelta(minutes=5)):
        text = _noop("The outside monitor cannot be told that we live: %(error)s")
        remedy = _noop("Look at SYNCWATCH_PING_URL. The monitor will soon say that we are down.")
        return Check(PING, State.WARN, text, remedy, {"error": error}, since=at, alive_at=at)
    return Check(PING, State.OK, _noop("The outside monitor is told that we live."), alive_at=at)


def _accounts(seen: Snapshot) -> Iterator[Check]:
    for account in seen.accounts:
        yield _account(account, seen.now)


def _account(account: UnreadAccount, now: datetime) -> Check:
    name, since = f"{ACCOUNT}{account.name}", account.read_until
    values = {"account": account.title, "count": account.integrations, "error": account.error}
    values["message"] = account.message
    if account.error in REFUSED:
        text = _noop(
            "%(account)s does not accept our key any more, so nothing is known of its integrations "
            "(%(count)d). %(message)s"
        )
        remedy = _noop("Make a new key at the hub and enter it under Connect.")
        return Check(name, State.FAIL, text, remedy, values, since)
    if since is not None and now - since > UNREAD_FOR:
        text = _noop(
            "%(account)s cannot be read, so nothing is known of its integrations (%(count)d). %(message)s"
        )
        remedy = _noop("Look at the hub's own status page; test the connection under Connect.")
        return Check(name, State.WARN, text, remedy, values, since)
    return Check(name, State.OK, _noop("%(account)s will be read again soon."), values=values)


_LOOKS: Final[Sequence[Callable[[Snapshot], Iterator[Check]]]] = (
    _broker,
    _schedule,
    _tick,
    _judge,
    _deliver,
    _queues,
    _rollup,
    _tasks,
    _machine,
    _outside,
    _accounts,
)


def _is_late(part: str, at: datetime | None, now: datetime) -> bool:
    return at is None or now - at > allowed_ages()[part]


def _waits(queue: Queue, now: datetime) -> bool:
    return queue.oldest_at is not None and now - queue.oldest_at > QUEUE_FOR
