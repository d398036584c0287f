"""The end of what came and went: it is over when it has been calm for long enough."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from integrations.models import Integration
from monitor.alerts import flapping, shared
from monitor.alerts.informing import tell
from monitor.alerts.reaction import Reaction
from monitor.alerts.standing import is_watched
from monitor.health.states import State
from monitor.models import Incident, Member, Unwatched
from monitor.watch.parts import allowed_ages


def settle(now: datetime, last_here: datetime | None = None) -> int:
    """Closes the flapping incidents that are calm, and tells it; returns how many.

    ``last_here`` is when this was last called: that it is long ago means that Syncwatch did not run.

    Two or three queries while none is. Locks what a reaction locks, in the same order, and looks again:
    what falls ill in this moment stays open, and where nobody looks calm begins anew. Safe to run in any
    number at once; what is busy is left to the next run.
    """
    _begin_anew(now, last_here)
    return _close(now)


@transaction.atomic
def _close(now: datetime) -> int:
    calm = Incident.objects.filter(closed_at=None, calm_since__lte=now - flapping.CALM_AT_LEAST)
    due = [incident for incident in calm.only(*_NEEDED) if flapping.is_over(incident, now)]
    if not due:
        return 0
    free = _locked(due)
    shared.lock(incident.scope for incident in due if incident.is_shared)
    rows = [
        incident
        for incident in Incident.objects.filter(pk__in=[one.pk for one in due], closed_at=None).order_by("pk")
        if flapping.is_over(incident, now)
    ]
    members: dict[int, list[Member]] = {}
    inside = Member.objects.filter(incident__in=rows).select_related(
        "integration__store", "integration__account", "integration__verdict"
    )
    for member in inside.order_by("joined_at", "pk"):
        members.setdefault(member.incident_id, []).append(member)
    over = [
        incident
        for incident in rows
        if all(one.integration_id in free for one in members.get(incident.pk, ()) if one.left_at is None)
    ]
    # Pausing changes no verdict, and neither does its end: no reaction would begin the calm anew.
    unseen = {pk for pk, inside in members.items() if not any(_is_seen(one.integration) for one in inside)}
    Incident.objects.filter(pk__in=unseen & {incident.pk for incident in over}).update(calm_since=now)
    over = [incident for incident in over if incident.pk not in unseen]
    Member.objects.filter(incident__in=over, left_at=None).update(left_at=now)
    Incident.objects.filter(pk__in=[incident.pk for incident in over]).update(closed_at=now)
    # Of a store that was removed meanwhile there is nothing to tell.
    told = [(incident, members[incident.pk][0].integration) for incident in over if incident.pk in members]
    tell(Reaction(), told, (), now)
    return len(over)


@transaction.atomic
def _begin_anew(now: datetime, last_here: datetime | None) -> None:
    """A time in which Syncwatch itself did not judge was not calm: nobody knows how it was."""
    if last_here is not None and now - last_here > allowed_ages()["judge"]:
        blind_until = now
    else:
        silence = Unwatched.objects.filter(integration=None).order_by(F("end_at").desc(nulls_first=True))
        last = silence.values_list("end_at").first()
        if last is None:
            return
        blind_until = last[0] or now
    calm = Incident.objects.filter(closed_at=None, calm_since__lt=blind_until)
    locked = list(calm.select_for_update().order_by("pk").values_list("pk", flat=True))
    if locked:
        calm.filter(pk__in=locked).update(calm_since=blind_until)


_NEEDED = ("scope", "evidence", "flapping_since", "calm_since")


def _is_seen(integration: Integration) -> bool:
    """Whether it is known how it is. What is shared has nobody in it while it is calm, so that no reaction
    notes when sight of all is lost."""
    verdict = getattr(integration, "verdict", None)
    return is_watched(integration) and (verdict is None or verdict.state != State.UNKNOWN)


def _locked(incidents: Sequence[Incident]) -> set[int]:
    """The integrations in them that no reaction is at work on, locked as a reaction would."""
    rows = Integration.objects.filter(
        memberships__incident__in=incidents, memberships__left_at=None
    ).select_for_update(of=("self",), no_key=True, skip_locked=True)
    return set(rows.order_by("pk").values_list("pk", flat=True))
