"""An incident's page tells everything that happened, and hands it on to be written about."""

from datetime import timedelta

import pytest

from integrations.models import Account
from monitor.models import Incident, Maintenance, Member, Remark
from tests.dashboard import factories as make
from tests.dashboard.conftest import text_of
from tests.history.conftest import H

pytestmark = [pytest.mark.integration, pytest.mark.django_db]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def outage(now) -> Incident:
    """One of a hub account that two shops suffer from, with everything that can happen in one."""
    lyon = make.watched("Boutique Lyon", now, "stalled", waiting=5)
    incident = make.incident_of(
        lyon,
        now,
        scope=f"account:{lyon.account_id}",
        closed_at=now - H,
        flapping_since=now - 4 * H,
        evidence={**lyon.verdict.evidence, "shared": "Sendcloud EU"},
    )
    nord = make.watched("Atelier *Nord*", now, "stalled", since=4 * H)
    Member.objects.create(incident=incident, integration=nord, joined_at=now - 4 * H, left_at=now - 2 * H)
    for kind in ("sent_at", "failed_at"):
        make.notice_of(incident, now - 5 * H + 3 * MINUTE, **{kind: now - 5 * H + 4 * MINUTE})
    make.notice_of(incident, now - H, step="recovered", sent_at=now - H)
    Remark.objects.create(
        incident=incident, at=now - 3 * H, kind="snoozed", until=now, is_by_mail=True, text="Night shift"
    )
    make.refresh_of(
        lyon, now, requested_at=now - 2 * H, finished_at=now - 2 * H + MINUTE, stage="done", outcome="moved"
    )
    Maintenance.objects.create(
        title="New firewall",
        account=Account.objects.get(),
        starts_at=now - 3 * H,
        ends_at=now - 2 * H,
        created_at=now,
    )
    return incident


TOLD = (
    "Incident opened",
    "It comes and goes",
    "Atelier *Nord* → Sendcloud EU joined",
    "Atelier *Nord* → Sendcloud EU is well again",
    "Told (it began): 1 notice sent, 1 refused",
    "Told (it is over): 1 notice sent",
    "Somebody, by mail snoozed until",
    "Night shift",
    "Ops asked for a refresh: Orders wait since the maintenance",
    "Refresh: moved.",
    "Maintenance began: New firewall",
    "Maintenance over: New firewall",
    "Incident over after 4 h",
)


@pytest.mark.parametrize("page", ["", "post-mortem/"])
def test_everything_that_happened_is_told(viewer, outage, page) -> None:
    text = text_of(viewer, f"/incidents/{outage.pk}/{page}")
    assert [words for words in TOLD if words not in text] == []


def test_the_page_begins_with_the_end_and_looking_back_with_the_beginning(viewer, outage) -> None:
    page = text_of(viewer, f"/incidents/{outage.pk}/?part=live")
    assert page.index("Incident over after") < page.index("Incident opened")
    back = text_of(viewer, f"/incidents/{outage.pk}/post-mortem/")
    assert back.index("Incident opened") < back.index("Incident over after")


def test_looking_back_shows_the_hour_before_and_the_hour_after(viewer, outage) -> None:
    page = text_of(viewer, f"/incidents/{outage.pk}/post-mortem/")
    assert page.count('data-chart="/charts/') == 2
    assert "from=2026-11-22T06%3A42Z&amp;to=2026-11-22T12%3A42Z" in page
    assert (
        viewer.get("/charts/boutique-lyon-sendcloud-eu/latency.json?from=2026-11-22T06:42Z").status_code
        == 200
    )


def test_the_markdown_is_a_document_in_which_names_are_no_marks(viewer, outage) -> None:
    answer = viewer.get(f"/incidents/{outage.pk}/post-mortem.md")
    assert answer["Content-Type"] == "text/markdown"
    lines = answer.content.decode().splitlines()
    assert lines[0] == "# Sendcloud EU"
    assert "## What happened" in lines
    assert any("Atelier \\*Nord\\* → Sendcloud EU joined" in line for line in lines)
    assert "2026-11-22 08:44:00: Incident opened" in " ".join(lines)
    assert f"<http://127.0.0.1:8000/incidents/{outage.pk}/>" in answer.content.decode()


def test_the_markdown_of_what_is_calm_for_now_does_not_say_that_it_fails(viewer, outage) -> None:
    at = outage.opened_at
    Incident.objects.filter(pk=outage.pk).update(flapping_since=at, calm_since=at, closed_at=None)
    text = viewer.get(f"/incidents/{outage.pk}/post-mortem.md").content.decode()
    assert "What it was when it failed last:" in text
    assert "- **State**: calm for now" in text


def test_addresses_of_people_are_not_in_it(viewer, outage) -> None:
    for page in ("", "post-mortem/", "post-mortem.md"):
        assert "@example.com" not in viewer.get(f"/incidents/{outage.pk}/{page}").content.decode()


def test_its_queries_are_few(viewer, outage, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(12):
        viewer.get(f"/incidents/{outage.pk}/")
    with django_assert_max_num_queries(12):
        viewer.get(f"/incidents/{outage.pk}/post-mortem/")
