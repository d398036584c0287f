"""How Syncwatch itself is: the page for people, and the figures for Prometheus."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from integrations.contracts import CheckState
from integrations.models import Account
from monitor.dashboard.pages import page, template_part
from monitor.health.states import State
from monitor.scope import scope_of
from monitor.watch.checks import ACCOUNT, Check, database_here, examine
from monitor.watch.metrics import exposition
from monitor.watch.snapshot import take
from monitor.watch.words import sentence, title

_FORWARDED: Final = ("HTTP_X_FORWARDED_FOR", "HTTP_X_REAL_IP", "HTTP_FORWARDED", "HTTP_VIA")
_WORST_FIRST: Final = (State.FAIL, State.WARN, State.OK)


@dataclass(frozen=True, slots=True)
class Line:
    """A check in the reader's language."""

    check: Check
    now: datetime

    @property
    def title(self) -> str:
        return title(self.check.name)

    @property
    def text(self) -> str:
        return self._said(self.check.text)

    @property
    def remedy(self) -> str:
        return self._said(self.check.remedy)

    @property
    def because(self) -> str:
        """What the check is explained by."""
        return title(self.check.because) if self.check.because else ""

    @property
    def answer(self) -> str:
        return CheckState(self.check.state.value)

    @property
    def account(self) -> str:
        """The account it is about; empty: about Syncwatch."""
        return self.check.name.removeprefix(ACCOUNT) if self.check.name.startswith(ACCOUNT) else ""

    def _said(self, template: str) -> str:
        return sentence(template, self.check.values, now=self.now, tz=timezone.get_current_timezone())


@page
def status(request: HttpRequest) -> HttpResponse:
    """Every part, its last sign of life, what is late, and what to do."""
    now = timezone.now()
    seen = take(now)
    lines = [Line(check, now) for check in (database_here(), *examine(seen))]
    scope = scope_of(request.user)
    if not scope.is_everything:
        accounts = set(scope.limit(Account.objects.all()).values_list("name", flat=True))
        lines = [line for line in lines if not line.account or line.account in accounts]
    bad = [line for line in lines if line.check.state.is_bad]
    bad.sort(key=lambda line: (bool(line.because), _WORST_FIRST.index(line.check.state)))
    context = {
        "now": now,
        "bad": bad,
        "good": [line for line in lines if not line.check.state.is_bad],
        "has_failed": any(line.check.state is State.FAIL for line in bad),
        "told": seen.told,
        "pings": bool(settings.SYNCWATCH_PING_URL),
    }
    return render(request, template_part(request, "status", ("live",)), context)


@login_not_required
@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for whoever has the token; without one, for this machine only."""
    if not may_scrape(request):
        if settings.SYNCWATCH_METRICS_TOKEN:
            words = "Send the token of SYNCWATCH_METRICS_TOKEN: Authorization: Bearer ...\n"
            headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            return HttpResponse(words, status=401, content_type="text/plain", headers=headers)
        words = "Set SYNCWATCH_METRICS_TOKEN: without it only this machine is answered.\n"
        return HttpResponse(words, status=403, content_type="text/plain")
    each = request.GET.get("integrations") == "1"
    return HttpResponse(exposition(timezone.now(), each=each), content_type=CONTENT_TYPE_LATEST)


def may_scrape(request: HttpRequest) -> bool:
    """Whether the request carries the token, or comes from this machine and through no proxy."""
    expected = settings.SYNCWATCH_METRICS_TOKEN
    if expected:
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), expected.encode())
    if settings.BEHIND_PROXY or any(request.META.get(header) for header in _FORWARDED):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
