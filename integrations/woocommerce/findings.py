"""What a WooCommerce shop's settings mean: pure functions from what was read to checks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext_noop as _noop

from integrations.contracts import Check, CheckState, ConditionKind
from integrations.documents import Record
from integrations.woocommerce.webhooks import TOPICS, Webhook

OWN_STATUSES = frozenset(
    {
        "pending",
        "processing",
        "on-hold",
        "completed",
        "cancelled",
        "refunded",
        "failed",
        "checkout-draft",
        "auto-draft",
        "trash",
    }
)
"""WooCommerce's own; all others are made by plug-ins, and hubs import none of those."""
LATE = timedelta(minutes=15)
"""Deliveries of one order are gathered for up to ten minutes, and wait for the shop's next visitor."""
STOPPED = timedelta(hours=1)
ENOUGH = 3
"""So many orders must wait before the queue is said to stand for certain."""
_SWITCH_ON = _noop("In WooCommerce > Settings > Advanced > Webhooks set it to Active.")


class StatusTotal(Record):
    """How many orders stand in a status."""

    slug: str
    name: str = ""
    total: int = 0


@dataclass(frozen=True, slots=True)
class Backlog:
    """Orders that a webhook should have announced since it was last used."""

    count: int = 0
    oldest_at: datetime | None = None

    def age(self, now: datetime) -> timedelta:
        return now - self.oldest_at if self.oldest_at else timedelta(0)

    def is_late(self, now: datetime) -> bool:
        """One event that is never delivered happens in shops whose queue runs, so it weighs less."""
        return self.age(now) > (LATE if self.count >= ENOUGH else STOPPED)


@dataclass(frozen=True, slots=True)
class Shop:
    """What the shop's system status tells; ``None`` and empty: it could not be read."""

    version: str = ""
    wp_cron: bool | None = None
    order_tables: bool | None = None


def judge_storage(shop: Shop) -> Iterator[Check]:
    """Where orders are kept decides what moves their time of change."""
    if shop.order_tables is False:
        yield Check(
            ConditionKind.IMPORTS,
            "orders_as_posts",
            CheckState.INFO,
            _noop("The shop keeps orders as posts: they cannot be touched to be announced again."),
        )


def judge_statuses(totals: Sequence[StatusTotal], expected: Sequence[str]) -> Sequence[Check]:
    """Statuses of plug-ins, and statuses that are waited for although the shop does not have them."""
    checks = []
    for total in totals:
        slug = total.slug.removeprefix("wc-")
        if slug in OWN_STATUSES:
            continue
        values: dict[str, str | int | float | None] = {
            "name": (total.name or slug)[:80],
            "count": total.total,
        }
        if slug in expected:
            text = _noop(
                "%(count)d orders are %(name)s, a status of a plug-in: many hubs never import those."
            )
            remedy = _noop("If yours does not, take the status out of the statuses a hub imports.")
        else:
            text = _noop(
                "%(count)d orders are %(name)s, a status of a plug-in: no hub is expected to import them."
            )
            remedy = ""
        checks.append(
            Check(
                ConditionKind.IMPORTS, "status_of_plug_in", CheckState.INFO, text, values, remedy, slug[:80]
            )
        )
    known = {total.slug.removeprefix("wc-") for total in totals}
    checks += [
        Check(
            ConditionKind.IMPORTS,
            "status_unknown",
            CheckState.WARN,
            _noop("Orders that are %(name)s are waited for, but the shop has no such status."),
            {"name": status[:80]},
            _noop("Correct the statuses a hub imports in the store's settings."),
            status[:80],
        )
        for status in expected
        if status not in known and status not in OWN_STATUSES
    ]
    return checks


def judge_webhooks(
    hooks: Sequence[Webhook],
    backlogs: Mapping[int, Backlog],
    shop: Shop,
    *,
    ours_at: str,
    hubs: str,
    now: datetime,
) -> Sequence[Check]:
    """Are the hub's webhooks and ours there, switched on and used; and does the shop's queue run?

    ``backlogs`` are by webhook id, of active ones that announce orders. ``now`` is by the shop's clock.
    """
    ours = [hook for hook in hooks if ours_at and hook.delivery_url == ours_at and hook.topic in TOPICS]
    word = hubs.strip().casefold()
    of_hub = [
        hook
        for hook in hooks
        if word and hook not in ours and word in f"{hook.name} {hook.delivery_url}".casefold()
    ]
    checks = [check for hook in of_hub for check in _judge_one(hook, backlogs, now, whose=hubs.strip())]
    if word and not of_hub:
        checks.append(
            Check(
                ConditionKind.WEBHOOKS,
                "hub_webhook_missing",
                CheckState.INFO,
                _noop("The shop has no webhook of %(whose)s: it learns of orders only when it asks."),
                {"whose": hubs.strip()},
            )
        )
    checks += [check for hook in _best(ours) for check in _judge_one(hook, backlogs, now, whose="Syncwatch")]
    if ours_at:
        present = {hook.topic for hook in ours}
        checks += [_missing(topic, is_lost=bool(ours)) for topic in TOPICS if topic not in present]
    return [*checks, _judge_queue(backlogs, shop, now)]


def _best(hooks: Sequence[Webhook]) -> Sequence[Webhook]:
    """One webhook per topic, an active one if there is any."""
    by_topic: dict[str, Webhook] = {}
    for hook in hooks:
        if hook.topic not in by_topic or hook.status == "active":
            by_topic[hook.topic] = hook
    return list(by_topic.values())


def _missing(topic: str, *, is_lost: bool) -> Check:
    """``is_lost``: others are there, so somebody wanted them."""
    return Check(
        ConditionKind.WEBHOOKS,
        "webhook_missing",
        CheckState.WARN if is_lost else CheckState.INFO,
        _noop("The shop does not announce %(topic)s to Syncwatch: it is noticed later."),
        {"topic": topic},
        _noop("Switch the webhooks on, on the page of one of the store's integrations."),
        topic,
    )


def _judge_one(
    hook: Webhook, backlogs: Mapping[int, Backlog], now: datetime, *, whose: str
) -> Iterator[Check]:
    values: dict[str, str | int | float | None] = {"whose": whose, "topic": hook.topic[:60]}
    code, state, remedy = "webhook_delivering", CheckState.OK, ""
    text = _noop("The webhook %(topic)s of %(whose)s is switched on.")
    backlog = backlogs.get(hook.id, Backlog())
    if hook.status == "disabled":
        code, state, remedy = "webhook_disabled", CheckState.WARN, _SWITCH_ON
        text = _noop(
            "WooCommerce switched off the webhook %(topic)s of %(whose)s, as it does when deliveries keep "
            "failing."
        )
    elif hook.status == "paused":
        code, state, remedy = "webhook_paused", CheckState.WARN, _SWITCH_ON
        text = _noop("Somebody paused the webhook %(topic)s of %(whose)s.")
    elif backlog.is_late(now):
        code, state = "webhook_silent", CheckState.WARN
        remedy = _noop("See in WooCommerce > Status > Scheduled Actions whether pending actions pile up.")
        text = _noop("%(count)d orders wait for the webhook %(topic)s of %(whose)s, for %(minutes)d minutes.")
        values |= {"count": backlog.count, "minutes": _minutes(backlog.age(now))}
    subject = f"{hook.topic[:60]} {hook.id}"
    yield Check(ConditionKind.WEBHOOKS, code, state, text, values, remedy, subject)


def _judge_queue(backlogs: Mapping[int, Backlog], shop: Shop, now: datetime) -> Check:
    """Webhooks are sent by the shop's queue of tasks, so those of orders prove that it runs, or stands."""
    kind, code = ConditionKind.WEBHOOKS, "cron"
    least = min(backlogs.values(), key=lambda backlog: backlog.age(now), default=None)
    if least is not None and least.is_late(now):
        stopped = least.age(now) > STOPPED and least.count >= ENOUGH
        return Check(
            kind,
            code,
            CheckState.FAIL if stopped else CheckState.WARN,
            _noop(
                "The shop's queue of tasks seems to stand: no webhook was sent for %(minutes)d minutes. Its "
                "mails to customers wait there too."
            ),
            {"minutes": _minutes(least.age(now)), "count": least.count},
            _noop(
                "Let a system cron job call wp-cron.php every minute, or remove DISABLE_WP_CRON from "
                "wp-config.php."
            ),
        )
    if least is not None:
        return Check(kind, code, CheckState.OK, _noop("The shop's queue of tasks runs: webhooks are sent."))
    if shop.wp_cron is False:
        text = _noop(
            "WordPress' own trigger of tasks is switched off: a system cron job must call wp-cron.php "
            "instead."
        )
        return Check(kind, code, CheckState.INFO, text)
    text = _noop("Whether the shop's queue of tasks runs cannot be seen: it has no webhook for orders.")
    return Check(kind, code, CheckState.INFO, text)


def _minutes(age: timedelta) -> int:
    return int(age.total_seconds() // 60)
