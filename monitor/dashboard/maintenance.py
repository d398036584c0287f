"""Maintenance windows: which run and which come, planning one, and ending it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from integrations.models import Account, Store
from monitor import audit
from monitor.access_control import VIEW, requires
from monitor.alerts.maintenance import HUSHED
from monitor.alerts.windows import LONGEST, BadRule, Span, clean_rule, following, running
from monitor.dashboard.middleware import ZONES
from monitor.dashboard.zones import offer_zones, search_choices
from monitor.models import Incident, Maintenance, User
from monitor.nudge import nudge
from monitor.scope import Scope, scope_of

PLAN = "monitor.plan_maintenance"
FOLLOW_UP = "monitor.alerts.tasks.follow_up"
PAST = timedelta(days=30)
REPEATS = {
    "": gettext_lazy("Once"),
    "FREQ=DAILY": gettext_lazy("Every day"),
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": gettext_lazy("Monday to Friday"),
    "FREQ=WEEKLY": gettext_lazy("Every week"),
    "FREQ=MONTHLY": gettext_lazy("Every month"),
    "own": gettext_lazy("By a rule of my own"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A window as the page lists it."""

    window: Maintenance
    running: Span | None
    following: Span | None
    hushed: int
    """Incidents about which nobody was told yet because of it."""

    @property
    def is_cancelled(self) -> bool:
        """Whether it was called off before it began."""
        window = self.window
        return window.closed_at is not None and window.closed_at <= window.starts_at

    @property
    def repeats(self) -> str:
        rule = self.window.recurrence
        return str(REPEATS.get(rule, rule))


class MaintenanceForm(forms.Form):
    """A new window. Times are in the chosen zone."""

    title = forms.CharField(label=gettext_lazy("What is done"), max_length=120)
    scope = forms.ChoiceField(label=gettext_lazy("What it covers"))
    starts_at = forms.DateTimeField(
        label=gettext_lazy("From"),
        required=False,
        help_text=gettext_lazy("Empty: from now on."),
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )
    ends_at = forms.DateTimeField(
        label=gettext_lazy("Until"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )
    time_zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    repeats = forms.ChoiceField(label=gettext_lazy("Repeats"), required=False, choices=list(REPEATS.items()))
    rule = forms.CharField(
        label=gettext_lazy("Rule"),
        required=False,
        max_length=300,
        help_text=gettext_lazy(
            "As in calendars (RFC 5545): FREQ=MONTHLY;BYDAY=2SU is every second Sunday of a month."
        ),
    )

    def __init__(self, *args: Any, now: datetime, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.now = now
        covers = cast(forms.ChoiceField, self.fields["scope"])
        covers.choices = scopes(scope)
        search_choices(covers, _("Find a store, a tag or an account"))
        offer_zones(self.fields["time_zone"], now, timezone.get_current_timezone_name())

    def full_clean(self) -> None:
        """Times without a zone are read in the zone that the form names."""
        name = str(self.data.get(self.add_prefix("time_zone"), "")) if self.is_bound else ""
        with timezone.override(ZoneInfo(name) if name in ZONES else timezone.get_current_timezone()):
            super().full_clean()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        start, end = cleaned.get("starts_at") or self.now, cleaned.get("ends_at")
        cleaned["starts_at"] = start
        if end is not None and end <= max(start, self.now if not cleaned.get("repeats") else start):
            self.add_error("ends_at", _("It ends before it begins. Choose a later end."))
        elif end is not None and end - start > LONGEST:
            self.add_error("ends_at", _("A month is the longest. To stop watching, pause the integration."))
        rule = cleaned.get("repeats", "")
        text = cleaned.get("rule", "") if rule == "own" else rule
        try:
            cleaned["recurrence"] = clean_rule(text, start, ZoneInfo(cleaned.get("time_zone", "UTC")))
        except BadRule as error:
            self.add_error("rule" if rule == "own" else "repeats", ValidationError(str(error)))
        return cleaned

    def window(self, user: User) -> Maintenance:
        """The window, unsaved. Call it when the form is valid."""
        what, _sep, key = self.cleaned_data["scope"].partition(":")
        return Maintenance(
            title=self.cleaned_data["title"],
            store_id=int(key) if what == "store" else None,
            account_id=int(key) if what == "account" else None,
            tag=key if what == "tag" else "",
            starts_at=self.cleaned_data["starts_at"],
            ends_at=self.cleaned_data["ends_at"],
            recurrence=self.cleaned_data["recurrence"],
            time_zone=self.cleaned_data["time_zone"],
            created_at=self.now,
            created_by=user,
        )


def scopes(scope: Scope) -> list[Any]:
    """What a person can have a window cover: everything, a tag, an account, a store."""
    stores = list(
        scope.limit(Store.objects.all()).order_by("title", "name").only("pk", "title", "name", "tags")
    )
    tags = sorted({tag for store in stores for tag in store.tags if scope.allows_tags([tag])})
    accounts = scope.limit_whole(Account.objects.all()).order_by("title", "name").only("pk", "title", "name")
    everything = [("all:", _("Everything"))] if scope.is_everything else []
    return [
        *everything,
        (_("Stores with a tag"), [(f"tag:{tag}", tag) for tag in tags]),
        (_("Hub accounts"), [(f"account:{one.pk}", str(one)) for one in accounts]),
        (_("Stores"), [(f"store:{one.pk}", str(one)) for one in stores]),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@requires(VIEW)
def maintenance(request: HttpRequest) -> HttpResponse:
    """The windows, and for those who may plan one, the form."""
    now, user = timezone.now(), cast(User, request.user)
    may_plan = user.has_perm(PLAN)
    initial = {"time_zone": timezone.get_current_timezone_name(), "ends_at": now + timedelta(hours=1)}
    initial["scope"] = request.GET.get("scope", "all:")
    form = None
    if may_plan:
        form = MaintenanceForm(request.POST or None, initial=initial, now=now, scope=scope_of(user, PLAN))
    if request.method == "POST" and form is None:
        return redirect("maintenance")
    if form is not None and form.is_valid():
        window = form.window(user)
        with transaction.atomic():
            window.save()
            audit.record(user, "maintenance.plan", window, after=audit.snapshot(window))
        messages.success(request, _("Planned. Meanwhile everything is watched, and nobody is told."))
        return redirect("maintenance")
    rows = [_row(window, now) for window in _shown(now, scope_of(user))]
    context = {
        "now": now,
        "form": form,
        "running": [row for row in rows if row.running],
        "coming": [row for row in rows if row.following and not row.running],
        "past": [row for row in rows if not row.running and not row.following],
    }
    is_wrong = form is not None and bool(form.errors)
    return render(request, "dashboard/maintenance.html", context, status=422 if is_wrong else 200)


@require_POST
@requires(PLAN)
@transaction.atomic
def end(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends the occurrence that runs, or with ``all`` the window for good: before it begins, cancels it."""
    mine = scope_of(request.user, PLAN).limit_whole(Maintenance.objects.all())
    window, now = get_object_or_404(mine, pk=pk), timezone.now()
    before, for_good = audit.snapshot(window), bool(request.POST.get("all"))
    if for_good:
        window.closed_at = min(now, window.closed_at or now)
    elif running(window, now) is not None:
        window.cut_at = now
    window.save(update_fields=["closed_at", "cut_at"])
    audit.record_change(cast(User, request.user), "maintenance.end", window, before, audit.snapshot(window))
    transaction.on_commit(nudge(FOLLOW_UP), robust=True)
    messages.success(
        request,
        _("Cancelled: it will not take place.")
        if for_good and window.starts_at > now
        else _("Ended. What is still bad is told in a moment."),
    )
    return redirect("maintenance")


def _shown(now: datetime, scope: Scope) -> list[Maintenance]:
    """What runs, comes, or ended lately; in the order in which they were planned."""
    rows = scope.limit(Maintenance.objects.all()).select_related("store", "account", "created_by")
    lasting = rows.filter(
        Q(closed_at=None) | Q(closed_at__gt=now - PAST), ~Q(recurrence="") | Q(ends_at__gt=now - PAST)
    )
    return list(lasting.defer("store__credentials", "account__credentials").order_by("starts_at", "pk")[:200])


def _row(window: Maintenance, now: datetime) -> Row:
    span = running(window, now)
    count = Incident.objects.filter(HUSHED, hushed_by=window).count() if span else 0
    return Row(window, span, following(window, now), count)
