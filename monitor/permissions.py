"""A person's permissions, and for which stores each holds, in one query; Django's own backend takes two."""

from typing import Any, Final

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission
from django.contrib.postgres.fields import ArrayField
from django.db.models import CharField, Q, Value

from monitor.models import Role

DIVISIBLE: Final = frozenset(
    {
        "monitor.view_verdict",
        "monitor.force_refresh",
        "monitor.acknowledge_incident",
        "monitor.plan_maintenance",
    }
)
"""Rights that can hold for some stores only. What no tag divides (people, hub accounts, the audit, rows
in the administration) needs a right for all stores."""
_TAGS: Final = ArrayField(CharField(max_length=40))

Grants = dict[str, frozenset[str] | None]
"""For each permission the tags of the stores for which it holds; None: for all."""


def grants_of(user: Any) -> Grants:
    """What an active person may do and where; remembered on the person for as long as the request lasts."""
    known: Grants | None = getattr(user, "_grants", None)
    if known is None:
        user._grants = known = _read(user)
    return known


def _read(user: Any) -> Grants:
    everywhere = Permission.objects.all()
    if not user.is_superuser:
        everywhere = everywhere.filter(Q(user=user) | Q(group__user=user))
    rows = everywhere.order_by().values_list(
        "content_type__app_label", "codename", Value(None, output_field=_TAGS)
    )
    if not user.is_superuser:
        somewhere = Role.objects.filter(user=user).order_by()
        rows = rows.union(
            somewhere.values_list(
                "group__permissions__content_type__app_label", "group__permissions__codename", "tags"
            ),
            all=True,
        )
    grants: Grants = {}
    for app, name, tags in rows:
        permission = f"{app}.{name}"
        if tags is None:
            grants[permission] = None
        elif permission in DIVISIBLE:
            held = grants.get(permission, frozenset())
            grants[permission] = None if held is None else held | frozenset(tags)
    return grants


class PermissionsBackend(AuthenticationBackend):  # type: ignore[misc]  # allauth has no types
    """Signs in by name or e-mail address, and grants as Django's own and by roles for some stores."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """What somebody may do somewhere; :mod:`monitor.scope` says where."""
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        known: set[str] | None = getattr(user_obj, "_perm_cache", None)
        if known is None:
            # The attribute under which Django's own backends look first.
            user_obj._perm_cache = known = set(grants_of(user_obj))
        return known
