"""What Syncwatch decides where django-allauth asks: mails, who may join, how secrets are stored."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.crypto import cipher
from monitor import audit
from monitor.access_control import client_address
from monitor.models import User
from monitor.people.factors import needs_factor
from monitor.people.invitations import accept, open_for
from monitor.people.local import comes_by_provider, only_by_provider
from monitor.people.provider import Session, guarded_session

log = logging.getLogger(__name__)


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Nobody signs up by themselves; mails speak the language of who gets them."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy("That name and that password do not belong together."),
        "email_password_mismatch": gettext_lazy("That address and that password do not belong together."),
        "incorrect_password": gettext_lazy("That is not your password."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        del request
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        address = client_address(request)
        if not address:
            raise PermissionDenied
        return address

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # With the address: who tries passwords elsewhere must not lock a person out.
        name = str(credentials.get("email") or credentials.get("username") or "").lower()
        return f"{self.get_client_ip(request)}:{name}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        # Not by the Host of the request, which whoever asks can write.
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return f"{settings.PUBLIC_URL}{path.replace('UID-KEY', key)}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        user = context.get("user") or User.objects.filter(email__iexact=email, is_active=True).first()
        site = {"name": "Syncwatch", "domain": settings.PUBLIC_URL}
        with translation.override(user.language if user else translation.get_language()):
            letter = self.render_mail(
                template_prefix, email, {**context, "email": email, "current_site": site}
            )
        try:
            letter.send()
        except (OSError, SMTPException) as error:
            # What it tells of is done, and who forgot a password must not learn whether they are known.
            log.error("A mail about an account could not be sent: %s", error)

    def send_notification_mail(
        self, template_prefix: str, user: User, context: Any = None, email: str | None = None
    ) -> None:
        """Tells a person what was changed of their account, at the address they have entered."""
        if user.email or email:
            context = {**(context or {}), "user": user}
            super().send_notification_mail(template_prefix, user, context, email or user.email)

    def add_message(self, request: HttpRequest, level: int, *args: Any, **kwargs: Any) -> None:
        # That one is signed in or out is seen without being said.
        template = kwargs.get("message_template") or (args[0] if args else "")
        if not str(template).endswith(("logged_in.txt", "logged_out.txt")):
            super().add_message(request, level, *args, **kwargs)

    def pre_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse | None:
        """Whom the provider shuts out must not come in by a passkey that they have added here."""
        records = get_authentication_records(request, user)
        if records and records[-1]["method"] == "mfa" and comes_by_provider(user):
            messages.error(request, only_by_provider())
            return redirect("login")
        answer: HttpResponse | None = super().pre_login(request, user, **kwargs)
        return answer

    def set_password(self, user: User, password: str) -> None:
        super().set_password(user, password)
        audit.record(user, "person.password", user)


class Factors(DefaultMFAAdapter):  # type: ignore[misc]  # allauth has no types
    """Second factors: their secrets are encrypted like all credentials."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": gettext_lazy("That code is not right, or it was used already. Enter a new one."),
        "cannot_delete_authenticator": gettext_lazy(
            "You must have a second factor here. Add another one first, then remove this one."
        ),
    }

    def encrypt(self, text: str) -> str:
        return cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return cipher().decrypt(encrypted_text.encode()).decode()

    def _get_site_name(self) -> str:
        return "Syncwatch"

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if not needs_factor(authenticator.user):
            return True
        others = Authenticator.objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        return bool(others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # allauth's
        count = Authenticator.objects.filter(user=user, type=type).count()
        return _("Passkey %(number)d") % {"number": count + 1}


class Providers(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Signing in by the organisation's OpenID Connect provider."""

    def get_requests_session(self) -> Session:
        return guarded_session(settings.SOCIALACCOUNT_REQUESTS_TIMEOUT)

    def authenticate_by_email(self, sociallogin: Any) -> tuple[User, str] | None:
        """The person whose address both sides have verified.

        An address that somebody has merely entered proves nothing: it might be another's.
        """
        for address in sociallogin.email_addresses:
            if address.verified:
                known = EmailAddress.objects.filter(
                    email__iexact=address.email, verified=True, user__is_active=True
                ).select_related("user")
                if len(known) == 1:
                    return known[0].user, address.email
        return None

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Who was invited at a verified address, or comes from a domain whose people get a role."""
        del request
        address = _verified(sociallogin)
        # Whoever is here under an address that was never verified connects the two while signed in.
        if not address or User.objects.filter(email__iexact=address).exists():
            return False
        # The first person is the administrator whom the setup page makes.
        if not User.objects.exists():
            return False
        if open_for(address, timezone.now()) is not None:
            return True
        domain = address.rpartition("@")[2].lower()
        is_expected = not settings.OIDC_DOMAINS or domain in settings.OIDC_DOMAINS
        return is_expected and Group.objects.filter(name=settings.OIDC_ROLE).exists()

    def is_auto_signup_allowed(self, request: HttpRequest, sociallogin: Any) -> bool:
        del request, sociallogin
        return True

    def save_user(self, request: HttpRequest, sociallogin: Any, form: Any = None) -> User:
        """Makes the person, with the role of the invitation or that of everybody who comes this way."""
        user: User = super().save_user(request, sociallogin, form)
        user.language = translation.get_language() or user.language
        user.save(update_fields=["language"])
        invitation = open_for(_verified(sociallogin), timezone.now())
        if invitation is not None:
            accept(invitation, user, timezone.now())
        else:
            user.groups.add(Group.objects.get(name=settings.OIDC_ROLE))
            audit.record(user, "person.create", user, after={"groups": [settings.OIDC_ROLE], "by": "OIDC"})
        return user


def _verified(sociallogin: Any) -> str:
    """The first address that the provider vouches for; empty: none."""
    return next((one.email for one in sociallogin.email_addresses if one.verified), "")
