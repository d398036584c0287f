"""What people answer to an incident: taking it into their hands, putting it off, saying something."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from monitor import audit
from monitor.models import Incident, Remark, User
from monitor.models.maintenance import RemarkKind

TEXT_AT_MOST = 1_000


@dataclass(frozen=True, slots=True)
class Person:
    """Who answers: somebody signed in, or whoever reads an address that was told."""

    user: User | None
    address: str = ""
    """Of the mail whose link was used, or the name of the web-hook; empty: none."""

    @property
    def actor(self) -> str | None:
        """Who it was, for the audit; None: the user."""
        if not self.address:
            return None
        if self.user:
            return f"{self.user.get_username()} (mail)"
        return f"mail to {self.address}" if "@" in self.address else f"web-hook {self.address}"


@transaction.atomic
def acknowledge(pk: int, who: Person, now: datetime, text: str = "") -> bool:
    """Takes an open incident into the person's hands until it recovers. False for all but the first."""
    free = Incident.objects.filter(pk=pk, closed_at=None, acknowledged_at=None)
    if not free.update(acknowledged_at=now, acknowledged_by=who.user, snoozed_until=None):
        return False
    _remark(pk, RemarkKind.ACKNOWLEDGED, who, now, text)
    before, after = {"acknowledged_at": None}, {"acknowledged_at": now}
    audit.record(who.user, "incident.acknowledge", f"incident {pk}", before, after, actor=who.actor)
    return True


@transaction.atomic
def snooze(pk: int, who: Person, now: datetime, *, until: datetime, text: str) -> bool:
    """Reminds nobody of an open incident until then. False when it is over or acknowledged."""
    row = Incident.objects.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None or row.closed_at is not None or row.acknowledged_at is not None or until <= now:
        return False
    before = {"snoozed_until": row.snoozed_until}
    Incident.objects.filter(pk=pk).update(snoozed_until=until)
    _remark(pk, RemarkKind.SNOOZED, who, now, text, until)
    after = {"snoozed_until": until, "reason": text}
    audit.record(who.user, "incident.snooze", f"incident {pk}", before, after, actor=who.actor)
    return True


@transaction.atomic
def comment(pk: int, who: Person, now: datetime, text: str) -> bool:
    """Says something about an incident, open or over. False when there is nothing to say."""
    if not text.strip():
        return False
    _remark(pk, RemarkKind.COMMENTED, who, now, text)
    audit.record(who.user, "incident.comment", f"incident {pk}", after={"text": text}, actor=who.actor)
    return True


def _remark(  # noqa: PLR0917  # in the order of the row
    pk: int, kind: RemarkKind, who: Person, now: datetime, text: str, until: datetime | None = None
) -> None:
    Remark.objects.create(
        incident_id=pk,
        at=now,
        kind=kind,
        user=who.user,
        is_by_mail=bool(who.address),
        text=text.strip()[:TEXT_AT_MOST],
        until=until,
    )
