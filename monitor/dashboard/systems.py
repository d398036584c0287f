"""What people do about an integration's systems: answer what no API tells, make webhooks."""

import asyncio
import secrets
from dataclasses import replace
from typing import cast

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from integrations.adapters import ReadsEvents, Subscribes
from integrations.errors import NotPossible, RemoteError, TimedOut
from integrations.models import Integration, Store
from integrations.opening import open_store
from integrations.registry import adapter_class, offers
from monitor import audit
from monitor.access_control import CONNECT, FORCE_REFRESH, requires
from monitor.collect.run import policy
from monitor.dashboard.connect import changes
from monitor.dashboard.connect.testing import DEADLINE_S
from monitor.models import Job, ManualTick, User
from monitor.models.work import JobKind
from monitor.scope import scope_of
from monitor.webhooks.addresses import webhook_url


@require_POST
@requires(FORCE_REFRESH)
@transaction.atomic
def tick(request: HttpRequest, name: str, code: str) -> HttpResponse:
    """A person has looked at something that no API tells (``seen`` is ``yes``), or takes that back."""
    mine = scope_of(request.user, FORCE_REFRESH).limit(Integration.objects.select_related("account", "store"))
    integration = get_object_or_404(mine, name=name)
    kind = integration.account.kind
    known = adapter_class(kind).manual_checks if offers(kind, ReadsEvents) else ()
    if code not in {item.code for item in known}:
        raise Http404
    user = cast(User, request.user)
    ticks = ManualTick.objects.filter(integration=integration, code=code)
    if request.POST.get("seen") == "yes":
        kept = {"ticked_at": timezone.now(), "ticked_by": user.called}
        _row, is_new = ManualTick.objects.get_or_create(integration=integration, code=code, defaults=kept)
        if is_new:
            audit.record(user, "check.tick", integration, None, {"check": code})
    elif ticks.delete()[0]:
        audit.record(user, "check.untick", integration, {"check": code})
    return redirect(reverse("integration", args=[name]) + "?tab=checks#manual")


@require_POST
@requires(CONNECT)
def subscribe(request: HttpRequest, name: str) -> HttpResponse:
    """Makes the store's webhooks to us that are missing or disabled."""
    mine = scope_of(request.user, CONNECT).limit(Integration.objects.select_related("account", "store"))
    integration = get_object_or_404(mine, name=name)
    _choose_secret(integration.store, cast(User, request.user))
    try:
        made = asyncio.run(_subscribe(integration.store))
    except RemoteError as error:
        messages.warning(request, " ".join(filter(None, [str(error), error.remedy])))
    else:
        audit.record(cast(User, request.user), "store.subscribe", integration.store, None, {"topics": made})
        # The next check shows that they are there.
        Job.objects.filter(kind=JobKind.STORE_CHECK, target_id=integration.store_id, lease_token=None).update(
            due_at=timezone.now()
        )
        messages.success(
            request,
            ngettext("%(n)d webhook is switched on.", "%(n)d webhooks are switched on.", len(made))
            % {"n": len(made)}
            if made
            else _("Every webhook was switched on already."),
        )
    return redirect(reverse("integration", args=[name]) + "?tab=checks#checks")


def _choose_secret(store: Store, user: User) -> None:
    """A shop that signs with a secret of our choice gets one, unless somebody has entered one."""
    fields = adapter_class(store.platform).Credentials.model_fields
    lacks_one = "webhook_secret" in fields and not store.credentials.get("webhook_secret")
    if lacks_one and webhook_url(store.platform, store.name):
        store.credentials = {**store.credentials, "webhook_secret": secrets.token_urlsafe(32)}
        changes.save(store, user, timezone.now())


async def _subscribe(store: Store) -> list[str]:
    address = webhook_url(store.platform, store.name)
    if not address:
        raise NotPossible(
            _("Syncwatch has no public address that the shop could reach."),
            remedy=_("Set SYNCWATCH_PUBLIC_URL to its address with https://."),
        )
    target = replace(store.target(), webhook_url=address)
    try:
        async with (
            asyncio.timeout(DEADLINE_S),
            open_store(target, store.platform, policy=policy()) as adapter,
        ):
            if not isinstance(adapter, Subscribes):
                raise NotPossible(_("The webhooks of this shop cannot be made from here."))
            return list(await adapter.subscribe(now=timezone.now()))
    except TimeoutError as error:
        sentence = _("The address did not answer within %(seconds)d seconds.")
        raise TimedOut(sentence % {"seconds": DEADLINE_S}) from error
