"""The history of an integration as a file."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone

from integrations.models import Integration
from monitor.dashboard.exports import csv_of
from monitor.dashboard.pages import page
from monitor.history.availability import Figures, days
from monitor.history.figures import Kind
from monitor.history.pieces import DAY
from monitor.scope import scope_of

COLUMNS = (
    "day_utc", *(f"{kind}_s" for kind in Kind), "availability", "unknown_share", "orders", "on_time",
    "on_time_share",
)  # fmt: skip


@page
def history_csv(request: HttpRequest, name: str) -> HttpResponse:
    """Every day (UTC) that is known of an integration, oldest first; shares from 0 to 1."""
    integration = get_object_or_404(scope_of(request.user).limit(Integration.objects.all()), name=name)
    now = timezone.now()
    since = integration.created_at.date()
    found = days([integration.pk], since, now.date() + DAY, now=now)[integration.pk]
    return csv_of(f"history-{name}", COLUMNS, _rows(found))


def _rows(found: dict[date, Figures]) -> Iterator[list[Any]]:
    for day, one in sorted(found.items()):
        yield [
            day.isoformat(), *(getattr(one, f"{kind}_s") for kind in Kind), _share(one.availability),
            _share(one.unknown_share), one.orders, one.on_time, _share(one.on_time_share),
        ]  # fmt: skip


def _share(share: float | None) -> float | None:
    return None if share is None else round(share, 6)
