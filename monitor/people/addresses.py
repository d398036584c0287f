"""A new e-mail address of a person's own: taken only when a mail to it was read.

Notices and new passwords go to it, so with an address that somebody has merely entered Syncwatch would write
to whoever has it. Nothing is stored before: the link holds what is asked for, signed, and works while the
person still has the address they had.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import signing
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from monitor import audit
from monitor.alerts import moving
from monitor.models import User

ASKED: Final = "person.address_ask"
VALID: Final = timedelta(days=1)
_PURPOSE: Final = "monitor.people.addresses"


@dataclass(frozen=True, slots=True)
class Wish:
    """A person's new address, which whoever holds the link has read a mail at."""

    user: User
    former: str
    email: str


def is_same(one: str, other: str) -> bool:
    """Whether two addresses are one mailbox, for all that we know."""
    return one.strip().lower() == other.strip().lower()


def ask(user: User, email: str) -> None:
    """Mails the link to the new address, with an audit row. Raises OSError or smtplib.SMTPException."""
    token = signing.dumps([user.pk, user.email, email], salt=_PURPOSE)
    link = f"{settings.PUBLIC_URL}{reverse('settings-address')}?{urlencode({'token': token})}"
    context = {"name": user.get_username(), "link": link}
    with translation.override(user.language):
        mail = EmailMultiAlternatives(
            _("Is this your address?"), render_to_string("account/email/address.txt", context), to=[email]
        )
        mail.attach_alternative(render_to_string("account/email/address.html", context), "text/html")
    audit.record(user, ASKED, user, after={"email": email})
    mail.send()


def of_token(token: str, user: User) -> Wish | None:
    """What a link asks for. None: forged, too old, used, or somebody else's than the one who is signed in."""
    try:
        key, former, email = signing.loads(token, salt=_PURPOSE, max_age=VALID)
    except (signing.BadSignature, ValueError):
        return None
    return Wish(user, former, email) if (key, former) == (user.pk, user.email) else None


def take(wish: Wish, request: Any) -> bool:
    """Makes it the person's address and tells the former one. False: the link was used a moment before."""
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=wish.user.pk)
        if user.email != wish.former:
            return False
        before = audit.snapshot(user)
        user.email = wish.email
        user.save(update_fields=["email"])
        follow(user, before)
        # Who read the mail has the address: whoever had proven it before has it no more.
        EmailAddress.objects.filter(email__iexact=user.email).exclude(user=user).delete()
        EmailAddress.objects.update_or_create(
            user=user, email=user.email.lower(), defaults={"verified": True, "primary": True}
        )
    if wish.former:
        told = {"from_email": wish.former, "to_email": wish.email}
        get_adapter(request).send_notification_mail("account/email/email_changed", user, told, wish.former)
    return True


def follow(user: User, before: Mapping[str, Any]) -> None:
    """Notes in the audit what has changed of a person, and has proofs and notices follow the address."""
    EmailAddress.objects.filter(user=user).exclude(email__iexact=user.email).delete()
    moving.follow(user, before["email"])
    audit.record_change(user, "person.change", user, before, audit.snapshot(user))
