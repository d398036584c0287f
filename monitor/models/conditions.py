"""The current answer to every question about an integration, and its history."""

from collections.abc import Mapping
from typing import Final

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from integrations.contracts import ConditionKind
from integrations.models import Integration
from monitor.health.states import State

TOPICS: Final[Mapping[ConditionKind, Promise]] = {
    ConditionKind.EDGE: _("protection in front of the store"),
    ConditionKind.ACCESS: _("access to the store"),
    ConditionKind.CREDENTIALS: _("keys"),
    ConditionKind.WEBHOOKS: _("webhooks"),
    ConditionKind.THROTTLE: _("the hub's rhythm"),
    ConditionKind.IMPORTS: _("orders"),
    ConditionKind.TRACKING: _("tracking numbers"),
    ConditionKind.EVENTS: _("events"),
}
"""What a condition is about, in a word or two, for choosing by it."""
ANSWERS: Final[Mapping[State, Promise]] = {
    State.OK: _("healthy"),
    State.WARN: _("late or at risk"),
    State.FAIL: _("failing"),
    State.UNKNOWN: _("unknown"),
}
"""A state where the rule that would name it better is not at hand."""


def condition_kinds() -> list[tuple[str, Promise]]:
    return [(kind.value, TOPICS[kind]) for kind in ConditionKind]


def states() -> list[tuple[str, Promise]]:
    return [(state.value, ANSWERS[state]) for state in State]


class Condition(models.Model):
    """The confirmed answer to one question, and the observation that may replace it."""

    integration = models.ForeignKey(Integration, models.CASCADE, related_name="conditions")
    kind = models.CharField(max_length=20, choices=condition_kinds)
    state = models.CharField(max_length=10, choices=states, default=State.UNKNOWN)
    rule = models.CharField(max_length=40, blank=True)
    """Which rule led to the state (``stalled``, ``gap``, ``blocked_user_agent``)."""
    evidence = models.JSONField(default=dict)
    since = models.DateTimeField()
    observed_at = models.DateTimeField(null=True)
    """Time of the last observation that was judged."""
    candidate_state = models.CharField(max_length=10, choices=states, blank=True)
    candidate_since = models.DateTimeField(null=True)
    candidate_count = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["integration", "kind"], name="condition_once")]


class Transition(models.Model):
    """A confirmed change of a condition or of the verdict. Append-only."""

    integration = models.ForeignKey(
        Integration, models.CASCADE, verbose_name=_("integration"), related_name="transitions"
    )
    kind = models.CharField(_("about"), max_length=20)
    """A condition's kind, or ``verdict``."""
    at = models.DateTimeField(_("when"))
    old_state = models.CharField(max_length=10, choices=states)
    new_state = models.CharField(_("state"), max_length=10, choices=states)
    old_rule = models.CharField(max_length=40, blank=True)
    new_rule = models.CharField(max_length=40, blank=True)
    evidence = models.JSONField(default=dict)
    rules_version = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = _("change of state")
        verbose_name_plural = _("changes of state")
        indexes = [
            models.Index(fields=["integration", "-at"], name="transition_newest"),
            models.Index(fields=["at"], name="transition_of_verdict", condition=Q(kind="verdict")),
            models.Index(
                fields=["integration", "-at"], name="transition_verdict_newest", condition=Q(kind="verdict")
            ),
            BrinIndex(fields=["at"], name="transition_age"),
        ]


class Verdict(models.Model):
    """The overall state of an integration and its root cause; one row each, read by every page."""

    integration = models.OneToOneField(Integration, models.CASCADE, primary_key=True, related_name="verdict")
    state = models.CharField(max_length=10, choices=states, default=State.UNKNOWN)
    cause = models.CharField(max_length=20, choices=condition_kinds, blank=True)
    """The condition that explains the state; empty when healthy or when nothing is known."""
    rule = models.CharField(max_length=40, blank=True)
    evidence = models.JSONField(default=dict)
    since = models.DateTimeField()
    judged_at = models.DateTimeField()
    waiting_count = models.PositiveIntegerField(default=0)
    oldest_waiting_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["state", "since"], name="verdict_state")]
        permissions = [("export_fleet", "Can export the fleet")]


class Progress(models.Model):
    """Running figures of an integration, kept so that judging need not scan orders."""

    integration = models.OneToOneField(Integration, models.CASCADE, primary_key=True, related_name="progress")
    newest_eligible_at = models.DateTimeField(null=True)
    """Eligible moment of the store's newest expected order."""
    newest_arrived_at = models.DateTimeField(null=True)
    newest_arrived_eligible_at = models.DateTimeField(null=True)
    """Eligible moment of the newest order that has arrived."""
    newest_tracked_due_at = models.DateTimeField(null=True)
    """When the newest tracking number that reached the store was due there."""
    learned_event_ratio = models.FloatField(null=True)
    """Events per order that are usual for a marketing hub."""
    learned_tolerance_s = models.PositiveIntegerField(null=True)
    learned_rhythm_s = models.PositiveIntegerField(null=True)
    learned_at = models.DateTimeField(null=True)
    negative_latencies = models.PositiveIntegerField(default=0)
    """Arrivals before their order: a clock or time-zone error in the store. Counted, not charted."""
