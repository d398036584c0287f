"""People: who is here with which role, and changing that. Inviting is in ``inviting``."""

from dataclasses import dataclass
from typing import Any, cast

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from monitor import audit
from monitor.access_control import ADMIN, PEOPLE, VIEWER, requires
from monitor.dashboard.people_forms import InviteForm, PersonRoleForm, role_word
from monitor.models import User
from monitor.people.factors import FACTORS
from monitor.people.invitations import give_role, pending


@dataclass(frozen=True, slots=True)
class Person:
    """A row of the list."""

    user: User
    roles: list[str]
    tags: list[str]
    """Empty: for all stores."""
    has_factor: bool
    lacks_factor: bool
    """The settings ask for one."""


@require_safe
@requires(PEOPLE)
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, those who may sign in first, and who is invited."""
    return render_people(request, InviteForm(initial={"role": _viewer_pk(), "language": _language(request)}))


def render_people(request: HttpRequest, form: InviteForm) -> HttpResponse:
    """The page with an invitation that is being written."""
    now = timezone.now()
    context = {
        "now": now,
        "people": [person_of(user) for user in _everybody()],
        "invited": pending(now).select_related("group", "invited_by").order_by("-created_at"),
        "form": form,
        "requires_factor": settings.REQUIRE_MFA,
    }
    return render(request, "people/list.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(PEOPLE)
def person_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One person: their role and where it holds, whether they may sign in."""
    user = get_object_or_404(_everybody(), pk=pk)
    row = person_of(user)
    may_change = _may_change(request, user)
    form = PersonRoleForm(request.POST or None, initial=_held(user)) if may_change else None
    if request.method == "POST" and form is None:
        raise PermissionDenied
    if form is not None and form.is_valid():
        _store(user, form.cleaned_data, cast(User, request.user))
        messages.success(request, _("%(name)s is changed.") % {"name": user})
        return redirect("people")
    context = {"now": timezone.now(), "person": row, "form": form, "is_self": user == request.user}
    return render(request, "people/person.html", context, status=422 if form and form.errors else 200)


@require_POST
@requires(PEOPLE)
@transaction.atomic
def sign_out_everywhere(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends all sessions of a person, and with ``factors`` removes the second factors: a lost device."""
    user = get_object_or_404(User, pk=pk)
    if not _may_change(request, user):
        raise PermissionDenied
    sessions = UserSession.objects.filter(user=user)
    count = len(sessions)
    for session in sessions:
        session.end()
    removed = 0
    if request.POST.get("factors"):
        removed = Authenticator.objects.filter(user=user).delete()[0]
    after = {"sessions": count, "second_factors_removed": removed}
    audit.record(cast(User, request.user), "person.sign_out", user, after=after)
    messages.success(request, _("%(name)s is signed out everywhere.") % {"name": user})
    return redirect("person", pk=pk)


def person_of(user: User) -> Person:
    """A row from a person with everything loaded by the list's query."""
    names = [group.name for group in user.groups.all()]
    limited = list(user.roles.all())
    has_factor = bool(getattr(user, "has_factor", False))
    is_admin = user.is_superuser or ADMIN in names
    asked = settings.REQUIRE_MFA == "everyone" or (settings.REQUIRE_MFA == "admins" and is_admin)
    words = [role_word(name) for name in (*names, *(role.group.name for role in limited))]
    return Person(
        user=user,
        roles=words or ([_("Superuser")] if user.is_superuser else []),
        tags=sorted({tag for role in limited for tag in role.tags}) if not names else [],
        has_factor=has_factor,
        lacks_factor=asked and not has_factor,
    )


def _everybody() -> QuerySet[User]:
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    rows = User.objects.annotate(has_factor=Exists(factors)).prefetch_related("groups", "roles__group")
    return rows.order_by("-is_active", Lower("username"))


def _may_change(request: HttpRequest, user: User) -> bool:
    """Nobody locks themselves out, and only a superuser touches superusers."""
    return user != request.user and (not user.is_superuser or request.user.is_superuser)


def _held(user: User) -> dict[str, Any]:
    role = user.roles.first()
    group = user.groups.first() or (role.group if role else None)
    tags = role.tags if role and not user.groups.exists() else []
    return {
        "role": group.pk if group else None,
        "where": "tags" if tags else "all",
        "tags": tags,
        "is_active": user.is_active,
    }


@transaction.atomic
def _store(user: User, entered: dict[str, Any], by: User) -> None:
    before = _standing(user)
    give_role(user, entered["role"], entered["tags"])
    if user.is_active != entered["is_active"]:
        user.is_active = entered["is_active"]
        user.save(update_fields=["is_active"])
    audit.record_change(by, "person.role", user, before, _standing(user))


def _standing(user: User) -> dict[str, Any]:
    roles = {role.group.name: role.tags for role in user.roles.select_related("group")}
    groups = sorted(user.groups.values_list("name", flat=True))
    return {"groups": groups, "roles": roles, "is_active": user.is_active}


def _viewer_pk() -> int | None:
    return Group.objects.filter(name=VIEWER).values_list("pk", flat=True).first()


def _language(request: HttpRequest) -> str:
    return cast(User, request.user).language
