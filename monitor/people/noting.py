"""Changes of second factors and ties to a provider, noted in the audit wherever they come from."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from allauth.socialaccount.signals import social_account_added, social_account_removed
from django.dispatch import receiver

from monitor import audit
from monitor.models import User


@receiver(authenticator_added, dispatch_uid="monitor.people.factor_added")
def _factor_added(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    audit.record(user, "person.factor_add", user, after={"kind": authenticator.type})


@receiver(authenticator_removed, dispatch_uid="monitor.people.factor_removed")
def _factor_removed(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    audit.record(user, "person.factor_remove", user, before={"kind": authenticator.type})


@receiver(authenticator_reset, dispatch_uid="monitor.people.factor_reset")
def _factor_reset(user: User, authenticator: Authenticator, **_kwargs: Any) -> None:
    audit.record(user, "person.factor_renew", user, after={"kind": authenticator.type})


@receiver(social_account_added, dispatch_uid="monitor.people.provider_added")
def _provider_added(sociallogin: Any, **_kwargs: Any) -> None:
    audit.record(sociallogin.user, "person.provider_add", sociallogin.user)


@receiver(social_account_removed, dispatch_uid="monitor.people.provider_removed")
def _provider_removed(socialaccount: Any, **_kwargs: Any) -> None:
    audit.record(socialaccount.user, "person.provider_remove", socialaccount.user)
