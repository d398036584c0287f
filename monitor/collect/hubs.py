"""Storing what a hub says of its integrations and of its failed calls."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_noop

from integrations.contracts import CallRecord, HubFailure, HubIntegration
from integrations.errors import UnexpectedAnswer
from integrations.models import Integration
from monitor.collect import shipments
from monitor.collect.texts import fit
from monitor.models import Call, HubFailureLog, HubState


def watched(account_id: int) -> dict[str, tuple[int, int, str]]:
    """The hub's integration id -> (integration, store, platform), for what is watched."""
    rows = Integration.objects.filter(account_id=account_id, is_paused=False).values_list(
        "external_id", "id", "store_id", "store__platform"
    )
    return {external: (pk, store, platform) for external, pk, store, platform in rows}


@transaction.atomic
def record_hub_states(account_id: int, listed: Sequence[HubIntegration], *, now: datetime) -> None:
    """Adds a row for every watched integration of which the hub says something new.

    Raises UnexpectedAnswer for an empty list where several integrations are watched: nobody
    disconnects all shops at once, so it says more of the hub than of the shops.
    """
    if not listed and len(watched(account_id)) > 1:
        raise UnexpectedAnswer(
            gettext_noop("The hub lists no integration at all, although several are watched.")
        )
    current = {
        state.integration_id: state
        for state in HubState.objects.filter(integration__account_id=account_id)
        .order_by("integration_id", "-at", "-id")
        .distinct("integration_id")
    }
    said = {item.external_id: item for item in listed}
    fresh, feedback = [], dict[int, str]()
    for external, (pk, _, _) in watched(account_id).items():
        item, held = said.get(external), current.get(pk)
        state = HubState(
            integration_id=pk,
            at=now,
            failing_since=item.failing_since if item else None,
            last_fetched_at=item.last_fetched_at if item else (held.last_fetched_at if held else None),
            settings_changed_at=item.settings_changed_at if item else None,
            system=fit(item.system, 60) if item else (held.system if held else ""),
            feedback=fit(item.feedback, 20) if item else (held.feedback if held else ""),
            is_listed=item is not None,
        )
        if held is None or _said(held) != _said(state):
            fresh.append(state)
        if shipments.is_due_otherwise(held.feedback if held else "", state.feedback):
            feedback[pk] = state.feedback
    HubState.objects.bulk_create(fresh)
    if feedback:
        shipments.feedback_changed(feedback, now)


def _said(state: HubState) -> tuple[object, ...]:
    return (
        state.failing_since,
        state.last_fetched_at,
        state.settings_changed_at,
        state.system,
        state.feedback,
        state.is_listed,
    )


def record_failures(account_id: int, failures: Sequence[HubFailure]) -> None:
    """Keeps new rows of the hub's failure log; a row without an integration is matched by its address."""
    known = watched(account_id)
    by_url = {
        url.rstrip("/"): pk
        for pk, url in Integration.objects.filter(account_id=account_id).values_list("id", "store__url")
    }
    HubFailureLog.objects.bulk_create(
        [
            HubFailureLog(
                account_id=account_id,
                integration_id=known[failure.integration_id][0]
                if failure.integration_id in known
                else by_url.get(failure.base_url.rstrip("/")),
                external_id=fit(failure.external_id, 80),
                at=failure.at,
                method=fit(failure.method, 10),
                path=fit(failure.path, 300),
                status=_status(failure.status),
                exception_type=fit(failure.exception_type, 120),
                outcome=failure.outcome,
                by=fit(failure.by, 60),
                detail=fit(failure.detail, 300),
            )
            for failure in failures
        ],
        ignore_conflicts=True,
    )


def record_calls(
    calls: Sequence[CallRecord],
    *,
    store_id: int | None = None,
    account_id: int | None = None,
    is_probe: bool = False,
) -> None:
    """Keeps calls with their evidence."""
    Call.objects.bulk_create(
        [
            Call(
                store_id=store_id,
                account_id=account_id,
                is_probe=is_probe,
                at=call.at,
                method=fit(call.method, 10),
                url=fit(call.url, 500),
                user_agent=fit(call.user_agent, 200),
                status=_status(call.status),
                outcome=call.outcome,
                by=fit(call.by, 60),
                detail=fit(call.detail, 300),
                excerpt=fit(call.excerpt, 500),
                timings={
                    "resolve": round(call.timings.resolve, 1),
                    "connect": round(call.timings.connect, 1),
                    "tls": round(call.timings.tls, 1),
                    "wait": round(call.timings.wait, 1),
                    "transfer": round(call.timings.transfer, 1),
                },
                tls_expires_at=call.tls_expires_at,
            )
            for call in calls
        ]
    )


def _status(code: int | None) -> int | None:
    """An HTTP status (RFC 9110, section 15: three digits); logs of others hold anything."""
    return code if code is not None and 100 <= code <= 999 else None
