"""The stored fleet in the words of the file: which row is which entry, and which column which key."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import Any

from django.db.models import Manager, Model, QuerySet

from integrations.models import Account, Integration, Store
from monitor.models import Channel, Subscription, User


@dataclass(frozen=True, slots=True)
class Section:
    """How one section of the file is stored."""

    name: str
    word: str
    """What one entry is called."""
    rows: Callable[[], QuerySet[Any]]
    model: type[Model]
    key_field: str
    columns: Mapping[str, str]
    """Key of the file -> attribute of the row; those not named here are called alike."""
    fields: tuple[str, ...]
    """Keys of the file, in the order in which they are written."""
    retired: tuple[str, bool]
    """The key and value that take an entry out of service; nothing is ever deleted."""
    fixed: tuple[str, ...] = field(default=())
    """Keys that an entry keeps for life: the history stored under it depends on them."""
    several: frozenset[str] = frozenset()
    """Keys that name other entries, any number of them."""

    def column(self, key: str) -> str:
        return self.columns.get(key, key)

    def stored(self) -> dict[str, Any]:
        """Every row by its key, relations loaded."""
        return {self.key(row): row for row in self.rows()}

    def key(self, row: Any) -> str:
        value: str = getattr(row, self.key_field)
        return value.casefold() if self.key_field == "email" else value

    def value(self, row: Any, key: str) -> Any:
        """What the file would say of the row under that key."""
        match getattr(row, self.column(key)):
            case Account() | Store() as named:
                return named.name
            case User() as person:
                return person.get_username()
            case Manager() as several:
                return sorted(one.name for one in several.all())
            case time() as moment:
                return f"{moment:%H:%M}"
            case value:
                return value


SECTIONS: Mapping[str, Section] = {
    section.name: section
    for section in (
        Section(
            name="accounts",
            word="account",
            rows=Account.objects.order_by("name").all,
            model=Account,
            key_field="name",
            columns={"active": "is_active"},
            fields=(
                "name",
                "title",
                "kind",
                "url",
                "credentials",
                "settings",
                "requests_per_minute",
                "active",
            ),
            retired=("active", False),
            fixed=("kind",),
        ),
        Section(
            name="stores",
            word="store",
            rows=Store.objects.select_related("edge").order_by("name").all,
            model=Store,
            key_field="name",
            columns={"active": "is_active"},
            fields=(
                "name",
                "title",
                "platform",
                "url",
                "time_zone",
                "credentials",
                "settings",
                "tags",
                "edge",
                "edge_host",
                "allows_nudge",
                "active",
            ),
            retired=("active", False),
            fixed=("platform",),
        ),
        Section(
            name="integrations",
            word="integration",
            rows=Integration.objects.select_related("account", "store").order_by("name").all,
            model=Integration,
            key_field="name",
            columns={"paused": "is_paused"},
            fields=(
                *("name", "account", "store", "external_id"),
                *("tolerance_s", "tracking_tolerance_s", "auto_refresh", "auto_refresh_ways", "paused"),
            ),
            retired=("paused", True),
            fixed=("store",),
        ),
        Section(
            name="subscriptions",
            word="subscription",
            # The address of a web-hook is a secret, and all that it is known by: it has no place in a file.
            rows=Subscription.objects.filter(channel=Channel.MAIL)
            .select_related("user")
            .prefetch_related("stores")
            .order_by("email")
            .all,
            model=Subscription,
            key_field="email",
            columns={"active": "is_active", "person": "user", "escalates_after_min": "escalates_after"},
            fields=(
                *("email", "person", "language", "time_zone", "tags", "platforms", "stores"),
                *("include_warnings", "escalates_after_min", "quiet_from", "quiet_until", "urgent_passes"),
                *("weekly_report", "active"),
            ),
            several=frozenset({"stores"}),
            retired=("active", False),
        ),
    )
}
"""In the order in which they depend on each other."""
