"""Who may do what: three groups with real permissions, and the check that views carry.

The groups are set to exactly these permissions after every migrate; for other needs make another
group in the admin. A superuser may do everything.
"""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.management import create_permissions
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

VIEWER: Final = "viewer"
OPERATOR: Final = "operator"
ADMIN: Final = "admin"

FORCE_REFRESH: Final = "monitor.force_refresh"
ACKNOWLEDGE: Final = "monitor.acknowledge_incident"
VIEW: Final = "monitor.view_verdict"
CONNECT: Final = "integrations.change_account"
PEOPLE: Final = "monitor.change_user"
VIEW_AUDIT: Final = "monitor.view_audit"
EXPORT_FLEET: Final = "monitor.export_fleet"

_WATCHED = ("monitor", "integrations")
_ABOUT_PEOPLE = ("view_audit", "view_user", "view_subscription", "view_notice")
"""What speaks of persons is for administrators."""
_OPERATES = ("force_refresh", "acknowledge_incident", "plan_maintenance", "share_savedview")

ViewFunction = Callable[..., HttpResponse]


def requires(permission: str) -> Callable[[ViewFunction], ViewFunction]:
    """A view that only people with the permission reach; others get the page that says who can help.

    Whoever is not signed in has been sent to the sign-in page before.
    """
    decorator: Any = permission_required(permission, raise_exception=True)
    return decorator  # type: ignore[no-any-return]  # the stubs know view functions of one shape only


def ensure_groups(apps: Apps) -> None:
    """Makes the three groups and sets their permissions. Changes nothing when called again."""
    # Permissions of apps that are handled later in the same migrate do not exist yet.
    for config in installed_apps.get_app_configs():
        create_permissions(config, verbosity=0, apps=apps)
    Group = apps.get_model("auth", "Group")
    Permission = apps.get_model("auth", "Permission")
    sees = Q(content_type__app_label__in=_WATCHED, codename__startswith="view_") & ~Q(
        codename__in=_ABOUT_PEOPLE
    )
    operates = Q(content_type__app_label="monitor", codename__in=_OPERATES)
    for name, which in ((VIEWER, sees), (OPERATOR, sees | operates), (ADMIN, Q())):
        group, _created = Group.objects.get_or_create(name=name)
        group.permissions.set(Permission.objects.filter(which))


def after_migrate(apps: Apps = installed_apps, **_kwargs: Any) -> None:
    """Receiver of ``post_migrate``. A half-migrated database has no groups to fill yet."""
    try:
        apps.get_model("auth", "Group")
    except LookupError:
        return
    ensure_groups(apps)


def client_address(request: HttpRequest) -> str:
    """The address a request came from, for the sign-in limit; empty: none is known.

    Behind a proxy that is the last address which a proxy has added and which is no proxy itself: a client
    can write only the ones before it, and anything at all where no proxy stands in between.
    """
    nearest = _address(str(request.META.get("REMOTE_ADDR", "")))
    forwarded = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    if not settings.SECURE_PROXY_SSL_HEADER or not forwarded or not _is_proxy(nearest):
        return nearest
    for text in reversed(forwarded.split(",")):
        found = _forwarded(text.strip())
        if not found:
            break
        nearest = found
        if not _is_named_proxy(found):
            break
    return nearest


def _is_proxy(address: str) -> bool:
    """Whether what the sender of a request says of another is believed. A socket in a file has no address."""
    if settings.SYNCWATCH_PROXIES:
        return _is_named_proxy(address)
    return not address or not ip_address(address).is_global


def _is_named_proxy(address: str) -> bool:
    return bool(address) and any(ip_address(address) in network for network in settings.SYNCWATCH_PROXIES)


def _forwarded(text: str) -> str:
    """The address in what a proxy wrote: some add the port, or words such as ``unknown``."""
    without_port = text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]
    return next(filter(None, map(_address, (text, without_port))), "")


def _address(text: str) -> str:
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    # One address has one spelling: limits count by it, and networks are named in it.
    return str(getattr(found, "ipv4_mapped", None) or found)
