"""Who signs in by the organisation's provider alone.

Whoever leaves the organisation is shut out there, and everybody expects that to shut them out here. So who
came by the provider gets no second way in of their own, unless the settings allow it.
"""

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.utils.translation import gettext as _

from monitor.models import User


def comes_by_provider(user: User) -> bool:
    """Whether somebody has no password here, and may choose none."""
    if settings.OIDC_PASSWORDS or not settings.OIDC_ISSUER or user.has_usable_password():
        return False
    return bool(SocialAccount.objects.filter(user=user).exists())


def only_by_provider() -> str:
    """What such a person is told."""
    text = _("You sign in by %(provider)s. Passwords of your own and passkeys alone are switched off here.")
    return text % {"provider": settings.OIDC_NAME}
