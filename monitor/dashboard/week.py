"""The newest report of a week for whoever looks, as it was written for a mail: nothing is worked out here."""

from typing import cast

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from monitor.access_control import VIEW, requires
from monitor.alerts.facts import Step
from monitor.alerts.weekly.facts import WeekFacts
from monitor.alerts.weekly.mail import write_week
from monitor.models import Channel, Notice, Subscription, User
from monitor.scope import scope_of


@csp_update({"style-src": [UNSAFE_INLINE]})
@require_safe
@requires(VIEW)
def week(request: HttpRequest) -> HttpResponse:
    """As it was mailed on Monday, styles and all; who has none to see is led to where reports are chosen."""
    told = _told(cast(User, request.user))
    if told is None:
        text = _(
            "A report is written every Monday for each address listed here. Open yours to see it, or add it."
        )
        messages.info(request, text)
        return redirect("notices")
    facts = WeekFacts.model_validate(told.context)
    report = write_week(facts, recipient="", language=get_language() or "en", time_zone=told.time_zone)
    return HttpResponse(report.html)


def _told(user: User) -> Notice | None:
    """The newest that somebody may read: their own, or one about all stores that went to a shared address.

    Who sees some stores only has none: their address may have been told before for somebody who sees more.
    """
    if not scope_of(user).is_everything:
        return None
    about_all = Q(user=None, tags=[], platforms=[], stores=None, include_warnings=True)
    addresses = Subscription.objects.filter(Q(user=user) | about_all, channel=Channel.MAIL).values("email")
    reports = Notice.objects.filter(step=Step.WEEKLY, recipient__in=addresses)
    return reports.order_by("-created_at", "-pk").first()
