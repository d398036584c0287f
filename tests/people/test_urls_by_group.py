"""Every address, as nobody, as a viewer, as an operator and as an administrator.

An address without a line in the tables fails :func:`test_every_address_is_declared`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
)

from monitor import audit
from monitor.models import Notice, Subscription, Transition
from tests.people.conftest import NOW, Fleet, person, signed_in

pytestmark = pytest.mark.integration

ANYBODY, VIEWER, OPERATOR, ADMIN, NOBODY = range(5)
"""From which group on an address opens. A signed-in person of no group counts as none of them."""


@dataclass(frozen=True)
class Page:
    opens_for: int
    args: tuple[str, ...] = ()
    """Attributes of the fleet: ``store.name``; other words stand for themselves."""
    post: dict[str, str] | None = None
    """Sent as a POST when given."""
    statuses: tuple[int, ...] = (200, 302)


def posts(opens_for: int, *args: str, **data: str) -> Page:
    return Page(opens_for, args, post=data)


PAGES: dict[str, Page] = {
    "healthz": Page(ANYBODY),
    "favicon": Page(ANYBODY),
    "readyz": Page(ANYBODY, statuses=(200, 503)),
    "status": Page(VIEWER),
    "docs": Page(VIEWER, statuses=(200, 404)),  # 404 where it was not built
    "docs-page": Page(VIEWER, ("no-such-page.html",), statuses=(404,)),
    "metrics": Page(ANYBODY),
    "login": Page(ANYBODY),
    "login-once": Page(ANYBODY),
    "setup": Page(ANYBODY),
    "logout": posts(ANYBODY),
    "settings": Page(VIEWER),
    "password-change": Page(VIEWER),
    "settings-address": Page(VIEWER, statuses=(404,)),
    "account_login": Page(ANYBODY),
    "account_logout": posts(ANYBODY),
    "account_inactive": Page(ANYBODY),
    "account_reset_password": Page(ANYBODY),
    "account_reset_password_done": Page(ANYBODY),
    "account_reset_password_from_key": Page(ANYBODY, ("1", "forged")),
    "account_reset_password_from_key_done": Page(ANYBODY),
    "account_reauthenticate": Page(VIEWER, statuses=(403,)),  # without a password
    "mfa_authenticate": Page(ANYBODY),
    "mfa_login_webauthn": Page(ANYBODY),
    "mfa_index": Page(VIEWER),
    "mfa_reauthenticate": Page(VIEWER, statuses=(403,)),
    "mfa_reauthenticate_webauthn": Page(VIEWER, statuses=(403,)),
    "mfa_activate_totp": Page(VIEWER),
    "mfa_deactivate_totp": Page(VIEWER, statuses=(404,)),
    "mfa_list_webauthn": Page(VIEWER),
    "mfa_add_webauthn": Page(VIEWER),
    "mfa_edit_webauthn": Page(VIEWER, ("0",), statuses=(302, 404)),
    "mfa_remove_webauthn": Page(VIEWER, ("0",), statuses=(302, 404)),
    "mfa_view_recovery_codes": Page(VIEWER, statuses=(404,)),
    "mfa_generate_recovery_codes": Page(VIEWER),
    "mfa_download_recovery_codes": Page(VIEWER, statuses=(404,)),
    "socialaccount_login_cancelled": Page(ANYBODY),
    "socialaccount_login_error": Page(ANYBODY, statuses=(401,)),
    "socialaccount_connections": Page(VIEWER, statuses=(404,)),  # without a provider
    "openid_connect_login": Page(ANYBODY, ("sso",), statuses=(404,)),
    "openid_connect_callback": Page(ANYBODY, ("sso",), statuses=(404,)),
    "sessions": Page(VIEWER),
    "invited": Page(ANYBODY, statuses=(404,)),
    "people": Page(ADMIN),
    "people-invite": Page(ADMIN, post={}, statuses=(422,)),
    "invitation": Page(ADMIN, ("0",), post={}, statuses=(404,)),
    "person": Page(ADMIN, ("0",), statuses=(404,)),
    "person-sign-out": Page(ADMIN, ("0",), post={}, statuses=(404,)),
    "overview": Page(VIEWER),
    "integrations": Page(VIEWER),
    "integration": Page(VIEWER, ("integration.name",)),
    "integration-history-csv": Page(VIEWER, ("integration.name",)),
    "view-save": posts(VIEWER, name="mine", query="state=bad"),
    "view-remove": Page(VIEWER, post={"view": "0"}, statuses=(404,)),
    "change-preview": posts(OPERATOR, change="maintenance", chosen="nobody"),
    "change-start": posts(ADMIN, change="pause", chosen="nobody"),
    "refresh-request": posts(OPERATOR, "integration.name", reason="customers call"),
    "refresh-opened": Page(OPERATOR, ("integration.name",), post={}, statuses=(404,)),
    "refreshes": Page(VIEWER),
    "refreshes-csv": Page(ADMIN),
    "refresh-preview": posts(OPERATOR, chosen="nobody"),
    "refresh-start": posts(OPERATOR, chosen="nobody", reason="customers call"),
    "refresh": Page(VIEWER, ("0",), statuses=(404,)),
    "refresh-cancel": Page(OPERATOR, ("0",), post={}, statuses=(404,)),
    "refresh-many": Page(VIEWER, ("0",), statuses=(404,)),
    "refresh-many-cancel": Page(OPERATOR, ("0",), post={}, statuses=(404,)),
    "store-subscribe": posts(ADMIN, "integration.name"),
    "manual-tick": Page(OPERATOR, ("integration.name", "unknown"), post={}, statuses=(404,)),
    "examine-now": posts(OPERATOR, "integration.name"),
    "blocked": Page(VIEWER),
    "incidents": Page(VIEWER),
    "incident": Page(VIEWER, ("incident.pk",)),
    "incidents-csv": Page(ADMIN),
    "incident-post-mortem": Page(VIEWER, ("incident.pk",)),
    "incident-markdown": Page(VIEWER, ("incident.pk",)),
    "incident-acknowledge": posts(OPERATOR, "incident.pk"),
    "incident-snooze": posts(OPERATOR, "incident.pk", text="tomorrow"),
    "incident-comment": posts(OPERATOR, "incident.pk", text="looking"),
    "incident-answer": Page(ANYBODY, ("forged",), statuses=(404,)),
    "notices": Page(VIEWER),
    "notices-add": Page(VIEWER, ("mail",)),
    "notices-stores": Page(VIEWER),
    # A shared address is no viewer's and no operator's business: see tests/dashboard/test_notices.py.
    "notices-change": Page(VIEWER, ("<monitor_subscription>",), statuses=(200, 404)),
    "notices-tested": Page(VIEWER, ("<monitor_subscription>",), statuses=(200, 404)),
    "notices-week": Page(VIEWER, ("<monitor_subscription>",), statuses=(200, 302, 404)),
    "notices-remove": Page(VIEWER, ("<monitor_subscription>",), statuses=(200, 404)),
    "notices-test": Page(VIEWER, ("<monitor_subscription>",), post={}, statuses=(302, 404)),
    "notices-works-again": Page(VIEWER, ("<monitor_subscription>",), post={}, statuses=(302, 404)),
    "notices-secret": Page(VIEWER, ("<monitor_subscription>",), post={}, statuses=(404,)),
    "maintenance": Page(VIEWER),
    "maintenance-end": Page(OPERATOR, ("0",), post={}, statuses=(404,)),
    "chart-fleet-latency": Page(VIEWER, ("json",)),
    "chart-tracking": Page(VIEWER, ("json",)),
    "slowest": Page(VIEWER),
    "wall": Page(VIEWER),
    "week": Page(VIEWER),
    "chart-latency": Page(VIEWER, ("integration.name", "json")),
    # The hub of the integration here counts no events; see tests/dashboard/test_events_chart.py.
    "chart-events": Page(VIEWER, ("integration.name", "json"), statuses=(404,)),
    "audit": Page(ADMIN),
    "connect": Page(ADMIN),
    "connect-store-find": Page(ADMIN),
    "connect-fleet-file": posts(ADMIN),
    "connect-account-add": Page(ADMIN, ("sendcloud",)),
    "connect-account": Page(ADMIN, ("account.name",)),
    "connect-account-test": posts(ADMIN, "account.name"),
    "connect-account-remove": Page(ADMIN, ("account.name",)),
    "connect-store-add": Page(ADMIN, ("woocommerce",)),
    "connect-store": Page(ADMIN, ("store.name",)),
    "connect-store-test": posts(ADMIN, "store.name"),
    "connect-store-remove": Page(ADMIN, ("store.name",)),
    "connect-watch": posts(ADMIN, "account.name"),
    "connect-integration": Page(ADMIN, ("integration.name",)),
    "connect-integration-remove": Page(ADMIN, ("integration.name",)),
    "admin:index": Page(OPERATOR),
    "admin:login": Page(OPERATOR),
    "admin:logout": posts(OPERATOR),
    "admin:password_change": Page(OPERATOR),
    "admin:password_change_done": Page(OPERATOR),
    "admin:jsi18n": Page(OPERATOR),
    "admin:autocomplete": Page(NOBODY),
    "admin:view_on_site": Page(OPERATOR, ("1", "1"), statuses=(404,)),
    "admin:app_list": Page(OPERATOR, ("integrations",)),
    "admin:auth_user_password_change": Page(ADMIN, ("1",), statuses=(302, 404)),
    "admin:<any other>": Page(OPERATOR, statuses=(404,)),
}


@dataclass(frozen=True)
class Table:
    """From which group on the rows of a table may be seen, added, changed and deleted."""

    seen: int
    added: int = NOBODY
    changed: int = NOBODY
    deleted: int = NOBODY


TABLES: dict[str, Table] = {
    "integrations_account": Table(OPERATOR, changed=ADMIN),
    "integrations_store": Table(OPERATOR, changed=ADMIN),
    "integrations_integration": Table(OPERATOR, changed=ADMIN),
    "monitor_incident": Table(OPERATOR),
    "monitor_transition": Table(OPERATOR),
    "monitor_refresh": Table(OPERATOR),
    "monitor_notice": Table(ADMIN),
    "monitor_audit": Table(ADMIN),
    "monitor_user": Table(ADMIN, ADMIN, ADMIN, ADMIN),
    "monitor_subscription": Table(ADMIN, ADMIN, ADMIN, ADMIN),
    "auth_group": Table(ADMIN, ADMIN, ADMIN, ADMIN),
    "django_celery_beat_periodictask": Table(ADMIN, ADMIN, ADMIN, ADMIN),
    "django_celery_beat_intervalschedule": Table(ADMIN, ADMIN, ADMIN, ADMIN),
    "django_celery_beat_crontabschedule": Table(ADMIN, ADMIN, ADMIN, ADMIN),
    "django_celery_beat_clockedschedule": Table(ADMIN, ADMIN, ADMIN, ADMIN),
}


def addresses(resolver: Any = None, namespace: str = "") -> Iterator[str]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)
        else:
            assert isinstance(pattern, URLPattern)
            # A row's short address only redirects to its change page.
            if pattern.name is None and namespace and str(pattern.pattern) == "<path:object_id>/":
                continue
            yield f"{namespace}{pattern.name or '<any other>'}"


def of_tables() -> dict[str, Page]:
    """The addresses that the admin site makes for each table."""
    pages = {}
    for name, table in TABLES.items():
        row = (f"<{name}>",)
        pages |= {
            f"admin:{name}_changelist": Page(table.seen),
            f"admin:{name}_add": Page(table.added),
            f"admin:{name}_history": Page(table.seen, row),
            f"admin:{name}_change": Page(table.seen, row),
            f"admin:{name}_delete": Page(table.deleted, row),
        }
    return pages


DECLARED = {**PAGES, **of_tables()}


@pytest.fixture
def rows(fleet: Fleet) -> None:
    """At least one row in every table of the administration."""
    integration = fleet.integration
    Transition.objects.create(
        integration=integration, kind="verdict", at=NOW, old_state="ok", new_state="fail", rules_version=1
    )
    Notice.objects.create(
        incident=fleet.incident,
        step="opened",
        recipient="v@example.com",
        message_id="<1@x>",
        created_at=NOW,
        due_at=NOW,
    )
    Subscription.objects.create(email="v@example.com")
    audit.record(None, "store.change", fleet.store)
    CrontabSchedule.objects.create()
    ClockedSchedule.objects.create(clocked_time=NOW)
    interval = IntervalSchedule.objects.create(every=1, period="days")
    PeriodicTask.objects.create(name="a task", task="nothing", interval=interval)


def test_every_address_is_declared() -> None:
    assert sorted(set(addresses())) == sorted(DECLARED)


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_address_opens_for_its_groups_only(
    name: str, fleet: Fleet, rows: None, viewer: Client, operator: Client, admin: Client
) -> None:
    page = DECLARED[name]
    url = address_of(name, page, fleet)
    clients = {ANYBODY: Client(), VIEWER: viewer, OPERATOR: operator, ADMIN: admin}
    for group, client in clients.items():
        answer = client.get(url) if page.post is None else client.post(url, page.post)
        while answer.status_code == 302 and answer["Location"].startswith("/admin/"):
            # The admin site refuses by leading to its sign-in, where it is said why.
            answer = client.get(answer["Location"])
        to_sign_in = answer.status_code == 302 and answer["Location"].startswith("/login/")
        if group >= page.opens_for:
            is_login_page = PAGES.get(name, DECLARED[name]).opens_for == ANYBODY
            assert answer.status_code in page.statuses, (group, answer.status_code)
            assert is_login_page or not to_sign_in or name.endswith("logout"), group
        elif group == ANYBODY:
            assert to_sign_in, answer.status_code
        else:
            assert answer.status_code == 403, (group, answer.status_code)
        b"".join(answer)  # a file is closed at its end


def address_of(name: str, page: Page, fleet: Fleet) -> str:
    if name == "admin:<any other>":
        return "/admin/no-such-page/"
    values = []
    for word in page.args:
        if word.startswith("<"):
            row = apps.get_model(*word.strip("<>").rsplit("_", 1)).objects.first()
            assert row is not None, word
            values.append(row.pk)
            continue
        thing, dot, attribute = word.partition(".")
        values.append(getattr(getattr(fleet, thing), attribute) if dot and hasattr(fleet, thing) else word)
    return reverse(name, args=values)


@pytest.mark.parametrize("name", ["overview", "integrations", "incidents", "audit", "connect", "admin:index"])
def test_person_without_a_group_is_told_who_can_help(name: str, admin: Client) -> None:
    answer = signed_in(person("gus")).get(reverse(name), follow=True)
    assert answer.status_code == 403
    assert "ada" in answer.content.decode()
