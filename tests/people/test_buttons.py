"""A button is there only where pressing it works, for people whose rights differ from store to store."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Integration, Store
from monitor.access_control import OPERATOR, VIEWER
from monitor.models import BulkRefresh, Incident, Maintenance, Member, Refresh, Verdict
from monitor.models.refreshes import RefreshStrategy
from tests.people.conftest import NOW, Fleet, signed_in
from tests.people.test_roles_for_some_stores import limited

pytestmark = pytest.mark.integration


@pytest.fixture
def mixed(fleet: Fleet) -> Client:
    """Looks at the French store, and operates the German one."""
    return signed_in(limited("mia", (VIEWER, "fr"), (OPERATOR, "de")))


@pytest.fixture
def german(fleet: Fleet) -> Fleet:
    """A second store at the same hub, in the same state, with an incident of its own."""
    store = Store.objects.create(
        name="bonn", title="Laden Bonn", platform="woocommerce", url="http://127.0.0.1:9/bonn", tags=["de"]
    )
    one = Integration.objects.create(name="bonn-parcels", account=fleet.account, store=store, external_id="8")
    Verdict.objects.create(integration=one, state="fail", cause="imports", rule="stalled",
                           since=NOW, judged_at=NOW)  # fmt: skip
    incident = Incident.objects.create(
        scope=f"integration:{one.pk}", cause="imports", rule="stalled", state="fail",
        opened_at=NOW, started_at=NOW,
    )  # fmt: skip
    Member.objects.create(incident=incident, integration=one, joined_at=NOW)
    return Fleet(fleet.account, store, one, incident, fleet.refresh)


def pressed(client: Client, url: str) -> set[str]:
    """Every address that a button or a form of a page leads to."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    return set(re.findall(r'(?:formaction|action|data-tell)="([^"]+)"', answer.content.decode()))


def running(fleet: Fleet, bulk: BulkRefresh | None = None) -> Refresh:
    now = timezone.now()
    return Refresh.objects.create(
        integration=fleet.integration, bulk=bulk, actor="omar", reason="x", strategy=RefreshStrategy.PANEL,
        stage="waiting", requested_at=now, due_at=now,
    )  # fmt: skip


def test_each_button_is_shown_for_the_store_that_one_operates_only(
    mixed: Client, fleet: Fleet, german: Fleet
) -> None:
    everywhere = pressed(mixed, reverse("overview"))
    for where, is_mine in ((fleet, False), (german, True)):
        answer = reverse("incident-acknowledge", args=[where.incident.pk])
        refresh = reverse("refresh-request", args=[where.integration.name])
        page = reverse("integration", args=[where.integration.name])
        shown = pressed(mixed, page)
        assert (answer in everywhere) is (answer in shown) is is_mine
        assert (refresh in shown) is is_mine
        incident = pressed(mixed, reverse("incident", args=[where.incident.pk]))
        said = {reverse(f"incident-{what}", args=[where.incident.pk]) for what in ("snooze", "comment")}
        assert ({answer} | said <= incident) is is_mine
        assert bool(incident & ({answer} | said)) is is_mine
        planned = reverse("maintenance") + f"?scope=store:{where.store.pk}#plan"
        assert (planned in mixed.get(page).content.decode()) is is_mine


def test_only_rows_are_ticked_with_which_something_can_be_done(
    mixed: Client, fleet: Fleet, german: Fleet
) -> None:
    table = mixed.get(reverse("integrations")).content.decode()
    ticked = re.findall(r'name="chosen" value="([^"]+)"', table)
    assert ticked == [german.integration.name]
    assert fleet.integration.name in table


def test_what_runs_is_ended_by_who_answers_for_all_of_it(mixed: Client, fleet: Fleet, german: Fleet) -> None:
    now = timezone.now()
    bulk = BulkRefresh.objects.create(actor="omar", reason="x", requested_at=now)
    for where, is_mine in ((fleet, False), (german, True)):
        refresh = running(where, bulk)
        cancel = reverse("refresh-cancel", args=[refresh.pk])
        shown = pressed(mixed, reverse("integration", args=[where.integration.name]))
        assert (
            (cancel in shown) is (cancel in pressed(mixed, reverse("refresh", args=[refresh.pk]))) is is_mine
        )
        window = Maintenance.objects.create(title="x", store=where.store, starts_at=now, created_at=now,
                                            ends_at=now + timedelta(hours=1))  # fmt: skip
        end = reverse("maintenance-end", args=[window.pk])
        assert (end in pressed(mixed, reverse("maintenance"))) is is_mine
    rest = reverse("refresh-many-cancel", args=[bulk.pk])
    assert rest not in pressed(mixed, reverse("refresh-many", args=[bulk.pk]))
    Refresh.objects.filter(bulk=bulk, integration=fleet.integration).update(bulk=None)
    assert rest in pressed(mixed, reverse("refresh-many", args=[bulk.pk]))


def test_an_incident_shared_with_another_store_is_not_answered(
    mixed: Client, fleet: Fleet, german: Fleet
) -> None:
    Member.objects.filter(incident=fleet.incident).delete()
    Member.objects.create(incident=german.incident, integration=fleet.integration, joined_at=NOW)
    answer = reverse("incident-acknowledge", args=[german.incident.pk])
    for page in (
        reverse("overview"),
        reverse("integration", args=[german.integration.name]),
        reverse("incident", args=[german.incident.pk]),
    ):
        assert answer not in pressed(mixed, page)
