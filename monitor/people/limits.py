"""How often a person may have Syncwatch write to somebody: whoever is signed in could else fill a mailbox."""

from datetime import datetime, timedelta
from typing import Final

from django.utils.translation import ngettext

from monitor.models import Audit, User

MOST: Final = 5
WITHIN: Final = timedelta(minutes=10)


def is_too_often(user: User, action: str, now: datetime) -> bool:
    """Whether somebody has done something :data:`MOST` times within :data:`WITHIN`, as the audit has it."""
    return Audit.objects.filter(user=user, action=action, at__gt=now - WITHIN).count() >= MOST


def wait_a_while() -> str:
    """What to tell them."""
    minutes = int(WITHIN.total_seconds() // 60)
    text = ngettext(
        "That was sent %(most)d times within %(n)d minute. Wait a little, then try again.",
        "That was sent %(most)d times within %(n)d minutes. Wait a little, then try again.",
        minutes,
    )
    return text % {"most": MOST, "n": minutes}
