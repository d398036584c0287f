"""What the admin pages share: what they are called, changes that are audited, history that stays."""

import re
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet, URLField
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from integrations.registry import EDGES, HUBS, STORES, adapter_class
from monitor import audit
from monitor.access_control import VIEW_AUDIT
from monitor.dashboard.middleware import ZONES
from monitor.models import User

_COUNT = re.compile(r" \(\d+\)$")


class Table(admin.ModelAdmin[Any]):
    """A table whose pages are called as people call it, and not "Select audit to view"."""

    heading: str | Promise = ""
    """Empty: as the model is called."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(request, {"title": self.titled(), **(extra_context or {})})

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        if (obj := kwargs.get("obj")) is not None:
            context |= {"title": self.called(obj), "subtitle": None}
        context["heading"] = self.titled()
        return super().render_change_form(request, context, *args, **kwargs)

    def titled(self) -> str:
        return capfirst(str(self.heading or self.opts.verbose_name_plural))

    def called(self, obj: Any) -> str:
        """The heading of the page of one row."""
        return str(obj)


class Audited(Table):
    """Writes an audit row with the fields that changed, relations included."""

    formfield_overrides = {URLField: {"assume_scheme": "https"}}

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None and request.user.has_perm(VIEW_AUDIT):
            context["audit"] = f"{reverse('audit')}?{urlencode({'q': audit.named(obj)})}"
        return super().render_change_form(request, context, *args, **kwargs)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "time_zone" and field is not None:
            field.validators.append(_is_a_zone)
        return field

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm[Any], change: bool) -> None:
        old = type(obj)._default_manager.filter(pk=obj.pk).first() if change else None
        self._remember(request, self.snapshot(old) if old else {})
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: ModelForm[Any], formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        # Relations such as a person's groups are stored only now.
        row = form.instance
        verb = "change" if change else "create"
        before = getattr(request, "audit_before", {})
        audit.record_change(_user(request), f"{row._meta.model_name}.{verb}", row, before, self.snapshot(row))

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self._record_removal(request, obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self._record_removal(request, row)
        super().delete_queryset(request, queryset)

    def snapshot(self, row: Model) -> dict[str, Any]:
        """What the audit keeps of a row; override it to add the rows that are edited with it."""
        return audit.snapshot(row)

    def _record_removal(self, request: HttpRequest, row: Model) -> None:
        audit.record(_user(request), f"{row._meta.model_name}.remove", row, before=self.snapshot(row))

    def _remember(self, request: HttpRequest, before: dict[str, Any]) -> None:
        request.audit_before = before  # type: ignore[attr-defined]  # one request, one change


def _renamed(choice: Any, word: Callable[[str], str]) -> Any:
    """A choice of a filter by another name; where counts are shown, they stand behind it."""
    display = str(choice["display"])
    count = "".join(_COUNT.findall(display))
    return {**choice, "display": word(display.removesuffix(count)) + count}


def in_words(word: Callable[[str], str]) -> type[admin.AllValuesFieldListFilter]:
    """A filter by the values that are stored, each in the words of a function."""

    class InWords(admin.AllValuesFieldListFilter):
        def choices(self, changelist: Any) -> Any:
            for one in super().choices(changelist):
                yield _renamed(one, word)

    return InWords


def kind_label(kind: str) -> str:
    """``woocommerce`` as ``WooCommerce``; what is no kind as it is."""
    known = kind in STORES or kind in HUBS or kind in EDGES
    return str(adapter_class(kind).label) if known else kind


by_label = in_words(kind_label)
"""A filter by the kind of a system, each as its maker writes it: WooCommerce, PrestaShop."""


class Whether(admin.EmptyFieldListFilter):
    """A filter by whether something has happened: yes or no, rather than "not empty"."""

    def choices(self, changelist: Any) -> Any:
        every, empty, filled = super().choices(changelist)
        return every, _renamed(filled, lambda _word: _("Yes")), _renamed(empty, lambda _word: _("No"))


class ReadOnly(Table):
    """Rows that happened: to be read and searched, never changed."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del request, obj
        return False

    def called(self, obj: Any) -> str:
        # What happened has no name.
        return f"{capfirst(str(self.opts.verbose_name))} {obj.pk}"

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        del request, obj
        return False


def _is_a_zone(name: str) -> None:
    """What is told to whom is worked out for all together: a zone that there is not would stop it."""
    if name not in ZONES:
        raise ValidationError(_("“%(zone)s” is no time zone. Write it like Europe/Paris.") % {"zone": name})


def _user(request: HttpRequest) -> User:
    return cast(User, request.user)
