"""The audit holds what changed, never a secret, and cannot be rewritten."""

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from ruamel.yaml import YAML

from monitor import audit
from monitor.models import Audit, User
from tests.people.conftest import SECRET, Fleet, person

pytestmark = pytest.mark.integration


@pytest.fixture
def row(db: None) -> Audit:
    return audit.record(person("eve"), "store.change", "store lyon", {"url": "a"}, {"url": "b"})


def test_row_cannot_be_changed(row: Audit) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Audit.objects.filter(pk=row.pk).update(actor="somebody else")


def test_row_cannot_be_deleted(row: Audit) -> None:
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Audit.objects.filter(pk=row.pk).delete()


def test_row_outlives_the_person_and_keeps_the_name(row: Audit) -> None:
    User.objects.get(username="eve").delete()
    row.refresh_from_db()
    assert (row.user, row.actor) == (None, "eve")


def test_snapshot_of_a_store_leaves_credentials_out(fleet: Fleet) -> None:
    kept = audit.snapshot(fleet.store)
    assert kept["url"] == fleet.store.url
    assert SECRET not in str(kept)
    assert "credentials" not in kept


def test_credentials_given_by_mistake_are_dropped(db: None) -> None:
    row = audit.record(None, "store.change", "x", {"credentials": {"secret": SECRET}}, {"password": SECRET})
    assert (row.before, row.after, row.actor) == ({}, {}, "Syncwatch")


def test_only_differences_are_recorded(db: None) -> None:
    row = audit.record_change(None, "x.change", "x", {"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4})
    assert row is not None
    assert (row.before, row.after) == ({"b": 2}, {"b": 3, "c": 4})
    assert audit.record_change(None, "x.change", "x", {"a": 1}, {"a": 1}) is None


def test_page_shows_the_newest_first_and_pages_on(admin: Client) -> None:
    for number in range(60):
        audit.record(None, "store.change", f"store number-{number}", actor="command line (ops)")
    first = admin.get(reverse("audit")).content.decode()
    second = admin.get(reverse("audit"), {"page": 2}).content.decode()
    assert "number-59" in first
    assert "number-0<" not in first
    assert "number-0<" in second


def test_page_finds_by_target(admin: Client) -> None:
    audit.record(None, "store.change", "store lyon")
    audit.record(None, "store.change", "store paris")
    page = admin.get(reverse("audit"), {"q": "lyon"}).content.decode()
    assert "store lyon" in page
    assert "store paris" not in page


def test_page_says_what_was_done_in_words_and_times_in_the_readers_zone(admin: Client) -> None:
    User.objects.update(time_zone="Europe/Paris")
    after = {"acknowledged_at": "2026-11-23T05:22:10.288022+00:00"}
    audit.record(None, "incident.acknowledge", "incident 6", {"acknowledged_at": None}, after)
    audit.record(None, "x.unheard_of", "x")
    page = admin.get(reverse("audit")).content.decode()
    assert ">acknowledged<" in page
    assert "23 Nov 2026, 06:22:10" in page
    assert ">x.unheard_of<" in page
    found = admin.get(reverse("audit"), {"q": "incident.ack"}).content.decode()
    assert "incident 6" in found
    assert "unheard_of" not in found


def test_page_names_people_as_every_page_does_and_finds_them_by_that_name(admin: Client) -> None:
    ada = person("byron", first_name="Ada", last_name="Byron")
    audit.record(ada, "incident.comment", "incident 1", actor="byron (mail)")
    audit.record(person("byrone"), "incident.comment", "incident 2")
    page = admin.get(reverse("audit"), {"q": "ADA BYRON"}).content.decode()
    assert ">Ada Byron (mail)<" in page
    # A full name is what its owner wants it to be: who it was is the account.
    assert ">byron (mail)<" in page
    assert "incident 2" not in page


def test_page_shows_what_looks_like_a_moment_and_is_none(admin: Client) -> None:
    """Who can name anything could else keep everybody from the page."""
    for name in ("2026-99-99T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"):
        audit.record(person(f"eve{name[:4]}"), "person.change", "eve", after={"first_name": name})
    page = admin.get(reverse("audit")).content.decode()
    assert "2026-99-99T00:00:00Z" in page
    assert "9999-12-31T23:59:59-12:00" in page


def test_page_calls_targets_fields_and_values_as_the_other_pages_do(admin: Client, fleet: Fleet) -> None:
    changed = {"is_paused": False, "auto_refresh": "suggest"}, {"is_paused": True, "auto_refresh": "do"}
    audit.record(None, "integration.change", fleet.integration, *changed)
    audit.record(None, "person.sign_out", person("otto"), after={"sessions": 2})
    page = " ".join(admin.get(reverse("audit")).content.decode().split())
    assert ">person otto<" in page
    assert '<span class="quiet">paused:</span> yes' in page
    assert "refresh it, once" in page
    User.objects.update(language="fr")
    french = admin.get(reverse("audit")).content.decode()
    assert f">intégration {fleet.integration.name}<" in french
    assert ">personne otto<" in french


def test_fleet_is_saved_as_the_command_writes_it_without_any_secret(admin: Client, fleet: Fleet) -> None:
    page = admin.get(reverse("connect")).content.decode()
    assert f'action="{reverse("connect-fleet-file")}"' in page
    answer = admin.post(reverse("connect-fleet-file"))
    assert answer["Content-Disposition"].startswith('attachment; filename="fleet-20')
    text = answer.content.decode()
    assert SECRET not in text
    stored = YAML(typ="safe").load(text)
    assert [one["name"] for one in stored["stores"]] == [fleet.store.name]
    assert stored["stores"][0]["credentials"]["consumer_secret"].startswith("env:SYNCWATCH_STORE_")
    row = Audit.objects.get(action="fleet.export")
    assert (row.user.username, row.after["stores"]) == ("ada", 1)
