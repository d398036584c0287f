"""What may follow by itself when a store lets its hub in again is chosen on the integration's page."""

import pytest
from django.test import Client
from django.urls import reverse

from integrations.models import Integration
from monitor.models import Audit
from tests.people.conftest import Fleet

pytestmark = pytest.mark.integration


def test_what_follows_a_recovery_is_chosen_from_what_is_possible(admin: Client, fleet: Fleet) -> None:
    url = reverse("connect-integration", args=["lyon-parcels"])
    page = admin.get(url).content.decode()
    assert "suggest a refresh" in page
    assert "Send the refresh request" in page
    admin.post(url, {"auto_refresh": "do", "auto_refresh_ways": ["hub_api"]})
    row = Integration.objects.get()
    assert (row.auto_refresh, row.auto_refresh_ways) == ("do", ["hub_api"])
    assert Audit.objects.get(action="integration.change").after == {"auto_refresh": "do"}
    assert admin.post(url, {"auto_refresh": "do", "auto_refresh_ways": ["panel"]}).status_code == 422
