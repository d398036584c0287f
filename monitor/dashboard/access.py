"""Having a store examined now, and the stores that suffer from the same thing."""

from datetime import datetime, timedelta
from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from integrations.models import Integration
from monitor import audit
from monitor.access_control import FORCE_REFRESH, requires
from monitor.dashboard.pages import page, template_part
from monitor.dashboard.queries.blocked import Blocked
from monitor.models import Job, User
from monitor.models.work import JobKind
from monitor.nudge import nudge
from monitor.scope import scope_of

COLLECT = "monitor.collect.tasks.tick"
REST = timedelta(seconds=10)
"""Between the beginnings of two examinations, however often somebody presses."""


@require_POST
@requires(FORCE_REFRESH)
@transaction.atomic
def examine_now(request: HttpRequest, name: str) -> HttpResponse:
    """Brings the next examination of the store forward, and shows it on the integration's page."""
    mine = scope_of(request.user, FORCE_REFRESH).limit(Integration.objects.select_related("store"))
    integration = get_object_or_404(mine, name=name)
    now = timezone.now()
    jobs = Job.objects.filter(kind=JobKind.STORE_EXAMINATION, target_id=integration.store_id)
    job = jobs.select_for_update().first()
    if job is None:
        sentence = _("%(store)s is not watched now, so it is not examined. Resume it first.")
        messages.warning(request, sentence % {"store": integration.store})
    else:
        due_at = max(now, job.last_started_at + REST) if job.last_started_at else now
        # One that is at work is done once more when it ends: the store may have been changed meanwhile.
        is_asked = job.due_at <= due_at and not _began_before(job, job.due_at, now)
        if not is_asked:
            jobs.update(due_at=due_at)
            audit.record(cast(User, request.user), "store.examine", integration.store)
            transaction.on_commit(nudge(COLLECT), robust=True)
    return redirect(reverse("integration", args=[name]) + "#access")


def _began_before(job: Job, asked_at: datetime, now: datetime) -> bool:
    """Whether it is at work now, and was already when it was asked for."""
    is_at_work = job.lease_until is not None and job.lease_until > now
    return is_at_work and job.last_started_at is not None and job.last_started_at >= asked_at


@page
def blocked(request: HttpRequest) -> HttpResponse:
    """Which stores do not let their hubs pass, those together that suffer from the same thing."""
    context = {
        "now": timezone.now(),
        "blocked": Blocked(scope_of(request.user), only=request.GET.get("alike", "")),
    }
    return render(request, template_part(request, "blocked", ("rows",)), context)
