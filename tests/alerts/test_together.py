"""One mail for several notices: what opens together, and what waited for the end of quiet hours."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from monitor.alerts.carriers import Mails
from monitor.alerts.outbox import claim, deliver_due
from monitor.alerts.quiet import quiet_at
from monitor.alerts.react import react
from monitor.models import Notice, Subscription
from tests.alerts.conftest import FINE, LATE, STALLED, Postbox, change, subscribe
from tests.alerts.conftest import NOW as NOON
from tests.alerts.test_mails import html_of, text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

PARIS = ZoneInfo("Europe/Paris")
NIGHT = datetime(2026, 3, 10, 2, 0, tzinfo=PARIS)
MORNING = datetime(2026, 3, 10, 7, 0, tzinfo=PARIS)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


def sleeper(**more) -> Subscription:
    return subscribe(quiet_from=time(22), quiet_until=time(7), **more)


@pytest.fixture
def shops(make_integration):
    titles = ("Boutique Lyon", "Atelier Nord", "Osaka Denim")
    return [make_integration(title.split()[1].lower(), title) for title in titles]


def test_what_opens_at_once_is_one_mail_with_counts_in_its_subject(shops, postbox: Postbox):
    subscribe()
    lyon, nord, osaka = shops
    react([change(lyon, STALLED, waiting=4), change(nord, LATE), change(osaka, STALLED)], now=NOON)
    deliver_due(NOON)
    (mail,) = postbox.mails
    assert mail["Subject"] == (
        "[2 stalled, 1 late] Boutique Lyon → Sendcloud, Atelier Nord → Sendcloud and 1 more"
    )
    for body in (text_of(mail), html_of(mail)):
        assert "4 orders are waiting." in body
        assert body.count("/incidents/answer/") == 3
    assert not Notice.objects.filter(sent_at=None).exists()


def test_the_first_goes_at_once_and_what_follows_within_a_minute_goes_together(shops, postbox: Postbox):
    subscribe()
    for number, shop in enumerate(shops):
        react([change(shop, STALLED)], now=NOON + number * 20 * SECOND)
        deliver_due(NOON + number * 20 * SECOND)
    assert len(postbox.mails) == 1
    deliver_due(NOON + 59 * SECOND)
    assert len(postbox.mails) == 1
    deliver_due(NOON + MINUTE)
    assert [subject.split("]")[0] for subject in postbox.subjects()] == ["[stalled", "[2 stalled"]


def test_a_recovery_answers_the_mail_that_told_of_the_beginning(shops, postbox: Postbox):
    subscribe()
    react([change(shop, STALLED) for shop in shops], now=NOON)
    deliver_due(NOON)
    react([change(shops[2], FINE)], now=NOON + MINUTE)
    deliver_due(NOON + MINUTE)
    together, recovered = postbox.mails
    assert recovered["In-Reply-To"] == together["Message-ID"]


def test_a_mail_that_is_tried_again_is_the_same_mail(shops, postbox: Postbox):
    """A worker dies between claiming and sending; meanwhile more of the group comes."""
    subscribe()
    lyon, nord, osaka = shops
    react([change(lyon, STALLED), change(nord, STALLED)], now=NOON)
    first = claim(NOON, Mails())
    react([change(osaka, STALLED)], now=NOON + SECOND)
    deliver_due(NOON + timedelta(hours=1))
    assert len(postbox.mails) == 2
    (again,) = [mail for mail in postbox.mails if mail["Message-ID"] == first.message_id]
    assert again["Subject"].startswith("[2 stalled]")
    assert "Osaka" not in text_of(again)


def test_a_refusal_is_about_all_that_the_mail_carries(shops, postbox: Postbox):
    subscribe()
    subscribe("somebody@else.example", tags=["elsewhere"])
    postbox.refuse["ops@ops.example"] = ["550 no such user"]
    react([change(shop, STALLED) for shop in shops], now=NOON)
    deliver_due(NOON)
    assert Notice.objects.filter(failed_at__isnull=False).count() == 3


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        ((time(22), time(7)), datetime(2026, 3, 10, 21, 59, tzinfo=PARIS), False),
        ((time(22), time(7)), datetime(2026, 3, 10, 22, 0, tzinfo=PARIS), True),
        ((time(22), time(7)), datetime(2026, 3, 11, 6, 59, tzinfo=PARIS), True),
        ((time(22), time(7)), datetime(2026, 3, 11, 7, 0, tzinfo=PARIS), False),
        ((time(12), time(14)), datetime(2026, 3, 10, 13, 0, tzinfo=PARIS), True),
        ((None, None), datetime(2026, 3, 10, 3, 0, tzinfo=PARIS), False),
    ],
)
def test_quiet_hours_go_by_the_clock_of_the_recipient(hours, at, quiet):
    one = Subscription(time_zone="Europe/Paris", quiet_from=hours[0], quiet_until=hours[1])
    assert (quiet_at(one, at) is not None) is quiet


def test_a_warning_waits_for_the_morning_and_tells_how_it_ended(shops, postbox: Postbox):
    sleeper()
    lyon, nord, _ = shops
    react([change(lyon, LATE), change(nord, LATE)], now=NIGHT)
    react([change(lyon, FINE)], now=NIGHT + 9 * MINUTE)
    deliver_due(MORNING - SECOND)
    assert postbox.mails == []
    deliver_due(MORNING)
    (mail,) = postbox.mails
    assert mail["Subject"] == "[1 recovered, 1 late] Boutique Lyon → Sendcloud, Atelier Nord → Sendcloud"
    assert "What came up in your quiet hours:" in text_of(mail)


@pytest.mark.parametrize("passes", [True, False])
def test_failures_pass_and_their_end_too_where_the_recipient_wants_it(shops, postbox: Postbox, passes):
    sleeper(urgent_passes=passes)
    react([change(shops[0], STALLED)], now=NIGHT)
    deliver_due(NIGHT)
    react([change(shops[0], FINE)], now=NIGHT + MINUTE)
    deliver_due(NIGHT + MINUTE)
    assert len(postbox.mails) == (2 if passes else 0)


def test_a_recovery_of_what_began_in_the_evening_wakes_nobody(shops, postbox: Postbox):
    sleeper()
    evening = NIGHT - timedelta(hours=5)
    react([change(shops[0], STALLED)], now=evening)
    deliver_due(evening)
    react([change(shops[0], FINE)], now=NIGHT)
    deliver_due(NIGHT)
    assert len(postbox.mails) == 1
    deliver_due(MORNING)
    assert postbox.mails[1]["In-Reply-To"] == postbox.mails[0]["Message-ID"]


def test_what_becomes_a_failure_takes_the_held_warning_along(shops, postbox: Postbox):
    sleeper()
    react([change(shops[0], LATE), change(shops[1], LATE)], now=NIGHT)
    react([change(shops[0], STALLED)], now=NIGHT + MINUTE)
    deliver_due(NIGHT + MINUTE)
    (mail,) = postbox.mails
    assert mail["Subject"].startswith("[stalled] Boutique Lyon")
    deliver_due(MORNING)
    assert postbox.subjects()[1].startswith("[late] Atelier Nord")


@pytest.mark.parametrize(
    ("filters", "is_told"),
    [
        ({"platforms": ["woocommerce"]}, True),
        ({"platforms": ["shopify"]}, False),
        ({"platforms": ["woocommerce"], "tags": ["vip"]}, False),
    ],
)
def test_platforms_decide_who_is_told(shops, filters, is_told):
    subscribe(**filters)
    react([change(shops[0], STALLED)], now=NOON)
    assert Notice.objects.exists() is is_told


def test_stores_decide_who_is_told(shops):
    subscribe().stores.add(shops[1].store)
    react([change(shops[0], STALLED)], now=NOON)
    assert not Notice.objects.exists()
    react([change(shops[1], STALLED)], now=NOON)
    assert Notice.objects.count() == 1
