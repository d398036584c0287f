"""The administration: forcing refreshes on several, changes audited, history read-only."""

import re

import pytest
from django.contrib.admin import site
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import translation

from integrations.models import Integration, Store
from monitor import audit
from monitor.models import Audit, Notice, Refresh, Subscription, Transition, User
from monitor.refresh import bulk
from tests.people.conftest import NOW, Fleet, person

pytestmark = pytest.mark.integration

NO_ROLES = {"roles-TOTAL_FORMS": 0, "roles-INITIAL_FORMS": 0}
LIST = "admin:integrations_integration_changelist"


@pytest.fixture
def two(fleet: Fleet) -> list[Integration]:
    paris = Store.objects.create(name="paris", platform="woocommerce", url="https://paris.example")
    other = Integration.objects.create(
        name="paris-parcels", account=fleet.account, store=paris, external_id="8"
    )
    return [fleet.integration, other]


def act(client: Client, chosen: list[Integration], **more: str) -> str:
    data = {"action": "force_refresh", ACTION_CHECKBOX_NAME: [row.pk for row in chosen], **more}
    return client.post(reverse(LIST), data, follow=True).content.decode()


def test_action_leads_to_the_preview_which_asks_for_the_reason(
    operator: Client, two: list[Integration]
) -> None:
    Integration.objects.filter(pk=two[1].pk).update(is_paused=True)
    page = act(operator, two)
    assert "Why (kept in the record)" in page
    assert all(str(row) in page for row in two)
    assert "is paused" in page
    assert f'action="{reverse("refresh-start")}"' in page
    assert not Refresh.objects.filter(finished_at__isnull=True).exists()


def test_action_refuses_more_than_anybody_means(
    operator: Client, two: list[Integration], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST", 1)
    assert "At most 1 integrations" in act(operator, two)


def test_viewer_has_no_such_action(viewer: Client, two: list[Integration]) -> None:
    assert "Why (kept in the record)" not in act(viewer, two)


def test_change_of_a_persons_groups_is_audited(admin: Client) -> None:
    otto = person("otto", "viewer", is_staff=False)
    entered = {"username": "otto", "email": "otto@example.com", "language": "en", "is_active": "on",
               **NO_ROLES, "groups": [Group.objects.get(name="operator").pk]}  # fmt: skip
    answer = admin.post(reverse("admin:monitor_user_change", args=[otto.pk]), entered)
    assert answer.status_code == 302, answer.context["errors"]
    row = Audit.objects.get(action="user.change")
    assert (row.before["groups"], row.after["groups"]) == (["viewer"], ["operator"])


def test_role_for_some_stores_is_given_in_the_administration_and_audited(admin: Client) -> None:
    otto, operators = person("otto", is_staff=False), Group.objects.get(name="operator")
    entered = {"username": "otto", "email": "otto@example.com", "language": "en", "is_active": "on",
               "roles-TOTAL_FORMS": 1, "roles-INITIAL_FORMS": 0, "roles-0-user": otto.pk,
               "roles-0-group": operators.pk, "roles-0-tags": "fr, vip"}  # fmt: skip
    answer = admin.post(reverse("admin:monitor_user_change", args=[otto.pk]), entered)
    assert answer.status_code == 302, answer.context["errors"]
    row = Audit.objects.get(action="user.change")
    assert (row.before["roles"], row.after["roles"]) == ([], ["operator: fr, vip"])
    assert "Operator (fr, vip)" in admin.get(reverse("admin:monitor_user_changelist")).content.decode()


def test_tables_stand_in_sections_under_names_that_people_know(admin: Client, fleet: Fleet) -> None:
    sections = admin.get(reverse("admin:index")).context["app_list"]
    assert [str(one["name"]) for one in sections] == [
        "What is connected", "What happened", "People", "Periodic work"
    ]  # fmt: skip
    assert [table["name"] for table in sections[1]["models"]][-1] == "Who changed what"
    page = admin.get(reverse("admin:integrations_store_changelist")).content.decode()
    assert "WooCommerce" in page
    assert "Woocommerce" not in page
    assert str(fleet.store) in page


def test_new_person_can_sign_in(admin: Client) -> None:
    entered = {"username": "nina", "email": "n@example.com", "usable_password": "true",
               "password1": "correct horse 9", "password2": "correct horse 9", **NO_ROLES,
               "groups": [Group.objects.get(name="viewer").pk]}  # fmt: skip
    assert admin.post(reverse("admin:monitor_user_add"), entered).status_code == 302
    assert User.objects.get(username="nina").has_perm("monitor.view_verdict")
    assert "password" not in str(Audit.objects.get(action="user.create").after)
    answer = Client().post(reverse("login"), {"login": "nina", "password": "correct horse 9"})
    assert answer["Location"] == reverse("overview")


def test_only_a_superuser_makes_superusers(admin: Client) -> None:
    otto = person("otto")
    entered = {"username": "otto", "language": "en", "is_active": "on", "is_superuser": "on", **NO_ROLES}
    admin.post(reverse("admin:monitor_user_change", args=[otto.pk]), entered)
    otto.refresh_from_db()
    assert not otto.is_superuser


def test_change_of_a_store_is_audited_with_before_and_after(admin: Client, fleet: Fleet) -> None:
    entered = {"title": "Lyon", "url": "https://lyon.example", "time_zone": "UTC", "tags": "fr",
               "is_active": "on"}  # fmt: skip
    assert (
        admin.post(reverse("admin:integrations_store_change", args=[fleet.store.pk]), entered).status_code
        == 302
    )
    row = Audit.objects.get(action="store.change")
    assert row.before["title"] == "Boutique Lyon"
    assert row.after["title"] == "Lyon"
    fleet.store.refresh_from_db()
    assert fleet.store.credentials["consumer_secret"].startswith("cs_")


def test_history_cannot_be_changed(admin: Client, fleet: Fleet) -> None:
    url = reverse("admin:monitor_incident_change", args=[fleet.incident.pk])
    assert admin.post(url, {"state": "ok"}).status_code == 403
    fleet.incident.refresh_from_db()
    assert (fleet.incident.state, fleet.incident.opened_at) == ("fail", NOW)


@pytest.mark.parametrize(
    ("table", "search"),
    [
        ("integrations_integration", "lyon"),
        ("integrations_store", "Boutique"),
        ("monitor_incident", "lyon"),
        ("monitor_refresh", "customers"),
    ],
)
def test_tables_can_be_searched(admin: Client, fleet: Fleet, table: str, search: str) -> None:
    url = reverse(f"admin:{table}_changelist")
    assert admin.get(url, {"q": search}).context["cl"].result_count == 1
    assert admin.get(url, {"q": "nothing like it"}).context["cl"].result_count == 0


def test_history_is_told_in_words_and_found_by_the_stores_title(operator: Client, fleet: Fleet) -> None:
    Transition.objects.create(
        integration=fleet.integration, kind="verdict", at=NOW, old_state="ok", new_state="fail",
        new_rule="stalled", rules_version=1,
    )  # fmt: skip
    for name in ("monitor_incident", "monitor_transition"):
        page = operator.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert "stalled" in page
        assert "Boutique Lyon" in page
        assert not re.search(r">\s*(fail|ok|imports)\s*<", page)
    found = operator.get(reverse("admin:monitor_refresh_changelist"), {"q": "Boutique"}).content.decode()
    assert "customers call" in found


def test_rows_of_history_tell_in_words_what_they_hold(admin: Client, fleet: Fleet) -> None:
    moved = Transition.objects.create(
        integration=fleet.integration, kind="verdict", at=NOW, old_state="ok", new_state="fail",
        new_rule="stalled", rules_version=1, evidence={"cause": "imports"},
    )  # fmt: skip
    changed = audit.record(
        person("otto", first_name="Otto", last_name="Lang"), "integration.change", fleet.integration,
        {"is_paused": False}, {"is_paused": True},
    )  # fmt: skip
    hook = Subscription.objects.create(
        channel="webhook", label="Team chat", endpoint={"url": "https://x.example"}
    )
    told = Notice.objects.create(
        incident=fleet.incident, step="reminder-2", channel="webhook", recipient=hook.recipient,
        message_id="<1@x>", created_at=NOW, due_at=NOW,
    )  # fmt: skip
    with translation.override("fr"):
        User.objects.update(language="fr")
        pages = {
            row: admin.get(
                reverse(f"admin:{row._meta.label_lower.replace('.', '_')}_change", args=[row.pk])
            ).content.decode()
            for row in (fleet.incident, moved, changed, told)
        }
    assert f"Incident {fleet.incident.pk}" in pages[fleet.incident]
    assert "commandes" in pages[fleet.incident]
    assert "à l’arrêt" in pages[moved]
    assert "Otto Lang (otto)" in pages[changed]
    assert re.search(r"en pause\s?: oui", pages[changed])
    assert f"intégration {fleet.integration.name}" in pages[changed]
    assert "Team chat" in pages[told]
    for page in pages.values():
        main = page.partition('id="content"')[2]
        assert not re.search(r">\s*(fail|ok|imports|verdict|stalled)\s*<|is_paused|Monitor", main)


def test_the_administration_shows_no_second_factors_and_no_sessions(admin: Client) -> None:
    page = admin.get(reverse("admin:index")).content.decode()
    assert "mfa" not in page.lower()
    assert "usersession" not in page.lower()


def test_zone_that_there_is_not_is_refused(admin: Client) -> None:
    """One that got in would stop telling everybody of anything."""
    row = Subscription.objects.create(email="ops@shop.example", time_zone="Europe/Paris")
    url = reverse("admin:monitor_subscription_change", args=[row.pk])
    entered = {"email": row.email, "language": "en", "include_warnings": "on", "is_active": "on"}
    assert "Write it like Europe/Paris" in admin.post(url, entered | {"time_zone": "Paris"}).content.decode()
    assert admin.post(url, entered | {"time_zone": "Asia/Tokyo"}).status_code == 302
    row.refresh_from_db()
    assert (row.time_zone, row.channel) == ("Asia/Tokyo", "mail")


def test_every_list_can_be_searched_and_counts_what_its_filters_find(admin: Client) -> None:
    for table in site._registry:
        url = reverse(f"admin:{table._meta.app_label}_{table._meta.model_name}_changelist")
        assert admin.get(url, {"q": "nothing like it 7"}).context["cl"].result_count == 0, table
        assert admin.get(url, {"_facets": "True"}).status_code == 200, table
