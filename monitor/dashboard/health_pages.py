"""Whether Syncwatch itself is well, for load balancers and outside monitors. Public, without secrets."""

from datetime import datetime
from typing import Any, Final

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import KombuError

from integrations.models import Integration
from monitor.celery import app
from monitor.models import Heartbeat
from monitor.watch.parts import allowed_ages

BROKER_TIMEOUT_S: Final = 3


@login_not_required
@require_safe
@never_cache
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers. Asks nobody else."""
    return JsonResponse({"status": "ok"})


@login_not_required
@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Where browsers look for a picture of what is no page of ours, such as a report or a file."""
    return redirect(static("monitor/icon.svg"))


@login_not_required
@require_safe
@never_cache
def readyz(_request: HttpRequest) -> HttpResponse:
    """200 when everything Syncwatch needs to do its work is there, else 503 with the reasons."""
    report, problems = readiness(timezone.now())
    return JsonResponse(
        {"status": "unavailable" if problems else "ok", "problems": problems, **report},
        status=503 if problems else 200,
    )


def readiness(now: datetime) -> tuple[dict[str, Any], list[str]]:
    """What is known of database, broker and heartbeats (ages in seconds), and what is wrong."""
    try:
        beats = dict(Heartbeat.objects.values_list("part", "at"))
        has_work = Integration.objects.filter(
            is_paused=False, account__is_active=True, store__is_active=True
        ).exists()
    except DatabaseError:
        connection.close()
        return {"database": "no answer", "broker": "not asked", "ages_s": {}}, [
            "The database does not answer."
        ]
    problems: list[str] = []
    broker = "ok" if _broker_answers() else "no answer"
    if broker != "ok":
        problems.append("The message broker does not answer.")
    ages: dict[str, int | None] = {}
    for part, allowed in allowed_ages().items():
        at = beats.get(part)
        ages[part] = None if at is None else round((now - at).total_seconds())
        if part == "judge" and not has_work:
            continue
        if at is None:
            problems.append(f"The last {part} is unknown: it never ran.")
        elif now - at > allowed:
            limit = f"at most {allowed.total_seconds():.0f} s are allowed"
            problems.append(f"The last {part} was {ages[part]} s ago; {limit}.")
    return {"database": "ok", "broker": broker, "ages_s": ages}, problems


def _broker_answers() -> bool:
    with app.connection_for_write(connect_timeout=BROKER_TIMEOUT_S) as link:
        lost: tuple[type[BaseException], ...] = (KombuError, OSError, *link.connection_errors)
        try:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_TIMEOUT_S)
        except lost:
            return False
    return True
