"""A person's notices go to the address that the person has."""

from monitor import audit
from monitor.models import Channel, Subscription, User


def follow(user: User, former: str) -> None:
    """Sends what went to a person's ``former`` address to their present one, in the current transaction.

    Nothing is moved to no address, nor to one that has a subscription already.
    """
    mails = Subscription.objects.filter(channel=Channel.MAIL).defer("endpoint")
    if not user.email or mails.filter(email__iexact=user.email).exists():
        return
    for row in mails.select_for_update().filter(user=user, email__iexact=former):
        before = audit.snapshot(row)
        row.email, row.bounced_at, row.bounce_answer = user.email, None, ""
        row.save(update_fields=["email", "bounced_at", "bounce_answer"])
        audit.record_change(user, "subscription.change", row, before, audit.snapshot(row))
