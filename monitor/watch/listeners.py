"""Who hears of Syncwatch itself, where no administrator is named: whoever follows all stores by mail."""

from django.db.models import Q

from monitor.models import Channel, Subscription
from monitor.scope import seeing_everything


def listeners() -> list[Subscription]:
    """The subscriptions that are about everything and reach somebody, the oldest first. One query.

    Who may see some stores only does not follow all.
    """
    rows = Subscription.objects.filter(
        Q(user=None) | Q(user__in=seeing_everything()),
        channel=Channel.MAIL,
        is_active=True,
        bounced_at=None,
        tags=[],
        platforms=[],
        stores=None,
    )
    # Without the addresses of web-hooks, which a lost key makes unreadable: that is told, too.
    return list(rows.defer("endpoint").order_by("pk"))
