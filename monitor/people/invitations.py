"""Inviting people: a mail with a signed link that works once and for a week.

The signature holds the invitation's number only; whether it is still open says its row.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.mail import EmailMultiAlternatives
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from monitor import audit
from monitor.models import Invitation, Role, User

VALID: Final = timedelta(days=7)
_PURPOSE: Final = "invitation"


def pending(now: datetime) -> QuerySet[Invitation]:
    """Those that can still be accepted."""
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=now)


@transaction.atomic
def invite(  # what a mail of invitation needs
    email: str, group: Group, tags: Collection[str], *, language: str, by: User, now: datetime
) -> Invitation:
    """Stores a new invitation, withdraws older ones to the address, and mails the link once that is stored.

    The mail is sent after the commit; an SMTP error is the caller's to tell.
    """
    pending(now).filter(email__iexact=email).update(withdrawn_at=now)
    made = Invitation.objects.create(
        email=email,
        group=group,
        tags=list(tags),
        language=language,
        invited_by=by,
        created_at=now,
        expires_at=now + VALID,
    )
    audit.record(by, "person.invite", made.email, after={"role": group.name, "tags": list(tags)})
    return made


def send(invitation: Invitation) -> None:
    """Mails the link. Raises OSError or smtplib.SMTPException."""
    by = invitation.invited_by
    context = {
        "who": by.called if by else "Syncwatch",
        "link": link(invitation),
        "days": VALID.days,
    }
    with translation.override(invitation.language):
        mail = EmailMultiAlternatives(
            _("You are invited to Syncwatch"),
            render_to_string("account/email/invitation.txt", context),
            to=[invitation.email],
        )
        mail.attach_alternative(render_to_string("account/email/invitation.html", context), "text/html")
    mail.send()


def link(invitation: Invitation) -> str:
    query = urlencode({"token": Signer(salt=_PURPOSE).sign(str(invitation.pk))})
    return f"{settings.PUBLIC_URL}{reverse('invited')}?{query}"


def of_token(token: str, now: datetime) -> Invitation | None:
    """The invitation behind a link, if it can still be accepted."""
    try:
        number = int(Signer(salt=_PURPOSE).unsign(token))
    except (BadSignature, ValueError):
        return None
    return pending(now).select_related("group", "invited_by").filter(pk=number).first()


def open_for(email: str, now: datetime) -> Invitation | None:
    """The invitation to an address, which whoever asks has proven to be theirs."""
    return pending(now).select_related("group").filter(email__iexact=email).order_by("-pk").first()


@transaction.atomic
def accept(invitation: Invitation, user: User, now: datetime) -> bool:
    """Gives a person the role they were invited for. False: somebody was faster with the same link."""
    taken = pending(now).filter(pk=invitation.pk).update(accepted_at=now, accepted_by=user)
    if not taken:
        return False
    give_role(user, invitation.group, invitation.tags)
    # Who has the link has read the mail: whoever had the address before, such as an account that was closed,
    # has it no more.
    EmailAddress.objects.filter(email__iexact=invitation.email).exclude(user=user).delete()
    EmailAddress.objects.update_or_create(
        user=user, email=invitation.email.lower(), defaults={"verified": True, "primary": True}
    )
    audit.record(user, "person.join", user, after={"role": invitation.group.name, "tags": invitation.tags})
    return True


def give_role(user: User, group: Group | None, tags: Collection[str]) -> None:
    """The person's only role: for all stores, or for those with the tags; None: no role at all."""
    user.groups.set([group] if group is not None and not tags else [])
    user.roles.all().delete()
    if group is not None and tags:
        Role.objects.create(user=user, group=group, tags=sorted(set(tags)))
