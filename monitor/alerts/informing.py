"""From a reaction to notices: who is told what of it."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db.models import Q

from integrations.models import Integration
from monitor.alerts import notices
from monitor.alerts.facts import NoticeFacts, RefreshFacts, Step
from monitor.alerts.quiet import hold
from monitor.alerts.reaction import Reaction
from monitor.alerts.recoveries import let_in_again
from monitor.health.records import VerdictChange
from monitor.models import Incident, Notice, Refresh
from monitor.models.refreshes import RefreshOutcome


def tell(
    reaction: Reaction,
    recovered: Sequence[tuple[Incident, Integration]],
    quiet: Collection[int],
    now: datetime,
) -> None:
    """Puts the notices about what opened, joined and became worse, and about what is over, into the outbox.

    :param quiet: the integrations of which nothing bad is told now.
    """
    bad = [row for row in [*reaction.opened, *reaction.joined, *reaction.worsened] if row[1].pk not in quiet]
    if not (bad or recovered):
        return
    rows: list[Notice] = []
    open_before = [incident.pk for incident, _, _ in [*reaction.joined, *reaction.worsened]]
    open_before += [incident.pk for incident, *_ in reaction.foretold]
    told = notices.told([*open_before, *(incident.pk for incident, _ in recovered)])
    subscriptions = notices.subscribed()
    # Whoever was told of these is not told once more.
    silent = {incident.pk for incident, *_ in [*reaction.joined, *reaction.foretold]}
    let_in = let_in_again([change for *_, change in bad], now)
    for incident, integration, change in bad:
        # Of several stores together no such thing can be said in a line.
        again = None if incident.shared_title else let_in.get(integration.pk)
        facts = _facts(incident, integration, now, change, let_in_again_at=again)
        is_silent = incident.pk in silent or incident.flapping_since is not None
        # Who was not told of the warning hears of the failure as something new.
        openings = {opening.recipient: opening for opening in told.get(incident.pk, ())}
        for subscription in subscriptions:
            opening = openings.get(subscription.recipient)
            # A second list is told later, if nobody acknowledges: see monitor.alerts.reminding.
            is_due = not subscription.escalates_after if opening is None else not is_silent
            if is_due and notices.wants(subscription, integration, change.new.state):
                step = Step.OPENED if opening is None else Step.WORSENED
                rows.append(notices.addressed(step, incident, facts, subscription, now=now, opening=opening))
    refreshes = _refreshes(recovered)
    by_email = {subscription.recipient: subscription for subscription in subscriptions}
    for incident, integration in recovered:
        facts = _facts(incident, integration, now, refresh=refreshes.get(integration.pk))
        for opening in told[incident.pk]:
            row = notices.notice(
                Step.RECOVERED,
                incident,
                facts,
                recipient=opening.recipient,
                channel=opening.channel,
                language=opening.language,
                time_zone=opening.time_zone,
                now=now,
            )
            if opening.recipient in by_email:
                hold(row, by_email[opening.recipient], facts.state, now=now, opening=opening)
            rows.append(row)
    notices.put(rows, now)


def _facts(
    incident: Incident,
    integration: Integration,
    now: datetime,
    change: VerdictChange | None = None,
    *,
    refresh: RefreshFacts | None = None,
    let_in_again_at: datetime | None = None,
) -> NoticeFacts:
    return NoticeFacts.model_validate(
        {
            "title": incident.shared_title or str(integration),
            "state": incident.state,
            "cause": incident.cause,
            "rule": incident.rule,
            "evidence": incident.evidence,
            "started_at": incident.started_at,
            "at": now,
            "waiting": change.waiting_count if change else 0,
            "oldest_waiting_at": change.oldest_waiting_at if change else None,
            "peak_waiting": incident.peak_waiting,
            "let_in_again_at": let_in_again_at,
            "refresh": refresh,
        }
    )


def _refreshes(recovered: Sequence[tuple[Incident, Integration]]) -> dict[int, RefreshFacts]:
    """The last refresh of each integration that was asked for in its incident and moved orders, or is
    still being watched while they move."""
    if not recovered:
        return {}
    since = {integration.pk: incident.started_at for incident, integration in recovered}
    asked = (
        Refresh.objects.select_related("requested_by")
        .filter(
            Q(outcome=RefreshOutcome.MOVED) | Q(outcome=""),
            integration__in=since,
            asked_at__gte=min(since.values()),
        )
        .order_by("asked_at")
    )
    return {
        row.integration_id: RefreshFacts(actor=row.who, reason=row.reason, asked_at=row.asked_at)
        for row in asked
        if row.asked_at is not None and row.asked_at >= since[row.integration_id]
    }
