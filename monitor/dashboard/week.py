"""The report of the last week for whoever looks at it, about the stores they may see."""

from typing import cast

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from monitor.access_control import VIEW, requires
from monitor.alerts.weekly.mail import write_week
from monitor.alerts.weekly.report import Fleet, facts_of, span_of
from monitor.alerts.weekly.telling import last_week
from monitor.models import Subscription, User
from monitor.scope import scope_of


@csp_update({"style-src": [UNSAFE_INLINE]})
@require_safe
@requires(VIEW)
def week(request: HttpRequest) -> HttpResponse:
    """As it is mailed on Mondays, styles and all; nobody has to be subscribed to anything."""
    now, zone = timezone.now(), timezone.get_current_timezone()
    asker = Subscription(user=cast(User, request.user))
    asker.scope_tags = scope_of(request.user).tags
    facts = facts_of(asker, Fleet(span_of(last_week(zone, now), zone), now))
    if facts is None:
        messages.info(request, _("Nothing that you may see was watched last week."))
        return redirect("overview")
    report = write_week(facts, recipient="", language=get_language() or "en", time_zone=zone.key)
    return HttpResponse(report.html)
