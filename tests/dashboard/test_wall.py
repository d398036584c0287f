"""The wall is read from five metres, touched by nobody, and says when it is not to be believed."""

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from integrations.models import Store
from monitor.models import Verdict
from tests.dashboard import factories as make
from tests.dashboard.conftest import ASK_AGAIN, text_of


@pytest.mark.integration
@pytest.mark.django_db
def test_it_says_what_the_overview_says_about_the_stores_with_a_tag(viewer, now) -> None:
    make.watched("Boutique Lyon", now, "stalled", since=timedelta(minutes=47), waiting=31)
    theirs = make.watched("Kyoto Ceramics", now)
    Store.objects.filter(pk=theirs.store_id).update(tags=["vip"])
    page = text_of(viewer, "/wall/")
    assert "1 needs you" in page
    assert "12:55</time> (47 min)" in page
    assert "31 waiting" in page
    vip = text_of(viewer, "/wall/?tag=vip")
    assert "All is well" in vip
    assert "Boutique Lyon" not in vip
    assert 'data-theme="dark"' in page
    assert 'data-theme="light"' in text_of(viewer, "/wall/?theme=light")


@pytest.mark.integration
@pytest.mark.django_db
def test_it_says_when_what_it_shows_is_old(viewer, now) -> None:
    one = make.watched("Boutique Lyon", now)
    assert "nothing has been judged" not in text_of(viewer, "/wall/")
    Verdict.objects.filter(pk=one.pk).update(judged_at=now - timedelta(hours=1))
    assert "nothing has been judged" in text_of(viewer, "/wall/")


@pytest.mark.acceptance
@pytest.mark.django_db(transaction=True)
def test_it_follows_by_itself_and_says_when_it_hears_nothing(visit, today) -> None:
    one = make.watched("Boutique Lyon", today)
    page = visit("/wall/", viewport={"width": 1920, "height": 1080})
    expect(page.get_by_text("All is well")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollHeight") <= 1080
    Verdict.objects.filter(pk=one.pk).update(state="fail", cause="imports", rule="stalled")
    page.evaluate(ASK_AGAIN)
    expect(page.get_by_text("1 needs you")).to_be_visible()
    expect(page.get_by_role("timer")).to_contain_text(":")
    page.context.set_offline(True)
    page.evaluate(ASK_AGAIN)
    expect(page.get_by_role("alert")).to_contain_text("No connection to Syncwatch")
