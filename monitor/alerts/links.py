"""Links in mails that let their recipient answer: signed, for one notice, for as long as an answer helps."""

from datetime import timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse

from monitor.access_control import ACKNOWLEDGE
from monitor.alerts.channels import subscription_of
from monitor.models import Incident, Notice, Subscription
from monitor.scope import scope_of

MAX_AGE = timedelta(days=14)
_SIGNER = "monitor.alerts.links"


def answer_link(notice: Notice) -> str:
    """The address under which the recipient of a notice acknowledges, snoozes or comments.

    It names neither the recipient nor the incident. It only opens a page: programs that follow every link
    of a mail change nothing. Empty for a person who may not answer the incident: the page would only refuse.
    """
    known = subscription_of(notice.recipient)
    if known is not None and notice.incident is not None and not _may_answer(known, notice.incident):
        return ""
    token = TimestampSigner(salt=_SIGNER).sign(str(notice.pk))
    return settings.PUBLIC_URL + reverse("incident-answer", args=[token])


def notice_of(token: str) -> Notice | None:
    """The notice whose link this is. None: forged, too old, its recipient is not to be told any more, or is a
    person who may not answer the incident."""
    try:
        key = TimestampSigner(salt=_SIGNER).unsign(token, max_age=MAX_AGE)
    except BadSignature:
        return None
    notice = Notice.objects.select_related("incident__acknowledged_by").filter(pk=key).first()
    if notice is None or notice.incident is None:
        return None
    known = subscription_of(notice.recipient)
    return notice if known is not None and known.is_active and _may_answer(known, notice.incident) else None


def _may_answer(recipient: Subscription, incident: Incident) -> bool:
    """Whoever manages subscriptions gives a shared address the right to answer; a person has their own, as
    long as they have it."""
    if recipient.user is None:
        return True
    mine = scope_of(recipient.user, ACKNOWLEDGE)
    return mine.limit_whole(Incident.objects.filter(pk=incident.pk)).exists()
