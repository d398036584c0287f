"""Each reader's own language: the person's, the browser's, the subscription's."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from monitor.alerts.facts import NoticeFacts, Step
from monitor.alerts.mails import write
from monitor.alerts.notices import notice
from monitor.models import User
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in

NOW = datetime(2026, 11, 22, 12, 42, tzinfo=UTC)

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


@pytest.fixture
def reader() -> Client:
    return signed_in("viewer", language="fr", time_zone="Europe/Paris")


def page(client: Client, address: str) -> str:
    """The page at an address, its white space made even."""
    return " ".join(client.get(address).content.decode().replace("\xa0", " ").split())


def test_the_persons_language_comes_before_the_browsers(reader) -> None:
    reader.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"

    assert "Vue d’ensemble" in page(reader, reverse("overview"))


def test_before_signing_in_the_browser_decides(settings) -> None:
    User.objects.create_user("anne")

    assert "Nom ou adresse e-mail" in page(Client(headers={"accept-language": "fr-CA"}), reverse("login"))
    assert "Name or e-mail" in page(Client(headers={"accept-language": "de"}), reverse("login"))


def test_a_page_tells_in_french_what_workers_stored_in_english(reader, monkeypatch) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    one = make.watched("Boutique Lyon", NOW, "throttled", since=timedelta(days=2), waiting=10)
    make.refresh_of(one, NOW, detail="2 of 10 waiting orders have arrived.")
    make.call(one, NOW, detail="The WordPress plug-in Wordfence refused the request.")

    told = page(reader, reverse("integration", args=[one.name]))
    told += page(reader, reverse("integration", args=[one.name]) + "?tab=checks")

    assert "2 des 10 commandes en attente sont arrivées." in told
    assert "L’extension WordPress Wordfence a refusé la requête." in told
    assert "20 nov., 13:42" in told


def test_a_mail_is_in_the_language_of_its_subscription() -> None:
    one = make.watched("Boutique Lyon", NOW, "blocked_user_agent", since=timedelta(minutes=47), waiting=31)
    facts = NoticeFacts(
        title="Boutique Lyon → Sendcloud", state="fail", cause="access", rule="blocked_user_agent",
        evidence=one.verdict.evidence, started_at=NOW - timedelta(minutes=47), at=NOW, waiting=31,
        oldest_waiting_at=NOW - timedelta(minutes=47),
    )  # fmt: skip
    row = notice(
        Step.OPENED, make.incident_of(one, NOW), facts,
        recipient="ops@example.com", language="fr", time_zone="Europe/Paris", now=NOW,
    )  # fmt: skip

    row.save()
    mail = write(row, now=NOW)

    said = mail.body.replace("\xa0", " ")
    assert "Boutique Lyon → Sendcloud : accès bloqué\n" in said
    assert "Côté boutique, nginx refuse Sendcloud d’après son User-Agent « Sendcloud/1.0.0 »" in said
    assert "31 commandes en attente" in said
    assert "Que faire maintenant :" in said
