"""Whatever changes something of the installation leaves a row in the audit, at every address there is."""

import inspect
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group
from django.core import signing
from django.db import transaction
from django.test import Client, TestCase
from django.urls import reverse
from django.utils import timezone

from integrations.models import Integration
from monitor import audit
from monitor.access_control import ADMIN, OPERATOR, VIEWER
from monitor.admin.base import Audited
from monitor.alerts.links import answer_link
from monitor.models import (
    Audit,
    BulkRefresh,
    Channel,
    Job,
    Maintenance,
    Notice,
    Refresh,
    SavedView,
    Subscription,
    User,
)
from monitor.people import invitations
from tests.people.conftest import NOW, Fleet, person, signed_in
from tests.people.test_connecting import STORE
from tests.people.test_urls_by_group import DECLARED, address_of

pytestmark = pytest.mark.integration

Data = dict[str, Any]
Change = Callable[[Fleet, User], tuple[list[Any], Data]]
"""Makes the rows that an address needs, and gives its arguments and what is sent to it."""

_MAY_CHANGE = django_admin.ModelAdmin.has_change_permission
_PASSWORD = "battery staple 7"
_NOTICES = {"email": "new@shop.example", "include_warnings": "True", "language": "en", "time_zone": "UTC",
            "is_active": "on"}  # fmt: skip
_ACCOUNT = {"title": "Parcels two", "url": "https://hub.example/api/v3", "requests_per_minute": "60",
            "is_active": "on", "settings-user_agents": "Sendcloud/1.0.0", "settings-api": "v3",
            "settings-look_back_s": "600",
            "settings-panel_url_template": "https://app.sendcloud.com/i/{system}",
            "credentials-public_key": "public-key-0002",
            "credentials-secret_key": "secret-key-0002"}  # fmt: skip


def group(name: str) -> int:
    return Group.objects.get(name=name).pk


def told(**more: Any) -> Subscription:
    return Subscription.objects.create(**({"email": "ops@shop.example"} | more))


def waiting(fleet: Fleet, bulk: BulkRefresh | None = None) -> Refresh:
    now = timezone.now()
    return Refresh.objects.create(
        integration=fleet.integration, bulk=bulk, actor="omar", reason="x", strategy="panel",
        stage="waiting", requested_at=now, due_at=now,
    )  # fmt: skip


def several(fleet: Fleet) -> BulkRefresh:
    bulk = BulkRefresh.objects.create(actor="omar", reason="x", requested_at=timezone.now())
    waiting(fleet, bulk)
    return bulk


def window(fleet: Fleet) -> Maintenance:
    now = timezone.now()
    return Maintenance.objects.create(title="x", store=fleet.store, starts_at=now - timedelta(hours=1),
                                      ends_at=now + timedelta(hours=1), created_at=now)  # fmt: skip


def invited(user: User) -> int:
    role = Group.objects.get(name=VIEWER)
    made = invitations.invite("b@x.example", role, [], language="en", by=user, now=timezone.now())
    return made.pk


def mailed(fleet: Fleet) -> str:
    told()
    notice = Notice.objects.create(recipient="ops@shop.example", incident=fleet.incident, step="opened",
                                   message_id="<9@x>", created_at=NOW, due_at=NOW)  # fmt: skip
    return answer_link(notice).rstrip("/").rpartition("/")[2]


def examined(fleet: Fleet) -> str:
    later = timezone.now() + timedelta(hours=1)
    Job.objects.update_or_create(
        kind="store_examination", target_id=fleet.store.pk,
        defaults={"due_at": later, "interval_s": 900},
    )  # fmt: skip
    return fleet.integration.name


def elsewhere(user: User) -> list[Any]:
    Client().post(reverse("login"), {"login": user.username, "password": _PASSWORD})
    return []


def unwatched(fleet: Fleet, name: str) -> str:
    Integration.objects.filter(pk=fleet.integration.pk).delete()
    return name


def factor(user: User, kind: str = "totp") -> int:
    return Authenticator.objects.create(user=user, type=kind, data={"secret": "x", "credential": {}}).pk


def proof(user: User) -> str:
    return signing.dumps([user.pk, user.email, "new@x.example"], salt="monitor.people.addresses")


CHANGES: dict[str, Change] = {
    "settings": lambda fleet, user: (
        [], {"first_name": "Ada", "email": user.email, "language": "en", "time_zone": "", "theme": ""}
    ),
    "settings-address": lambda fleet, user: ([], {"token": proof(user)}),
    "password-change": lambda fleet, user: (
        [], {"old_password": _PASSWORD, "new_password1": "more battery 8", "new_password2": "more battery 8"}
    ),
    "sessions": lambda fleet, user: (elsewhere(user), {}),
    "mfa_deactivate_totp": lambda fleet, user: ([], {"as": factor(user)}),
    "mfa_remove_webauthn": lambda fleet, user: ([factor(user, "webauthn")], {}),
    "mfa_generate_recovery_codes": lambda fleet, user: ([], {"as": factor(user)}),
    "people-invite": lambda fleet, user: (
        [], {"email": "a@x.example", "role": group(VIEWER), "where": "all", "language": "en"}
    ),
    "invitation": lambda fleet, user: ([invited(user)], {}),
    "person": lambda fleet, user: (
        [person("zoe", VIEWER).pk], {"role": group(OPERATOR), "where": "all", "is_active": "on"}
    ),
    "person-sign-out": lambda fleet, user: ([person("zoe", VIEWER).pk], {}),
    "view-save": lambda fleet, user: ([], {"name": "mine", "query": "state=bad"}),
    "view-remove": lambda fleet, user: (
        [], {"view": SavedView.objects.create(user=user, name="x", query="", created_at=NOW).pk}
    ),
    "change-start": lambda fleet, user: ([], {"change": "pause", "chosen": fleet.integration.name}),
    "refresh-request": lambda fleet, user: ([fleet.integration.name], {"reason": "customers call"}),
    "refresh-start": lambda fleet, user: ([], {"chosen": fleet.integration.name, "reason": "x"}),
    "refresh-opened": lambda fleet, user: ([waiting(fleet).integration.name], {}),
    "refresh-cancel": lambda fleet, user: ([waiting(fleet).pk], {}),
    "refresh-many-cancel": lambda fleet, user: ([several(fleet).pk], {}),
    "examine-now": lambda fleet, user: ([examined(fleet)], {}),
    "incident-acknowledge": lambda fleet, user: ([fleet.incident.pk], {}),
    "incident-snooze": lambda fleet, user: ([fleet.incident.pk], {"text": "tomorrow", "for": "1d"}),
    "incident-comment": lambda fleet, user: ([fleet.incident.pk], {"text": "looking"}),
    "incident-answer": lambda fleet, user: ([mailed(fleet)], {"what": "acknowledge"}),
    "notices-add": lambda fleet, user: (["mail"], _NOTICES),
    "notices-change": lambda fleet, user: ([told().pk], _NOTICES),
    "notices-test": lambda fleet, user: ([told().pk], {}),
    "notices-works-again": lambda fleet, user: ([told(bounced_at=NOW).pk], {}),
    "notices-secret": lambda fleet, user: (
        [told(email="", label="x", channel=Channel.WEBHOOK, endpoint={"url": "https://x.example"}).pk], {}
    ),
    "notices-remove": lambda fleet, user: ([told().pk], {}),
    "maintenance": lambda fleet, user: (
        [], {"title": "x", "scope": "all:", "ends_at": "2099-01-01T00:00", "time_zone": "UTC",
             "starts_at": "2098-12-31T00:00"}
    ),
    "maintenance-end": lambda fleet, user: ([window(fleet).pk], {}),
    "connect-store-add": lambda fleet, user: (["woocommerce"], STORE | {"title": "Nice"}),
    "connect-store": lambda fleet, user: (["lyon"], STORE),
    "connect-store-remove": lambda fleet, user: ([unwatched(fleet, "lyon")], {}),
    "connect-account-add": lambda fleet, user: (["sendcloud"], _ACCOUNT),
    "connect-account": lambda fleet, user: (["parcels"], _ACCOUNT),
    "connect-account-remove": lambda fleet, user: ([unwatched(fleet, "parcels")], {}),
    "connect-fleet-file": lambda fleet, user: ([], {}),
    "connect-integration": lambda fleet, user: ([fleet.integration.name], {"tolerance_min": "45"}),
    "connect-integration-remove": lambda fleet, user: ([fleet.integration.name], {}),
}  # fmt: skip

PROVEN: dict[str, tuple[str, str]] = {
    "setup": ("people.test_setup", "person.create"),
    "invited": ("people.test_accounts", "person.join"),
    "account_reset_password_from_key": ("people.test_accounts", "person.password"),
    "mfa_activate_totp": ("people.test_accounts", "person.factor_add"),
    "mfa_add_webauthn": ("people.test_accounts", "person.factor_add"),
    "openid_connect_callback": ("people.test_provider", "person.provider_add"),
    "socialaccount_connections": ("people.test_provider", "person.provider_remove"),
    "connect-watch": ("people.test_connecting", "integration.create"),
    "manual-tick": ("safety.test_pages_of_systems", "check.tick"),
    "store-subscribe": ("people.test_finding", "store.subscribe"),
}
"""What takes several steps or another system: the tests that look for its row."""

NOTHING: dict[str, str] = {
    **dict.fromkeys(
        ("login", "account_login", "login-once", "logout", "account_logout", "mfa_authenticate",
         "mfa_login_webauthn", "account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn",
         "openid_connect_login"),
        "comes and goes",
    ),
    "account_reset_password": "sends a link to who has the address",
    **dict.fromkeys(("mfa_view_recovery_codes", "mfa_download_recovery_codes"), "shows one's own"),
    "mfa_edit_webauthn": "what one calls one's own key",
    **dict.fromkeys(("change-preview", "refresh-preview"), "shows what would happen"),
    **dict.fromkeys(("connect-store-test", "connect-account-test", "connect-store-find"), "only asks"),
}  # fmt: skip
"""What changes nothing of the installation, and why one can say so."""


NOTED_AFTER = {"mfa_deactivate_totp", "mfa_remove_webauthn", "mfa_generate_recovery_codes"}
"""What allauth does and tells of once it is stored."""


class _Back(Exception):
    """Takes back what was done."""


class _Unnoted(Exception):
    """The row of the audit could not be written."""


def sure(user: User) -> Client:
    """Signed in by somebody who has just entered their password once more."""
    client = signed_in(user)
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


def done(client: Client, url: str, data: Data) -> tuple[int, int]:
    """The status of a POST, and how many rows the audit has more after it. The caller takes it back."""
    before = Audit.objects.count()
    # Second factors are noted once they are stored; nobody is to be nudged.
    with TestCase.captureOnCommitCallbacks(execute="/account/" in url):
        status = client.post(url, data).status_code
    return status, Audit.objects.count() - before


def test_every_change_leaves_a_row(fleet: Fleet) -> None:
    user = person("ada", ADMIN)
    user.set_password(_PASSWORD)
    user.save()
    missing = {}
    for name, change in CHANGES.items():
        try:
            with transaction.atomic():
                args, data = change(fleet, user)
                client = sure(user)
                status, more = done(client, reverse(name, args=args), data)
                raise _Back
        except _Back:
            if status not in {200, 302} or not more:
                missing[name] = (status, more)
    assert not missing


def contents() -> dict[str, list[Any]]:
    """Every row there is, but for who is signed in where."""
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model._meta.app_label in {"monitor", "integrations", "auth", "account", "mfa", "socialaccount"}
    }


def test_what_cannot_be_noted_is_not_done(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise _Unnoted

    user = person("ada", ADMIN)
    user.set_password(_PASSWORD)
    user.save()
    done_all_the_same = {}
    for name in sorted(CHANGES.keys() - NOTED_AFTER):
        try:
            with transaction.atomic():
                args, data = CHANGES[name](fleet, user)
                client = sure(user)
                client.get(reverse("settings"))
                before = contents()
                with monkeypatch.context() as patched:
                    patched.setattr(audit, "record", refuse)
                    with pytest.raises(_Unnoted):
                        client.post(reverse(name, args=args), data)
                after = contents()
                raise _Back
        except _Back:
            if after != before:
                done_all_the_same[name] = [label for label, rows in after.items() if rows != before[label]]
    assert not done_all_the_same


def test_every_address_that_takes_a_post_is_known_to_leave_one(fleet: Fleet) -> None:
    client = signed_in(person("ada", ADMIN))
    known = {*CHANGES, *PROVEN, *NOTHING}
    unknown = []
    for name, page in DECLARED.items():
        if name.startswith("admin:") or name in known:
            continue
        url = reverse(name, args=[0]) if "<" in "".join(page.args) else address_of(name, page, fleet)
        if client.post(url, {}).status_code != 405:
            unknown.append(name)
    assert not unknown
    assert not known - DECLARED.keys()
    for module, action in PROVEN.values():
        assert f'"{action}"' in inspect.getsource(import_module(f"tests.{module}")), module


def test_the_administration_changes_rows_with_an_audit_only() -> None:
    for table in django_admin.site._registry.values():
        is_shown_only = type(table).has_change_permission is not _MAY_CHANGE
        assert isinstance(table, Audited) or is_shown_only, table
