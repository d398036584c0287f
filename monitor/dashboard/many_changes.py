"""What can be changed for several integrations at once: what it would do to which, and doing it."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

from django import forms
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations.models import Integration, Store
from monitor import audit
from monitor.access_control import CONNECT
from monitor.collect.plan import ensure_jobs
from monitor.models import Maintenance, User
from monitor.wording import clock, duration

PLAN_MAINTENANCE: Final = "monitor.plan_maintenance"


@dataclass(frozen=True, slots=True)
class Planned:
    """What would change for one integration, or for one store."""

    title: str
    before: str
    after: str
    note: str = ""
    """What else it concerns."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody asked to be changed."""

    chosen: Sequence[Integration]
    given: Mapping[str, Any]
    """The values of the change's form."""
    user: User
    now: datetime

    @property
    def stores(self) -> dict[int, Store]:
        return {one.store_id: one.store for one in self.chosen}


class Nothing(forms.Form):
    """A change that needs no value."""


class Change(ABC):
    """One kind of change."""

    label: ClassVar[Promise]
    """On the button that leads to the preview."""
    permission: ClassVar[str] = CONNECT
    form: ClassVar[type[forms.Form]] = Nothing

    @abstractmethod
    def plan(self, asked: Asked) -> list[Planned]:
        """What would change; those that are so already are left out. Changes nothing."""

    @abstractmethod
    def carry_out(self, asked: Asked) -> int:
        """Does it in the current transaction, with an audit row for each; returns how many have changed."""


class _Field(Change):
    """Sets one field of each integration."""

    field: ClassVar[str]

    @abstractmethod
    def value(self, given: Mapping[str, Any]) -> Any:
        """What the field is set to."""

    @abstractmethod
    def words(self, value: Any) -> str:
        """A value of the field as people say it."""

    def plan(self, asked: Asked) -> list[Planned]:
        value = self.value(asked.given)
        old = [(one, getattr(one, self.field)) for one in asked.chosen]
        return [Planned(str(one), self.words(was), self.words(value)) for one, was in old if was != value]

    def carry_out(self, asked: Asked) -> int:
        value = self.value(asked.given)
        ids = [one.pk for one in asked.chosen]
        # In one order for everybody, so that two people cannot wait for each other.
        rows = Integration.objects.select_for_update().filter(pk__in=ids).order_by("pk")
        changing = [one for one in rows if getattr(one, self.field) != value]
        for one in changing:
            before = {self.field: getattr(one, self.field)}
            audit.record(asked.user, "integration.change", one, before, {self.field: value})
            setattr(one, self.field, value)
            one.save(update_fields=[self.field])
        ensure_jobs(asked.now)
        return len(changing)


class Pause(_Field):
    label = gettext_lazy("Pause…")
    field = "is_paused"

    def value(self, _given: Mapping[str, Any]) -> bool:
        return True

    def words(self, value: Any) -> str:
        return _("paused") if value else _("watched")


class Resume(Pause):
    label = gettext_lazy("Watch again…")

    def value(self, _given: Mapping[str, Any]) -> bool:
        return False


class ToleranceForm(forms.Form):
    minutes = forms.IntegerField(
        label=gettext_lazy("Tolerance in minutes"),
        required=False,
        min_value=1,
        max_value=7 * 24 * 60,
        help_text=gettext_lazy(
            "How late an order may be before it counts as stuck. Empty: learned from the last 14 days."
        ),
    )


class Tolerance(_Field):
    label = gettext_lazy("Tolerance…")
    field = "tolerance_s"
    form = ToleranceForm

    def value(self, given: Mapping[str, Any]) -> int | None:
        return given["minutes"] * 60 if given["minutes"] else None

    def words(self, value: Any) -> str:
        return duration(timedelta(seconds=value)) if value else _("learned")


class TagForm(forms.Form):
    tag = forms.CharField(
        label=gettext_lazy("Tag"),
        max_length=40,
        help_text=gettext_lazy("Tags belong to stores: every integration of the store has it."),
    )

    def clean_tag(self) -> str:
        tag = str(self.cleaned_data["tag"]).strip()
        if "," in tag:
            raise forms.ValidationError(_("One tag at a time, without a comma."))
        return tag


class AddTag(Change):
    label = gettext_lazy("Add a tag…")
    form = TagForm

    def changed(self, tags: Sequence[str], tag: str) -> list[str]:
        return [*tags, *([] if tag in tags else [tag])]

    def plan(self, asked: Asked) -> list[Planned]:
        notes = _notes(asked.chosen)
        after = {pk: self.changed(store.tags, asked.given["tag"]) for pk, store in asked.stores.items()}
        return [
            Planned(str(store), ", ".join(store.tags) or "–", ", ".join(after[pk]) or "–", notes[pk])
            for pk, store in asked.stores.items()
            if after[pk] != store.tags
        ]

    def carry_out(self, asked: Asked) -> int:
        done = 0
        for store in (
            Store.objects.select_for_update().filter(pk__in=asked.stores).defer("credentials").order_by("pk")
        ):
            tags = self.changed(store.tags, asked.given["tag"])
            if tags != store.tags:
                audit.record(asked.user, "store.change", store, {"tags": store.tags}, {"tags": tags})
                store.tags = tags
                store.save(update_fields=["tags"])
                done += 1
        return done


class RemoveTag(AddTag):
    label = gettext_lazy("Remove a tag…")

    def changed(self, tags: Sequence[str], tag: str) -> list[str]:
        return [one for one in tags if one != tag]


class WindowForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("What is done"), max_length=120)
    hours = forms.TypedChoiceField(
        label=gettext_lazy("From now on for"),
        coerce=float,
        initial="1",
        choices=lambda: [(f"{h:g}", duration(timedelta(hours=h))) for h in (0.5, 1, 2, 4, 8, 24, 72)],
        help_text=gettext_lazy("Windows that begin later or repeat are planned on the page of maintenance."),
    )


class Window(Change):
    label = gettext_lazy("Maintenance…")
    permission = PLAN_MAINTENANCE
    form = WindowForm

    def plan(self, asked: Asked) -> list[Planned]:
        notes = _notes(asked.chosen)
        until = asked.now + timedelta(hours=asked.given["hours"])
        time = clock(until, now=asked.now, tz=timezone.get_current_timezone())
        words = _("in maintenance until %(time)s") % {"time": time}
        return [Planned(str(store), "–", words, notes[pk]) for pk, store in asked.stores.items()]

    def carry_out(self, asked: Asked) -> int:
        for store in sorted(asked.stores):
            window = Maintenance.objects.create(
                title=asked.given["title"],
                store_id=store,
                starts_at=asked.now,
                ends_at=asked.now + timedelta(hours=asked.given["hours"]),
                created_at=asked.now,
                created_by=asked.user,
            )
            audit.record(asked.user, "maintenance.plan", window, after=audit.snapshot(window))
        return len(asked.stores)


CHANGES: Final[Mapping[str, Change]] = {
    "pause": Pause(),
    "resume": Resume(),
    "maintenance": Window(),
    "add-tag": AddTag(),
    "remove-tag": RemoveTag(),
    "tolerance": Tolerance(),
}


def _notes(chosen: Sequence[Integration]) -> dict[int, str]:
    """Of each store the integrations that were not chosen and are concerned as well."""
    mine = Counter(one.store_id for one in chosen)
    totals = Counter(Integration.objects.filter(store__in=mine).values_list("store", flat=True))
    return {store: _others(totals[store] - count) for store, count in mine.items()}


def _others(count: int) -> str:
    if not count:
        return ""
    words = ngettext(
        "%(n)d other integration of this store too", "%(n)d other integrations of this store too", count
    )
    return words % {"n": count}
