"""The pages of refreshes, as an operator, a viewer and an auditor meet them."""

import csv
import io
from pathlib import Path

import pytest
from django.test import Client

from monitor.models import BulkRefresh, Recovery, Refresh, Verdict
from monitor.refresh import request
from monitor.refresh.advance import advance
from tests.dashboard.conftest import signed_in, text_of
from tests.refresh.conftest import NOW

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def now(monkeypatch, settings):
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


@pytest.fixture
def operator(db) -> Client:
    return signed_in("operator", time_zone="Europe/Paris")


@pytest.fixture
def viewer(db) -> Client:
    return signed_in("viewer")


@pytest.fixture
def auditor(db) -> Client:
    return signed_in("admin")


def page_after(client: Client, address: str, **sent) -> str:
    """Where a form leads, its white space made even."""
    answer = client.post(address, sent, follow=True)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_ticked_preview_reason_progress(operator, integration, panel_integration, hub):
    listed = text_of(operator, "/integrations/")
    assert 'name="chosen" value="lyon"' in listed
    shown = page_after(operator, "/refreshes/preview/", chosen=["lyon", "nord"])
    assert "Refresh 2 integrations?" in shown
    assert "Sends the refresh request that was set up" in shown
    assert "For 1 of them somebody has to press Refresh in the hub's panel." in shown.replace("&#x27;", "'")
    assert not Refresh.objects.exists()
    followed = page_after(operator, "/refreshes/start/", chosen=["lyon", "nord"], reason="After the update")
    assert "Asked for by operator: After the update" in followed
    assert "2 have not ended yet" in followed
    advance(NOW)
    bulk = BulkRefresh.objects.get()
    part = text_of(operator, f"/refreshes/several/{bulk.pk}/?part=rows")
    assert "watching whether orders move" in part
    assert "waiting for a person" in part
    ended = page_after(operator, f"/refreshes/several/{bulk.pk}/cancel/")
    assert "2 refreshes are cancelled." in ended
    assert "All have ended" in ended
    assert "hx-trigger" not in ended.split('id="rows"')[1].split(">")[0]


def test_without_a_reason_nothing_is_asked(operator, integration):
    answer = operator.post("/refreshes/start/", {"chosen": ["lyon"], "reason": " "})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert not Refresh.objects.exists()


def test_nothing_ticked_is_told(operator, integration):
    assert "Tick the integrations" in page_after(operator, "/refreshes/preview/")


def test_all_that_a_search_found_can_be_chosen(operator, integration, panel_integration):
    assert "Refresh 1 integration?" in page_after(operator, "/refreshes/preview/", all="yes", query="q=lyon")
    assert "Refresh 2 integrations?" in page_after(
        operator, "/refreshes/preview/", all="yes", query="state=bad"
    )


def test_the_preview_says_what_is_refused_and_why(operator, integration, panel_integration):
    request(integration, user=None, actor="bob", reason="x", now=NOW)
    shown = page_after(operator, "/refreshes/preview/", chosen=["lyon", "nord"])
    assert "1 cannot be refreshed now" in shown
    assert "A refresh that bob asked for at 13:42 is still under way." in shown
    assert 'type="hidden" name="chosen" value="lyon"' not in shown


def test_the_second_of_two_people_sees_the_first_ones_refresh(operator, integration):
    request(integration, user=None, actor="bob", reason="Customers call", now=NOW)
    shown = page_after(operator, "/integrations/lyon/refresh/", reason="me too")
    assert "A refresh that bob asked for at 13:42 is still under way." in shown
    assert "asked for by bob: Customers call" in shown
    assert Refresh.objects.count() == 1


def test_a_person_has_one_name_wherever_a_refresh_is_told_of(db, integration, hub):
    ada = signed_in("operator", first_name="Ada", last_name="Byron")
    running = page_after(ada, "/integrations/lyon/refresh/", reason="Customers call")
    assert "asked for by Ada Byron: Customers call" in running
    assert "that Ada Byron asked for at" in page_after(ada, "/integrations/lyon/refresh/", reason="again")
    refresh = Refresh.objects.get()
    assert "Cancelled by Ada Byron before" in page_after(ada, f"/refreshes/{refresh.pk}/cancel/")
    assert "Customers call" in text_of(ada, "/refreshes/?q=byron")
    for address in ("/refreshes/", f"/refreshes/{refresh.pk}/", "/integrations/lyon/?tab=history"):
        page = text_of(ada, address)
        assert "Ada Byron" in page, address
        assert ">operator" not in page.partition("<main")[2], address


def test_cancelling_leads_to_the_record_that_says_by_whom(operator, integration, hub):
    refresh = request(integration, user=None, actor="bob", reason="Customers call", now=NOW)
    assert f"/refreshes/{refresh.pk}/cancel/" in text_of(operator, "/integrations/lyon/")
    advance(NOW)
    shown = page_after(operator, f"/refreshes/{refresh.pk}/cancel/")
    assert "Cancelled by operator. What had been sent by then is not taken back." in shown
    assert "bob" in shown
    assert "Customers call" in shown
    assert "202" in shown
    assert "already ended" in page_after(operator, f"/refreshes/{refresh.pk}/cancel/")


@pytest.mark.parametrize(
    "address",
    [
        "/refreshes/preview/",
        "/refreshes/start/",
        "/refreshes/{0}/cancel/",
        "/refreshes/several/{1}/cancel/",
    ],
)
def test_viewers_only_look(viewer, integration, address):
    bulk = BulkRefresh.objects.create(actor="bob", reason="x", requested_at=NOW)
    refresh = request(integration, user=None, actor="bob", reason="x", now=NOW, bulk=bulk)
    assert viewer.post(address.format(refresh.pk, bulk.pk), {"chosen": "lyon"}).status_code == 403
    refresh.refresh_from_db()
    assert refresh.finished_at is None
    for looked_at in (f"/refreshes/{refresh.pk}/", f"/refreshes/several/{bulk.pk}/", "/refreshes/"):
        assert "cancel/" not in text_of(viewer, looked_at)
    assert 'name="chosen"' not in text_of(viewer, "/integrations/")


def test_the_list_is_searched_by_words_and_outcome(viewer, integration, panel_integration):
    request(integration, user=None, actor="bob", reason="Customers call", now=NOW)
    request(panel_integration, user=None, actor="ann", reason="After the update", now=NOW)
    found = text_of(viewer, "/refreshes/?q=customers")
    assert "bob" in found
    assert "ann" not in found
    assert "No refresh fits" in text_of(viewer, "/refreshes/?outcome=moved")


def test_auditors_get_a_csv_that_no_spreadsheet_runs(auditor, viewer, integration):
    refresh = request(integration, user=None, actor="bob", reason='=HYPERLINK("http://x")', now=NOW)
    assert viewer.get("/refreshes/export.csv").status_code == 403
    answer = auditor.get("/refreshes/export.csv")
    [row] = csv.DictReader(io.StringIO(answer.getvalue().decode()))
    assert row["id"] == str(refresh.pk)
    assert (row["integration"], row["requested_by"], row["strategy"]) == ("lyon", "bob", "hub_api")
    assert row["requested_at_utc"] == "2026-03-10T12:42:00Z"
    assert row["asked_at_utc"] == ""
    assert row["reason"] == '\'=HYPERLINK("http://x")'
    assert (row["waiting_before"], row["outcome"]) == ("3", "queued")


def test_a_suggestion_stands_on_the_overview_and_the_integration(operator, integration):
    Verdict.objects.update(state="fail", cause="throttle", rule="throttled")
    Recovery.objects.create(
        integration=integration, recovered_at=NOW, due_at=NOW, decided_at=NOW, decision="suggested"
    )
    sentence = "force a refresh now."
    assert sentence in text_of(operator, "/")
    assert sentence in text_of(operator, "/integrations/lyon/")
    request(integration, user=None, actor="bob", reason="x", now=NOW)
    assert sentence not in text_of(operator, "/")
