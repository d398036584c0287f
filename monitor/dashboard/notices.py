"""Who is told: the list of subscriptions, changing one, and trying whether it is reached."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from csp.constants import UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Case, CharField, F, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast, Concat
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations.models import Store
from monitor import audit
from monitor.access_control import VIEW, requires
from monitor.alerts import bouncing, channels, notices
from monitor.alerts.about import about, when
from monitor.alerts.facts import Step
from monitor.alerts.weekly.mail import write_week
from monitor.alerts.weekly.report import Fleet, facts_of, span_of
from monitor.alerts.weekly.telling import last_week
from monitor.dashboard.notices_form import SubscriptionForm, already_told
from monitor.dashboard.stores_field import proposals
from monitor.models import Channel, Incident, Notice, Subscription, User
from monitor.people.limits import is_too_often, wait_a_while
from monitor.scope import scope_of

MANAGE = "monitor.change_subscription"
"""Without it a person sees and changes only what is their own."""
TESTED = "subscription.test"
SHOWN = 10
"""So many of the last notices are listed with a subscription."""


@dataclass(frozen=True, slots=True)
class Row:
    """A subscription as the list shows it."""

    subscription: Subscription
    about: str
    when: list[str]
    sent_at: datetime | None
    """When something was last sent to it; None: never."""


def manages(user: User) -> bool:
    """Whether somebody looks after everybody's subscriptions."""
    return user.has_perm(MANAGE)


def mine(user: User) -> QuerySet[Subscription]:
    """The subscriptions that somebody may see and change."""
    return Subscription.objects.all() if manages(user) else Subscription.objects.filter(user=user)


@require_safe
@requires(VIEW)
def notices_page(request: HttpRequest) -> HttpResponse:
    user = cast(User, request.user)
    recipient = Case(
        When(channel=Channel.MAIL, then=F("email")),
        default=Concat(Value("hook:"), Cast("pk", CharField())),
        output_field=CharField(),
    )
    sent = Notice.objects.filter(recipient=OuterRef("told_as"), sent_at__isnull=False).order_by("-created_at")
    found = (
        mine(user)
        .annotate(told_as=recipient, sent=Subquery(sent.values("sent_at")[:1]))
        .select_related("user")
        .prefetch_related("stores")
        .order_by("channel", "email", "label", "pk")
    )
    rows = [Row(one, about(one), when(one), one.sent) for one in found]
    context = {
        "now": timezone.now(),
        "rows": rows,
        "manages": manages(user),
        "has_own": any(row.subscription.user_id == user.pk for row in rows),
        "nobody": not any(row.subscription.is_active and not row.subscription.bounced_at for row in rows),
        "channels": Channel,
    }
    return render(request, "dashboard/notices.html", context)


@never_cache
@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(VIEW)
def add(request: HttpRequest, channel: str) -> HttpResponse:
    """A new subscription of a channel; only who manages all adds others than their own mails."""
    user = cast(User, request.user)
    if channel not in Channel.values:
        raise Http404
    if not manages(user):
        if channel != Channel.MAIL:
            raise PermissionDenied
        if own := mine(user).filter(channel=Channel.MAIL).first():
            return redirect("notices-change", own.pk)
    initial = {"time_zone": timezone.get_current_timezone_name(), "language": user.language}
    return _edit(request, Subscription(channel=channel), initial)


@require_safe
@requires(VIEW)
def store_names(request: HttpRequest) -> JsonResponse:
    """Names of stores that contain what was typed, for the field that names the stores."""
    text = request.GET.get("q", "").replace("\0", "").strip()
    return JsonResponse(
        {"names": proposals(text, scope_of(request.user).limit(Store.objects.only("name", "title")))}
    )


@never_cache
@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
@requires(VIEW)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """One subscription: its form, whether it is reached, and what it was last told."""
    return _edit(request, _mine_or_404(request, pk), {})


def _edit(request: HttpRequest, row: Subscription, initial: dict[str, Any]) -> HttpResponse:
    user, is_new = cast(User, request.user), row.pk is None
    owner = None if manages(user) else user
    before = {} if is_new else audit.snapshot(row)
    form = SubscriptionForm(
        request.POST or None, instance=row, initial=initial, owner=owner, scope=scope_of(user)
    )
    if form.is_valid() and _stored(form, user, before):
        messages.success(request, _("Saved. Send a test notice to see whether it arrives."))
        return redirect("notices-change", row.pk)
    context: dict[str, Any] = {"form": form, "parts": form.parts(), "row": row, "is_new": is_new}
    if not is_new:
        stored = get_object_or_404(Subscription, pk=row.pk) if form.errors else row
        context |= {"row": stored, "about": about(stored), "when": when(stored), **_told(request, stored)}
    return render(request, "dashboard/notices_change.html", context, status=422 if form.errors else 200)


def _stored(form: SubscriptionForm, user: User, before: dict[str, Any]) -> bool:
    """Stores what the form says, with an audit row. False, with an error at the form, for an address that
    somebody else has added in this very moment."""
    row, hides = form.instance, {}
    if form.new_url:
        secret = row.endpoint.get("secret") or channels.new_secret()
        row.endpoint = {"url": form.new_url, "secret": secret}
        hides = {"web-hook address": channels.Endpoint.of(row).host}
    if form.new_url or row.email != before.get("email", row.email):
        # It was another address that was refused.
        row.bounced_at, row.bounce_answer = None, ""
    try:
        with transaction.atomic():
            form.save()
            after = audit.snapshot(row) | hides
            verb = "subscription.change" if before else "subscription.create"
            audit.record_change(user, verb, row, before, after)
    except IntegrityError:
        form.add_error(None, already_told(row.email))
        return False
    return True


def _told(request: HttpRequest, row: Subscription) -> dict[str, Any]:
    """What a subscription was last sent, and how the test that was just asked for goes."""
    told, scope = Notice.objects.filter(recipient=row.recipient), scope_of(request.user)
    if not scope.is_everything:
        # The address may have been told before for somebody who sees more.
        told = told.filter(Q(step=Step.TEST) | Q(incident__in=scope.limit(Incident.objects.all())))
    last = list(told.order_by("-created_at")[:SHOWN])
    asked = request.GET.get("test", "")
    test = next((one for one in last if str(one.pk) == asked and one.step == Step.TEST), None)
    # How the test goes is told beside its button and goes on there; the list stays as it was.
    return {"now": timezone.now(), "last": [one for one in last if one is not test], "test": test}


@require_safe
@requires(VIEW)
def tested(request: HttpRequest, pk: int) -> HttpResponse:
    """How the test goes: the part of the page that asks again until it is known."""
    row = _mine_or_404(request, pk)
    return render(request, "dashboard/notices_tested.html", {"row": row, **_told(request, row)})


@require_POST
@requires(VIEW)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts a test notice into the outbox, on the way of every other notice."""
    row, user, now = _mine_or_404(request, pk), cast(User, request.user), timezone.now()
    if is_too_often(user, TESTED, now):
        messages.warning(request, wait_a_while())
        return redirect("notices-change", row.pk)
    with transaction.atomic():
        notice = notices.send_test_to(row, now=now)
        audit.record(user, TESTED, row)
    return redirect(f"{reverse('notices-change', args=[row.pk])}?test={notice.pk}#test")


@require_POST
@requires(VIEW)
def works_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Says that an address that was refused can be written to again."""
    row = _mine_or_404(request, pk)
    if bouncing.enable(row, cast(User, request.user), now=timezone.now()):
        messages.success(request, _("It is told again from now on. Send a test notice to be sure."))
    return redirect("notices-change", pk)


@never_cache
@require_POST
@requires(VIEW)
def secret(request: HttpRequest, pk: int) -> HttpResponse:
    """Makes a new secret for a web-hook and shows it this once."""
    row = _mine_or_404(request, pk)
    if row.channel != Channel.WEBHOOK:
        raise Http404
    made = channels.new_secret()
    with transaction.atomic():
        row.endpoint = {**row.endpoint, "secret": made}
        row.save(update_fields=["endpoint"])
        audit.record(cast(User, request.user), "subscription.secret", row)
    return render(request, "dashboard/notices_secret.html", {"row": row, "secret": made})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(VIEW)
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first; then removes it."""
    row = _mine_or_404(request, pk)
    if request.method == "POST":
        with transaction.atomic():
            audit.record(cast(User, request.user), "subscription.remove", row, audit.snapshot(row))
            row.delete()
        messages.success(request, _("%(title)s is not told any more.") % {"title": row})
        return redirect("notices")
    return render(request, "dashboard/notices_remove.html", {"row": row, "about": about(row)})


@csp_update({"style-src": [UNSAFE_INLINE]})
@require_safe
@requires(VIEW)
def week(request: HttpRequest, pk: int) -> HttpResponse:
    """The report of the last week, exactly as it is mailed: styles and all."""
    row = _mine_or_404(request, pk)
    now, zone = timezone.now(), ZoneInfo(row.time_zone)
    (ready,) = notices.ready(Subscription.objects.filter(pk=row.pk))
    facts = facts_of(ready, Fleet(span_of(last_week(zone, now), zone), now))
    if facts is None:
        messages.info(request, _("Nothing that this is about was watched last week."))
        return redirect("notices-change", pk)
    mail = write_week(facts, recipient=row.email, language=row.language, time_zone=row.time_zone)
    return HttpResponse(mail.html)


def _mine_or_404(request: HttpRequest, pk: int) -> Subscription:
    return get_object_or_404(mine(cast(User, request.user)).select_related("user"), pk=pk)
