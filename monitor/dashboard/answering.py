"""Answering an incident: from its page, and from the link in a mail."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from monitor.access_control import ACKNOWLEDGE, requires
from monitor.alerts.answering import TEXT_AT_MOST, Person, acknowledge, comment, snooze
from monitor.alerts.channels import is_hook, subscription_of
from monitor.alerts.links import notice_of
from monitor.alerts.standing import standing
from monitor.dashboard.middleware import zone_of
from monitor.models import Incident, User
from monitor.scope import scope_of

SNOOZES = {
    "1h": (timedelta(hours=1), gettext_lazy("1 hour")),
    "4h": (timedelta(hours=4), gettext_lazy("4 hours")),
    "1d": (timedelta(days=1), gettext_lazy("until tomorrow at this time")),
    "3d": (timedelta(days=3), gettext_lazy("3 days")),
    "7d": (timedelta(days=7), gettext_lazy("a week")),
}
"""For how long an incident can be put off."""

Answer = Callable[[HttpRequest, int, Person, datetime], None]


def _text(request: HttpRequest) -> str:
    return request.POST.get("text", "").replace("\0", "").strip()[:TEXT_AT_MOST]


def _acknowledge(request: HttpRequest, pk: int, who: Person, now: datetime) -> None:
    if acknowledge(pk, who, now, _text(request)):
        messages.success(request, _("It is in your hands until it recovers; nobody is reminded of it."))
    else:
        messages.info(request, _("It was acknowledged or over already."))


def _snooze(request: HttpRequest, pk: int, who: Person, now: datetime) -> None:
    length, _label = SNOOZES.get(request.POST.get("for", ""), SNOOZES["1h"])
    if not _text(request):
        messages.warning(request, _("Say why it can wait, so that others know."))
    elif snooze(pk, who, now, until=now + length, text=_text(request)):
        messages.success(request, _("It can wait until then. If it still lasts, everybody is told again."))
    else:
        messages.info(request, _("It was acknowledged or over already."))


def _comment(request: HttpRequest, pk: int, who: Person, now: datetime) -> None:
    if not comment(pk, who, now, _text(request)):
        messages.warning(request, _("Write something first."))


ANSWERS: dict[str, Answer] = {"acknowledge": _acknowledge, "snooze": _snooze, "comment": _comment}


@require_POST
@requires(ACKNOWLEDGE)
def answer(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Acknowledges, snoozes or comments an incident as the person who is signed in."""
    get_object_or_404(scope_of(request.user, ACKNOWLEDGE).limit_whole(Incident.objects.all()), pk=pk)
    ANSWERS[what](request, pk, Person(cast(User, request.user)), timezone.now())
    back = _back(request)
    return redirect(back) if back else redirect("incident", pk)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer_by_mail(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in a mail: what the incident is about, and buttons.

    The link is its recipient's own right to answer this incident, for a while; opening it changes nothing.
    Whoever is signed in and may acknowledge answers as themselves.
    """
    notice = notice_of(token)
    if notice is None or notice.incident is None:
        return render(request, "dashboard/answer_gone.html", status=404)
    now = timezone.now()
    language = request.user.language if request.user.is_authenticated else notice.language
    zone = zone_of(request.user.time_zone if request.user.is_authenticated else "", notice.time_zone)
    with override(language), timezone.override(zone):
        if request.method == "POST":
            what = ANSWERS.get(request.POST.get("what", ""))
            if what is None:
                raise Http404
            what(request, notice.incident.pk, _answerer(request, notice.recipient), now)
            return redirect("incident-answer", token)
        (about,) = standing([notice.incident], now)
        context = {
            "now": now,
            "about": about,
            "incident": notice.incident,
            "snoozes": [(key, label) for key, (_length, label) in SNOOZES.items()],
            "remarks": notice.incident.remarks.select_related("user").order_by("at"),
        }
        return render(request, "dashboard/answer.html", context)


def _answerer(request: HttpRequest, recipient: str) -> Person:
    if request.user.is_authenticated and request.user.has_perm(ACKNOWLEDGE):
        return Person(request.user)
    if is_hook(recipient):
        return Person(None, str(subscription_of(recipient) or recipient))
    # An address that belongs to one person speaks for that person.
    known = list(User.objects.filter(email__iexact=recipient, is_active=True)[:2])
    return Person(known[0] if len(known) == 1 else None, recipient)


def _back(request: HttpRequest) -> str:
    """The page of this site on which the button was pressed."""
    referer = request.headers.get("Referer", "")
    own = url_has_allowed_host_and_scheme(referer, {request.get_host()}, require_https=request.is_secure())
    return referer if own else ""
