"""What is still missing after a step of connecting is said where the step ends."""

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Account, Integration, Store
from monitor.models import Subscription
from tests.people.conftest import Fleet

pytestmark = pytest.mark.integration


def test_watching_leads_back_to_the_list_once_somebody_is_told(admin: Client, fleet: Fleet) -> None:
    Subscription.objects.create(email="ops@shop.example")
    Store.objects.create(name="paris", platform="woocommerce", url="https://paris.example.com")
    answer = admin.post(reverse("connect-watch", args=["parcels"]), {"store-8": "paris"})
    assert answer["Location"] == reverse("connect")


def test_store_that_nothing_uses_says_which_hub_to_ask(admin: Client, fleet: Fleet) -> None:
    lonely = Store.objects.create(name="paris", platform="woocommerce", url="https://paris.example.com")
    page = admin.get(reverse("connect-store", args=[lonely.name])).content.decode()
    assert f'href="{reverse("connect-account", args=["parcels"])}?test"' in page
    Integration.objects.all().delete()
    Account.objects.all().delete()
    page = admin.get(reverse("connect-store", args=[lonely.name])).content.decode()
    assert f'href="{reverse("connect-account-add", args=["sendcloud"])}"' in page
