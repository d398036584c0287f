"""What a subscription is told, in sentences: which stores, what of them, and when."""

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from integrations.registry import STORES, adapter_class
from monitor.models import Channel, Subscription

NAMED = 3
"""So many stores are named; the others are counted."""


def about(subscription: Subscription) -> str:
    """Of what it is told, a sentence for each limit: ``Failures, no warnings. Only stores on Shopify.``"""
    limits = []
    if subscription.tags:
        limits.append(_("Only stores tagged %(tags)s.") % {"tags": _either(subscription.tags)})
    if subscription.platforms:
        labels = [_label(kind) for kind in subscription.platforms]
        limits.append(_("Only stores on %(platforms)s.") % {"platforms": _either(labels)})
    if names := sorted(str(store) for store in subscription.stores.all()):
        limits.append(_("Only these stores: %(stores)s.") % {"stores": _few(names)})
    if subscription.include_warnings:
        first = _("Warnings and failures.") if limits else _("Warnings and failures of all stores.")
    else:
        first = _("Failures, no warnings.") if limits else _("Failures of all stores, no warnings.")
    return " ".join([first, *limits])


def when(subscription: Subscription) -> list[str]:
    """At which times it is told: a sentence each."""
    said = []
    if minutes := subscription.escalates_after:
        said.append(
            ngettext(
                "Only of what nobody has acknowledged after %(count)d minute.",
                "Only of what nobody has acknowledged after %(count)d minutes.",
                minutes,
            )
            % {"count": minutes}
        )
    if subscription.quiet_from and subscription.quiet_until:
        hours = {
            "from": f"{subscription.quiet_from:%H:%M}",
            "until": f"{subscription.quiet_until:%H:%M}",
            "zone": subscription.time_zone,
        }
        said.append(
            _("Quiet from %(from)s to %(until)s (%(zone)s), failures pass.") % hours
            if subscription.urgent_passes
            else _("Quiet from %(from)s to %(until)s (%(zone)s).") % hours
        )
    if subscription.weekly_report and subscription.channel == Channel.MAIL:
        said.append(_("A report every Monday."))
    return said


def _either(words: list[str]) -> str:
    """``fr``, ``fr or vip``, ``fr, vip or test``."""
    if len(words) == 1:
        return words[0]
    return _("%(words)s or %(last)s") % {"words": ", ".join(words[:-1]), "last": words[-1]}


def _few(names: list[str]) -> str:
    more = len(names) - NAMED
    named = ", ".join(names[:NAMED])
    if more <= 0:
        return named
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % {
        "names": named,
        "count": more,
    }


def _label(kind: str) -> str:
    return str(adapter_class(kind).label) if kind in STORES else kind
