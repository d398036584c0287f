"""A part that a hundred people watch is made once, and nobody gets what is not theirs."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from integrations.models import Store
from monitor.dashboard import pages
from monitor.models import Role, User, Verdict
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in, text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def one(now, monkeypatch):
    monkeypatch.setattr(pages, "SHARED_S", 60.0)
    return make.watched("Boutique Lyon", now, "stalled", waiting=3)


def live(client: Client, number: int) -> str:
    return text_of(client, f"/?part=live&test={number}")


def test_who_sees_the_same_shares_what_was_made(one, viewer) -> None:
    other = User.objects.create_user("other", time_zone="Europe/Paris")
    other.groups.add(Group.objects.get(name="viewer"))
    client = Client()
    client.force_login(other)
    first = live(viewer, 1)
    Verdict.objects.update(waiting_count=77)
    assert live(client, 1) == first
    assert "77 waiting" in text_of(client)


def test_other_rights_language_zone_or_stores_are_made_anew(one, viewer) -> None:
    first = live(viewer, 2)
    assert "Force refresh" not in first
    assert live(signed_in("operator", time_zone="Europe/Paris"), 2) != first
    french = User.objects.create_user("french", time_zone="Europe/Paris", language="fr")
    french.groups.add(Group.objects.get(name="viewer"))
    tokyo = User.objects.create_user("tokyo", time_zone="Asia/Tokyo")
    tokyo.groups.add(Group.objects.get(name="viewer"))
    limited = User.objects.create_user("limited", time_zone="Europe/Paris")
    Role.objects.create(user=limited, group=Group.objects.get(name="viewer"), tags=["vip"])
    make.StoreFactory(name="theirs", tags=["vip"])
    for user in (french, tokyo, limited):
        client = Client()
        client.force_login(user)
        assert live(client, 2) != first, user
    assert Store.objects.filter(tags__contains=["vip"]).exists()
    assert "Boutique Lyon" not in live(client, 2)


def test_where_somebody_has_a_right_is_part_of_what_is_the_same(one) -> None:
    """Both see every store and may refresh some: others."""
    make.StoreFactory(name="theirs", tags=["vip"])
    parts = []
    for name, tag in (("ann", "vip"), ("bob", "fr")):
        user = User.objects.create_user(name, time_zone="Europe/Paris")
        user.groups.add(Group.objects.get(name="viewer"))
        Role.objects.create(user=user, group=Group.objects.get(name="operator"), tags=[tag])
        client = Client()
        client.force_login(user)
        parts.append(live(client, 3))
        Verdict.objects.update(waiting_count=77)
    assert parts[0] != parts[1]


@pytest.mark.parametrize("path", ["/?part=x", "/wall/?part=x", "/integrations/?part=x&part=other"])
def test_a_whole_page_is_never_shared_whatever_part_is_asked_for(one, viewer, path: str) -> None:
    anna = User.objects.create_user("anna", first_name="Annabel", time_zone="Europe/Paris")
    anna.groups.add(Group.objects.get(name="viewer"))
    client = Client()
    client.force_login(anna)
    first = client.get(path).content.decode()
    assert "Annabel" in first or path.startswith("/wall/")
    assert "Annabel" not in viewer.get(path).content.decode()
