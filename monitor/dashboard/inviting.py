"""Inviting somebody, taking an invitation back, and accepting one."""

from smtplib import SMTPException
from typing import cast

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from monitor import audit
from monitor.access_control import PEOPLE, requires
from monitor.dashboard.people import render_people
from monitor.dashboard.people_forms import InviteForm, JoinForm, role_word
from monitor.models import Invitation, Subscription, User
from monitor.people import invitations

BACKEND = "monitor.permissions.PermissionsBackend"


@require_POST
@requires(PEOPLE)
def invite(request: HttpRequest) -> HttpResponse:
    """Invites somebody. A mail server that refuses the mail is told at once, with what to do."""
    form = InviteForm(request.POST)
    if not form.is_valid():
        return render_people(request, form)
    entered, user = form.cleaned_data, cast(User, request.user)
    made = invitations.invite(
        entered["email"],
        entered["role"],
        entered["tags"],
        language=entered["language"],
        by=user,
        now=timezone.now(),
    )
    _send(request, made)
    return redirect("people")


@require_POST
@requires(PEOPLE)
def answer_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends the mail of an open invitation again (``again``), or takes the invitation back."""
    now = timezone.now()
    made = get_object_or_404(invitations.pending(now).select_related("invited_by"), pk=pk)
    if request.POST.get("again"):
        with transaction.atomic():
            made.expires_at = now + invitations.VALID
            made.save(update_fields=["expires_at"])
            audit.record(
                cast(User, request.user), "person.invite", made.email, after={"until": made.expires_at}
            )
        _send(request, made)
    else:
        with transaction.atomic():
            Invitation.objects.filter(pk=pk).update(withdrawn_at=now)
            audit.record(cast(User, request.user), "person.uninvite", made.email)
        messages.success(request, _("The link in the mail to %(email)s leads nowhere now.") % {"email": made})
    return redirect("people")


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest) -> HttpResponse:
    """The page behind the link: who invites, as what; a name and a password, and one is in."""
    now = timezone.now()
    token = request.POST.get("token") or request.GET.get("token", "")
    invitation = invitations.of_token(token, now)
    if invitation is None:
        return render(request, "account/invitation_gone.html", status=404)
    with translation.override(invitation.language):
        form = JoinForm(request.POST or None)
        if form.is_valid():
            user = _join(invitation, form)
            if user is None:
                return redirect("login")
            login(request, user, backend=BACKEND)
            record_authentication(request, user, "password", reauthenticated=True)
            if not Subscription.objects.filter(email__iexact=user.email).exists():
                told = _("Welcome. Nothing is mailed to you yet: choose under “Who is told” what shall be.")
                messages.info(request, told)
            return redirect("overview")
        by = invitation.invited_by
        context = {
            "invitation": invitation,
            "who": by.called if by else "",
            "role": role_word(invitation.group.name),
            "form": form,
            "token": token,
            "provider": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        }
        return render(request, "account/invited.html", context, status=422 if form.errors else 200)


@transaction.atomic
def _join(invitation: Invitation, form: JoinForm) -> User | None:
    """The new person; None when the same link was used a moment before."""
    user = form.save(commit=False)
    user.email, user.language = invitation.email, invitation.language
    user.save()
    if invitations.accept(invitation, user, timezone.now()):
        return user
    transaction.set_rollback(True)
    return None


def _send(request: HttpRequest, made: Invitation) -> None:
    try:
        invitations.send(made)
    except (OSError, SMTPException) as error:
        text = _(
            "%(email)s is invited, but the mail server did not take the mail (%(error)s). "
            "Send it again below, or hand over the link yourself: %(link)s"
        )
        values = {"email": made.email, "error": str(error)[:200], "link": invitations.link(made)}
        messages.warning(request, text % values)
    else:
        messages.success(request, _("%(email)s is invited.") % {"email": made.email})
