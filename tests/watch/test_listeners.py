"""Who hears of Syncwatch itself: whoever follows everything and can be reached by mail."""

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from integrations.models import Store
from monitor.access_control import VIEWER
from monitor.models import Role, Subscription
from monitor.watch.keeping import people
from monitor.watch.listeners import listeners
from tests.people.conftest import person

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def _nobody_is_named(settings) -> None:
    settings.SYNCWATCH_ADMIN_MAIL = []


def told() -> list[str]:
    return [one.email for one in people()]


def test_who_follows_all_stores_hears_of_it() -> None:
    Subscription.objects.create(email="ops@ops.example", language="fr")
    Subscription.objects.create(email="vera@ops.example", user=person("vera", VIEWER))
    assert told() == ["ops@ops.example", "vera@ops.example"]
    assert people()[0].language == "fr"


@pytest.mark.parametrize(
    "changes",
    [
        {"tags": ["vip"]},
        {"platforms": ["shopify"]},
        {"bounced_at": timezone.now()},
        {"is_active": False},
        {"channel": "webhook", "email": "", "label": "Chat"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_who_follows_some_or_cannot_be_reached_does_not(changes) -> None:
    Subscription.objects.create(**{"email": "ops@ops.example", **changes})
    assert not any(listeners())


def test_who_chose_stores_follows_some() -> None:
    one = Subscription.objects.create(email="ops@ops.example")
    one.stores.add(Store.objects.create(name="lyon", platform="shopify", url="https://lyon.example"))
    assert told() == []


def test_who_may_see_some_stores_or_has_left_does_not_follow_all() -> None:
    vera, gus = person("vera"), person("gus", VIEWER)
    Role.objects.create(user=vera, group=Group.objects.get(name=VIEWER), tags=["fr"])
    for user in (vera, gus):
        Subscription.objects.create(email=user.email, user=user)
    gus.is_active = False
    gus.save()
    assert told() == []
