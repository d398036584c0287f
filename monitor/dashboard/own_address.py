"""Proving a new e-mail address of one's own: the mail that asks, and the page behind its link."""

from smtplib import SMTPException
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from monitor.models import User
from monitor.people import addresses
from monitor.people.limits import is_too_often, wait_a_while


def ask(request: HttpRequest, user: User, email: str) -> None:
    """Sends the mail, and tells the person what to do next."""
    if is_too_often(user, addresses.ASKED, timezone.now()):
        messages.warning(request, wait_a_while())
        return
    try:
        addresses.ask(user, email)
    except (OSError, SMTPException) as error:
        text = _(
            "The mail server did not take the mail to %(email)s (%(error)s), so your address stays as it is. "
            "Try again later, or ask an administrator to enter the new one."
        )
        messages.warning(request, text % {"email": email, "error": str(error)[:200]})
    else:
        text = _("We have written to %(email)s. Open the link in that mail, and it becomes your address.")
        messages.info(request, text % {"email": email})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """The page behind the link; only a press of its button changes something, for programs follow links."""
    token = request.POST.get("token") or request.GET.get("token", "")
    wish = addresses.of_token(token, cast(User, request.user))
    if wish is None:
        return render(request, "registration/address.html", status=404)
    if request.method == "POST" and addresses.take(wish, request):
        messages.success(request, _("%(email)s is your address now.") % {"email": wish.email})
        return redirect("settings")
    return render(request, "registration/address.html", {"wish": wish, "token": token})
