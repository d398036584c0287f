"""Who is told: managers set it for everybody, others for themselves, and a test shows that it arrives."""

import re
from datetime import time, timedelta

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from integrations.models import Store
from monitor.alerts.links import answer_link
from monitor.alerts.outbox import deliver_due
from monitor.models import Audit, Incident, Member, Notice, Role, Subscription, User
from tests.alerts.conftest import postbox, server
from tests.dashboard import factories as make
from tests.dashboard.conftest import signed_in, text_of

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

__all__ = ["postbox", "server"]
HOOK = "https://hooks.example/T0/secret-part"


@pytest.fixture(autouse=True)
def asked(monkeypatch) -> list[str]:
    """No broker runs here; the names of the tasks that were asked for."""
    names: list[str] = []
    monkeypatch.setattr("monitor.nudge.app.send_task", lambda name, **_: names.append(name))
    return names


@pytest.fixture
def admin(db) -> Client:
    return signed_in("admin", email="admin@shop.example", time_zone="Europe/Paris")


@pytest.fixture
def person(db) -> Client:
    return signed_in("viewer", email="vera@shop.example", time_zone="Europe/Paris")


def form(**changes: object) -> dict[str, object]:
    values = {
        "email": "ops@shop.example", "user": "", "language": "fr", "time_zone": "Europe/Paris",
        "include_warnings": "True", "weekly_report": "on", "urgent_passes": "on", "is_active": "on",
    }  # fmt: skip
    return {key: value for key, value in (values | changes).items() if value is not None}


def test_everything_about_an_address_is_set_on_its_page(admin, now) -> None:
    one = make.watched("Boutique Lyon", now, platform="shopify")
    one.store.tags = ["fr", "vip"]
    one.store.save()
    admin.post(
        "/notices/add/mail/",
        form(
            tags=["fr", "vip"], platforms=["shopify"], stores="boutique lyon", include_warnings="False",
            escalates_after="30", quiet_from="22:00", quiet_until="07:00", weekly_report=None,
        ),
    )  # fmt: skip
    row = Subscription.objects.get()
    assert (row.tags, row.platforms, row.include_warnings) == (["fr", "vip"], ["shopify"], False)
    assert (row.escalates_after, row.quiet_from, row.quiet_until) == (30, time(22), time(7))
    assert (list(row.stores.all()), row.weekly_report, row.user) == ([one.store], False, None)
    page = text_of(admin, "/notices/")
    assert "Failures, no warnings. Only stores tagged fr or vip. Only stores on Shopify." in page
    assert "Only these stores: Boutique Lyon." in page
    assert "Only of what nobody has acknowledged after 30 minutes." in page
    assert "Quiet from 22:00 to 07:00 (Europe/Paris), failures pass." in page
    assert Audit.objects.get(action="subscription.create").after["tags"] == ["fr", "vip"]


def test_what_is_unticked_is_all_again(admin, now) -> None:
    row = Subscription.objects.create(email="ops@shop.example", tags=["gone"], platforms=["shopify"])
    assert "Only stores tagged gone." in text_of(admin, "/notices/")
    admin.post(f"/notices/{row.pk}/", form())
    assert "Warnings and failures of all stores." in text_of(admin, "/notices/")
    change = Audit.objects.get(action="subscription.change")
    assert (change.before["tags"], change.after["tags"]) == (["gone"], [])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"email": ""}, "Enter the e-mail address."),
        ({"email": "nobody"}, "Enter a valid email address."),
        ({"email": "Taken@shop.example"}, "has a subscription already"),
        ({"platforms": ["excel"]}, "Select a valid choice"),
        ({"stores": "Boutique Lyn"}, "No store is called “Boutique Lyn”. Did you mean “Boutique Lyon”?"),
        ({"quiet_from": "22:00"}, "Quiet hours need a beginning and another end."),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "Quiet hours need a beginning and another end."),
        ({"escalates_after": "0"}, "greater than or equal to 1"),
        ({"escalates_after": "99999999"}, "less than or equal to"),
        ({"time_zone": "Mars/Base"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_at_the_form(admin, now, changes, words) -> None:
    Subscription.objects.create(email="taken@shop.example")
    make.watched("Boutique Lyon", now)
    answer = admin.post("/notices/add/mail/", form(**changes))
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert Subscription.objects.count() == 1


def test_a_web_hooks_address_and_secret_are_shown_to_nobody_but_once(admin, now) -> None:
    admin.post("/notices/add/webhook/", form(label="Ops chat", url=HOOK))
    row = Subscription.objects.get()
    assert row.endpoint["url"] == HOOK
    assert row.endpoint["secret"].startswith("whsec_")
    address = f"/notices/{row.pk}/"
    assert "Ops chat" in text_of(admin, "/notices/")
    assert "Stored, at hooks.example." in text_of(admin, address)
    shown = admin.post(f"{address}secret/")
    made = Subscription.objects.get().endpoint["secret"]
    assert made != row.endpoint["secret"]
    assert made in shown.content.decode()
    # Without a new address the stored one stays, and its secret too.
    admin.post(address, form(label="Ops chat 2", url=""))
    assert Subscription.objects.get().endpoint == {"url": HOOK, "secret": made}
    kept = str(list(Audit.objects.values_list("before", "after")))
    for page in (kept, text_of(admin, "/notices/"), text_of(admin, address)):
        assert made not in page
        assert "secret-part" not in page
    assert "hooks.example" in kept


def test_a_web_hook_needs_a_name_and_an_address(admin) -> None:
    answer = admin.post("/notices/add/slack/", form(label="", url="ftp://hooks.example/x"))
    assert answer.status_code == 422
    assert not Subscription.objects.exists()


def test_others_manage_their_own_mails_and_nothing_else(person) -> None:
    shared = Subscription.objects.create(email="ops@shop.example")
    assert "ops@shop.example" not in text_of(person, "/notices/")
    for action in ("", "test/", "works-again/", "secret/", "remove/", "tested/", "week/"):
        assert person.get(f"/notices/{shared.pk}/{action}").status_code in {404, 405}
        assert person.post(f"/notices/{shared.pk}/{action}", form()).status_code in {404, 405}
    assert person.get("/notices/add/webhook/").status_code == 403
    person.post("/notices/add/mail/", form(email="boss@shop.example", user="1"))
    mine = Subscription.objects.exclude(pk=shared.pk).get()
    assert (mine.email, mine.user.username) == ("vera@shop.example", "viewer")
    assert person.get("/notices/add/mail/")["Location"] == f"/notices/{mine.pk}/"
    page = text_of(person, f"/notices/{mine.pk}/")
    assert "Mails go to vera@shop.example" in page
    person.post(f"/notices/{mine.pk}/", form(include_warnings="False", email="boss@shop.example"))
    mine.refresh_from_db()
    assert (mine.email, mine.include_warnings) == ("vera@shop.example", False)
    person.post(f"/notices/{mine.pk}/remove/")
    assert list(Subscription.objects.all()) == [shared]


def test_who_has_no_address_is_told_to_enter_one(db) -> None:
    nobody = signed_in("viewer")
    answer = nobody.post("/notices/add/mail/", form())
    assert answer.status_code == 422
    assert "Enter the e-mail address." in answer.content.decode()


def test_a_person_takes_their_own_address_unless_another_is_given(admin) -> None:
    vera = User.objects.create_user("vera", "vera@shop.example")
    admin.post("/notices/add/mail/", form(email="", user=vera.pk))
    assert Subscription.objects.get().email == "vera@shop.example"


def test_a_refused_address_says_why_until_somebody_says_it_works(admin, now) -> None:
    row = Subscription.objects.create(
        email="left@shop.example", bounced_at=now - timedelta(hours=2), bounce_answer="550 5.1.1 no such user"
    )
    page = text_of(admin, "/notices/")
    assert "550 5.1.1 no such user" in page
    assert "Nobody is told of anything at present." in page
    admin.post(f"/notices/{row.pk}/works-again/")
    row.refresh_from_db()
    assert (row.bounced_at, row.bounce_answer) == (None, "")
    assert "550" not in text_of(admin, "/notices/")
    assert Audit.objects.filter(action="subscription.enable").exists()


def test_a_test_notice_is_followed_to_its_end(admin, now, asked) -> None:
    row = Subscription.objects.create(email="ops@shop.example", language="fr")
    sent = admin.post(f"/notices/{row.pk}/test/")
    notice = Notice.objects.get()
    assert sent["Location"] == f"/notices/{row.pk}/?test={notice.pk}#test"
    assert (notice.step, notice.recipient, notice.language) == ("test", "ops@shop.example", "fr")
    part = f"/notices/{row.pk}/tested/?test={notice.pk}"
    assert "on its way" in text_of(admin, part)
    Notice.objects.update(answer="451 4.3.0 try later", due_at=now + timedelta(seconds=10))
    assert "451 4.3.0 try later" in text_of(admin, part)
    Notice.objects.update(failed_at=now, answer="550 5.7.1 not here")
    assert "550 5.7.1 not here" in text_of(admin, part)
    Notice.objects.update(failed_at=None, sent_at=now)
    page = text_of(admin, part)
    assert "The mail server took it" in page
    assert "hx-get" not in page
    assert Audit.objects.filter(action="subscription.test").exists()


def test_the_test_goes_to_a_real_mail_server_and_its_answer_is_shown(admin, now, postbox) -> None:
    row = Subscription.objects.create(email="ops@shop.example")
    Subscription.objects.create(email="other@shop.example")

    def tried() -> str:
        sent = admin.post(f"/notices/{row.pk}/test/")
        deliver_due(now)
        return text_of(admin, sent["Location"].partition("#")[0])

    assert "The mail server took it" in tried()
    assert postbox.subjects() == ["[test] Syncwatch reaches you"]
    postbox.refuse["ops@shop.example"] = ["550 5.1.1 No such user here"]
    page = tried()
    assert "550 5.1.1 No such user here" in page
    assert "It works again" in page
    admin.post(f"/notices/{row.pk}/works-again/")
    assert "The mail server took it" in tried()


def test_thirty_subscriptions_cost_no_more_queries_than_one(
    admin, now, django_assert_max_num_queries
) -> None:
    for n in range(30):
        one = Subscription.objects.create(email=f"{n}@shop.example")
        make.notice_of(None, now, recipient=one.email, sent_at=now - timedelta(minutes=n))
    with django_assert_max_num_queries(8):
        page = text_of(admin, "/notices/")
    assert "29@shop.example" in page


def test_stores_are_named_on_lines_or_by_commas_and_what_several_are_called_is_asked(admin, now) -> None:
    one, two = make.watched("Atelier, Fils", now), make.watched("Boutique Lyon", now)
    twin = make.watched("Boutique Rhône", now)
    Store.objects.filter(pk=twin.store_id).update(title="Boutique Lyon")
    answer = admin.post("/notices/add/mail/", form(stores="Boutique Lyon"))
    assert "Several stores are called “Boutique Lyon”" in answer.content.decode()
    admin.post("/notices/add/mail/", form(stores="Atelier, Fils\nboutique-lyon, boutique-rhone,"))
    row = Subscription.objects.get()
    assert set(row.stores.all()) == {one.store, two.store, twin.store}
    shown = admin.get(f"/notices/{row.pk}/").context["form"]["stores"].value()
    assert shown.splitlines() == ["Atelier, Fils", "boutique-lyon", "boutique-rhone"]


def test_saving_the_stores_as_they_are_shown_keeps_them(admin, now) -> None:
    """Also where a shop is called as another is named, or as another but for capitals."""
    for name, title in (("rhone", "nice"), ("nice", "Côte d'Azur"), ("ete", "ÉTÉ"), ("summer", "été")):
        store = make.watched(name, now).store
        Store.objects.filter(pk=store.pk).update(title=title)
    admin.post("/notices/add/mail/", form(stores="rhone, ete"))
    row = Subscription.objects.get()
    shown = admin.get(f"/notices/{row.pk}/").context["form"]["stores"].value()
    assert admin.post(f"/notices/{row.pk}/", form(stores=shown)).status_code == 302
    assert sorted(store.name for store in row.stores.all()) == ["ete", "rhone"]


def test_a_person_sets_quiet_hours_and_sees_the_test_arrive(visit, transactional_db, asked, today) -> None:
    """In a browser: stores are proposed while one types, and the part that shows how the test goes asks
    again by itself."""
    make.watched("Boutique Lyon", today)
    make.watched("Osaka Denim", today)
    page = visit("/notices/", group="admin")
    page.get_by_role("link", name="Add an e-mail address").click()
    page.get_by_label("E-mail address").fill("ops@shop.example")
    page.get_by_label("Find a store to add").press_sequentially("osa")
    page.locator("#id_stores-names option").wait_for(state="attached")
    page.get_by_label("Find a store to add").press("Enter")
    assert page.get_by_label("Only these stores").input_value() == "Osaka Denim"
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("Quiet until").fill("07:00")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Quiet from 22:00 to 07:00").wait_for()
    page.get_by_role("button", name="Send a test notice").click()
    assert Subscription.objects.get().stores.get().title == "Osaka Denim"
    page.locator("#tested").get_by_text("on its way").wait_for()
    Notice.objects.update(sent_at=today)
    page.get_by_text("The mail server took it").wait_for()


def test_a_mailbox_is_not_filled_with_tests(admin, now, monkeypatch) -> None:
    row = Subscription.objects.create(email="ops@shop.example")
    for _again in range(6):
        answer = admin.post(f"/notices/{row.pk}/test/")
    assert Notice.objects.filter(step="test").count() == 5
    assert "5 times within 10 minutes" in text_of(admin, answer["Location"])
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(minutes=11))
    admin.post(f"/notices/{row.pk}/test/")
    assert Notice.objects.filter(step="test").count() == 6


def test_what_an_address_was_told_of_other_stores_is_not_shown_to_who_enters_it(person, now) -> None:
    one = make.watched("Boutique Lyon", now, "stalled")
    incident = Incident.objects.create(
        scope=f"integration:{one.pk}", cause="imports", rule="stalled", state="fail", opened_at=now,
        started_at=now,
    )  # fmt: skip
    Member.objects.create(incident=incident, integration=one, joined_at=now)
    vera = User.objects.get(username="viewer")
    User.objects.filter(pk=vera.pk).update(email="ops@shop.example")
    Notice.objects.create(
        recipient="ops@shop.example", incident=incident, step="opened", message_id="<1@here>", created_at=now,
        due_at=now, context={"title": "Boutique Lyon"},
    )  # fmt: skip
    row = Subscription.objects.create(email="ops@shop.example", user=vera)
    assert "Last notices" in text_of(person, f"/notices/{row.pk}/")
    vera.groups.clear()
    Role.objects.create(user=vera, group=Group.objects.get(name="viewer"), tags=["vip"])
    page = text_of(person, f"/notices/{row.pk}/")
    assert "Does it arrive?" in page
    assert "Last notices" not in page
    assert "Boutique Lyon" not in page


def test_a_corrected_address_is_told_again(admin, now) -> None:
    refused = {"bounced_at": now, "bounce_answer": "550 5.1.1 no such user"}
    row = Subscription.objects.create(email="opps@shop.example", **refused)
    admin.post(f"/notices/{row.pk}/", form(email="opps@shop.example", include_warnings="False"))
    row.refresh_from_db()
    assert row.bounced_at == now
    admin.post(f"/notices/{row.pk}/", form())
    row.refresh_from_db()
    assert (row.email, row.bounced_at, row.bounce_answer) == ("ops@shop.example", None, "")


def test_own_notices_follow_the_address_in_the_settings(person, mailoutbox) -> None:
    vera = User.objects.get(username="viewer")
    own = Subscription.objects.create(email="vera@shop.example", user=vera)
    Subscription.objects.create(email="taken@shop.example")

    def moves_to(email: str) -> None:
        entered = {"language": "en", "time_zone": "", "theme": "", "email": email}
        person.post("/settings/", entered)
        link = re.search(r"/settings/address/\S+", mailoutbox[-1].body)
        if link:
            person.post(link[0])

    moves_to("taken@shop.example")
    own.refresh_from_db()
    assert own.email == "vera@shop.example"
    moves_to("vera@shop.example")
    moves_to("vera@home.example")
    own.refresh_from_db()
    assert own.email == "vera@home.example"
    assert Audit.objects.filter(action="subscription.change").count() == 1


def test_a_person_answers_by_mail_what_they_may_answer_when_signed_in(db, now) -> None:
    """Whoever may see can have notices sent to themselves; that gives no right to acknowledge."""
    one = make.watched("Boutique Lyon", now, "stalled")
    incident = Incident.objects.create(
        scope=f"integration:{one.pk}", cause="imports", rule="stalled", state="fail", opened_at=now,
        started_at=now,
    )  # fmt: skip
    Member.objects.create(incident=incident, integration=one, joined_at=now)
    notice = Notice.objects.create(
        recipient="vera@shop.example", incident=incident, step="opened", message_id="<1@here>",
        created_at=now, due_at=now, context={"title": "Boutique Lyon"},
    )  # fmt: skip
    vera = User.objects.create_user("vera", "vera@shop.example")
    row = Subscription.objects.create(email=vera.email, user=vera)
    assert not answer_link(notice)
    vera.groups.set([Group.objects.get(name="operator")])
    link = answer_link(notice).partition("/incidents/")[2]
    answers = []
    for group in ("viewer", "operator"):
        vera.groups.set([Group.objects.get(name=group)])
        answers.append(Client().get(f"/incidents/{link}").status_code)
    assert answers == [404, 200]
    User.objects.filter(pk=vera.pk).update(is_active=False)
    assert Client().post(f"/incidents/{link}", {"what": "acknowledge"}).status_code == 404
    Subscription.objects.filter(pk=row.pk).update(user=None)
    assert Client().get(f"/incidents/{link}").status_code == 200
