"""Who has a role for the stores with some tags sees and does nothing of the others, at any address."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations.models import Account, Integration, Store
from monitor.access_control import ACKNOWLEDGE, FORCE_REFRESH, OPERATOR, PEOPLE, VIEW, VIEWER
from monitor.dashboard.queries import fleet as fleet_queries
from monitor.models import (
    Arrival,
    BulkRefresh,
    Incident,
    Job,
    Maintenance,
    Member,
    Refresh,
    Role,
    StoreExamination,
    Transition,
    User,
    Verdict,
)
from monitor.models.refreshes import RefreshStrategy
from monitor.scope import NOTHING, PATHS, scope_of
from tests.people.conftest import NOW, Fleet, person, signed_in
from tests.people.test_urls_by_group import DECLARED, Page, address_of

pytestmark = pytest.mark.integration

HIDDEN = "zebra"
"""In every name of what the person must not see."""
LIVE = (
    "live", "rows", "head", "access", "refresh", "waiting", "tracking", "checked", "calls", "record",
    "picture", "tools",
)  # fmt: skip
"""The parts of pages that are asked for again."""
ROWS: dict[str, Callable[[Fleet], int]] = {
    "refresh": lambda other: other.refresh.pk,
    "refresh-cancel": lambda other: other.refresh.pk,
    "refresh-many": lambda other: other.refresh.bulk_id,
    "refresh-many-cancel": lambda other: other.refresh.bulk_id,
    "maintenance-end": lambda other: Maintenance.objects.get(store=other.store).pk,
}
"""Rows about the other store that no attribute of the fleet names."""


def limited(name: str, *roles: tuple[str, str]) -> User:
    user = person(name)
    for group, tag in roles:
        Role.objects.create(user=user, group=Group.objects.get(name=group), tags=[tag])
    return user


@pytest.fixture
def other(db: None) -> Fleet:
    """A store with another tag, in trouble in every way that pages tell."""
    now = timezone.now()
    account = Account.objects.create(
        name="zebra-hub", title="Zebra hub", kind="sendcloud", url="http://127.0.0.1:9/z"
    )
    store = Store.objects.create(
        name="zebra", title="Zebra shop", platform="woocommerce", url="http://zebra.example", tags=["de"]
    )
    one = Integration.objects.create(name="zebra-parcels", account=account, store=store, external_id="9")
    Verdict.objects.create(integration=one, state="fail", cause="imports", rule="stalled",
                           since=now, judged_at=now, waiting_count=77)  # fmt: skip
    Transition.objects.create(
        integration=one, kind="verdict", at=now, old_state="ok", new_state="fail", rules_version=1
    )
    Arrival.objects.create(integration=one, order_key="1", order_number="zebra-1", expected=True,
                           eligible_at=now - timedelta(hours=2))  # fmt: skip
    incident = Incident.objects.create(
        scope=f"account:{account.pk}", cause="imports", rule="stalled", state="fail",
        evidence={"shared": "Zebra hub"}, opened_at=now, started_at=now,
    )  # fmt: skip
    Member.objects.create(incident=incident, integration=one, joined_at=now)
    bulk = BulkRefresh.objects.create(actor="zebra", reason="zebra", requested_at=now)
    refresh = Refresh.objects.create(
        integration=one, bulk=bulk, actor="zebra", reason="zebra", strategy=RefreshStrategy.PANEL,
        stage="waiting", requested_at=now, due_at=now,
    )  # fmt: skip
    Maintenance.objects.create(title="zebra", store=store, starts_at=now, ends_at=now + timedelta(hours=1),
                               created_at=now)  # fmt: skip
    Job.objects.create(kind="hub_state", target_id=account.pk, account=account, due_at=now, interval_s=60,
                       failures=3, last_message="zebra")  # fmt: skip
    StoreExamination.objects.create(store=store, at=now, since=now, fingerprint="zebra", severity="fail",
                                    document={}, diagnoses=[])  # fmt: skip
    return Fleet(account, store, one, incident, refresh)


@pytest.fixture
def somebody(fleet: Fleet, other: Fleet) -> Client:
    """An operator of the French stores."""
    return signed_in(limited("fred", (OPERATOR, "fr")))


def is_of_a_row(page: Page) -> bool:
    """Such pages are the administration's, which is closed, or about a person's own notices."""
    return "<" in "".join(page.args)


def is_about_a_store(name: str) -> bool:
    page = DECLARED[name]
    of_fleet = any(word.partition(".")[0] in Fleet.__dataclass_fields__ for word in page.args)
    return name in ROWS or (of_fleet and not is_of_a_row(page))


@pytest.mark.parametrize("name", [name for name in sorted(DECLARED) if is_about_a_store(name)])
def test_nothing_of_a_store_with_another_tag_opens_or_changes(
    name: str, somebody: Client, other: Fleet
) -> None:
    page = DECLARED[name]
    url = reverse(name, args=[ROWS[name](other)]) if name in ROWS else address_of(name, page, other)
    answer = somebody.get(url) if page.post is None else somebody.post(url, page.post)
    assert answer.status_code in {403, 404}
    other.incident.refresh_from_db()
    assert other.incident.acknowledged_at is None
    assert not other.incident.remarks.exists()
    assert Refresh.objects.filter(integration=other.integration, finished_at=None).count() == 1
    assert Maintenance.objects.filter(store=other.store, closed_at=None, cut_at=None).exists()


@pytest.mark.parametrize(
    "name", sorted(name for name, page in DECLARED.items() if page.post is None and not is_of_a_row(page))
)
def test_no_page_tells_of_a_store_with_another_tag(name: str, somebody: Client, fleet: Fleet) -> None:
    url = address_of(name, DECLARED[name], fleet)
    parts = [f"?part={part}" for part in LIVE] if "?part=" in told_at(somebody, url) else []
    for query in ("", *parts, "?q=zebra&tag=de&state=bad"):
        # What was searched for stands in the search field.
        shown = told_at(somebody, url + query).replace('value="zebra"', "").replace("q=zebra", "")
        assert HIDDEN not in shown, url + query


def told_at(client: Client, url: str) -> str:
    answer = client.get(url)
    return (b"".join(answer) if answer.streaming else answer.content).decode().lower()


def test_refreshing_many_takes_only_own_stores(somebody: Client, fleet: Fleet, other: Fleet) -> None:
    chosen = [fleet.integration.name, other.integration.name]
    shown = somebody.post(reverse("refresh-preview"), {"chosen": chosen}).content.decode().lower()
    assert "boutique lyon" in shown
    assert HIDDEN not in shown
    for choice in ({"chosen": chosen}, {"all": "1"}):
        somebody.post(reverse("refresh-start"), {**choice, "reason": "customers call"})
    assert Refresh.objects.filter(integration=other.integration).count() == 1


def test_counts_are_of_own_stores(somebody: Client, fleet: Fleet, other: Fleet) -> None:
    scope = scope_of(User.objects.get(username="fred"))
    summary = fleet_queries.summary(Q(pk__in=()), scope)
    assert (summary.total, summary.waiting) == (1, 0)


def test_a_shared_incident_shows_own_members_and_is_answered_by_who_answers_for_all(
    somebody: Client, fleet: Fleet, other: Fleet
) -> None:
    Member.objects.filter(integration=fleet.integration).delete()
    Member.objects.create(incident=other.incident, integration=fleet.integration, joined_at=NOW)
    Incident.objects.filter(pk=other.incident.pk).update(evidence={"shared": "the hub"})
    shown = somebody.get(reverse("incident", args=[other.incident.pk]))
    assert shown.status_code == 200
    assert "Boutique Lyon" in shown.content.decode()
    assert HIDDEN not in shown.content.decode().lower()
    acknowledge = reverse("incident-acknowledge", args=[other.incident.pk])
    assert somebody.post(acknowledge).status_code in {403, 404}
    everywhere = signed_in(person("olga", OPERATOR))
    assert everywhere.post(acknowledge).status_code == 302


def test_a_viewer_of_all_operates_only_where_they_have_the_role(fleet: Fleet, other: Fleet) -> None:
    user = limited("mia", (OPERATOR, "fr"))
    user.groups.add(Group.objects.get(name=VIEWER))
    client = signed_in(user)
    assert client.get(reverse("integration", args=[other.integration.name])).status_code == 200
    press = reverse("refresh-request", args=[other.integration.name])
    assert client.post(press, {"reason": "x"}).status_code in {403, 404}
    mine = reverse("refresh-request", args=[fleet.integration.name])
    assert client.post(mine, {"reason": "x"}).status_code == 302
    assert scope_of(user).is_everything
    assert scope_of(user, FORCE_REFRESH).tags == {"fr"}


def test_roles_add_up_and_what_all_stores_share_needs_a_role_for_all(fleet: Fleet) -> None:
    user = limited("max", (VIEWER, "de"), (OPERATOR, "fr"), ("admin", "it"))
    assert scope_of(user).tags == {"de", "fr", "it"}
    assert scope_of(user, ACKNOWLEDGE).tags == {"fr", "it"}
    assert scope_of(user, PEOPLE) == NOTHING
    assert not user.has_perm(PEOPLE)
    assert signed_in(user).get(reverse("admin:index")).status_code in {302, 403}


def test_limits_cost_no_query(fleet: Fleet, django_assert_num_queries) -> None:
    for made in (person("vera", VIEWER), limited("fred", (VIEWER, "fr"))):
        user = User.objects.get(pk=made.pk)
        with django_assert_num_queries(1):
            assert user.has_perm(VIEW)
            scope_of(user)
            scope_of(user, FORCE_REFRESH)


def test_nobody_and_the_closed_out_see_nothing(fleet: Fleet) -> None:
    gone = person("gone", VIEWER, is_active=False)
    assert scope_of(gone) == NOTHING
    assert not NOTHING.limit(Integration.objects.all()).exists()
    assert not NOTHING.limit(Maintenance.objects.filter(store__isnull=False)).exists()


def test_an_unknown_table_is_refused_and_not_shown() -> None:
    with pytest.raises(KeyError):
        NOTHING.limit(User.objects.all())


def test_every_table_that_leads_to_one_store_is_limited_by_its_tags(fleet: Fleet) -> None:
    for label in PATHS:
        model = apps.get_model(label)
        assert not NOTHING.limit(model.objects.all()).exists()


def test_a_role_has_tags(db: None) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Role.objects.create(user=person("eve"), group=Group.objects.get(name=VIEWER), tags=[])
