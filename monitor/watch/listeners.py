"""Who hears of Syncwatch itself, where no administrator is named: whoever follows all stores by mail."""

from collections.abc import Iterator

from django.db.models import Q

from monitor.models import Channel, Subscription
from monitor.scope import scope_of


def listeners() -> Iterator[Subscription]:
    """The subscriptions that are about everything and reach somebody, the oldest first.

    One query, and one more for each person's rights: who may see some stores only does not follow all.
    """
    rows = Subscription.objects.filter(
        Q(user=None) | Q(user__is_active=True),
        channel=Channel.MAIL,
        is_active=True,
        bounced_at=None,
        tags=[],
        platforms=[],
        stores=None,
    )
    # Without the addresses of web-hooks, which a lost key makes unreadable: that is told, too.
    for row in rows.select_related("user").defer("endpoint").order_by("pk"):
        if row.user is None or scope_of(row.user).is_everything:
            yield row
