"""Who has a second factor, and who must."""

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from monitor.access_control import PEOPLE
from monitor.models import User

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def needs_factor(user: User | AnonymousUser) -> bool:
    """Whether the settings ask a second factor of somebody."""
    if settings.REQUIRE_MFA == "everyone":
        return True
    return settings.REQUIRE_MFA == "admins" and user.has_perm(PEOPLE)


def has_factor(user: User) -> bool:
    return bool(Authenticator.objects.filter(user=user, type__in=FACTORS).exists())
