"""Second factors, forgotten passwords, sessions, invitations, and what administrators do about people."""

import re
from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from cryptography.fernet import Fernet
from django.contrib.auth.models import Group
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from freezegun import freeze_time

from integrations.models import Store
from monitor.access_control import ADMIN, OPERATOR, VIEWER
from monitor.models import Audit, Invitation, Role, User
from monitor.people.invitations import link
from monitor.scope import scope_of
from tests.people.conftest import person, signed_in

pytestmark = pytest.mark.integration

PASSWORD = "correct horse 9"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def vera(db: None) -> User:
    user = person("vera", VIEWER)
    user.set_password(PASSWORD)
    user.save()
    return user


def code() -> str:
    return format_hotp_value(hotp_value(SECRET, list(yield_hotp_counters_from_time())[1]))


def sign_in(client: Client, name: str = "vera", password: str = PASSWORD):
    return client.post(reverse("login"), {"login": name, "password": password})


def is_in(client: Client) -> bool:
    return client.get(reverse("settings")).status_code == 200


# --- second factors ------------------------------------------------------------------------------


def test_the_app_is_set_up_with_its_first_code_and_asked_for_from_then_on(
    vera: User, django_capture_on_commit_callbacks
) -> None:
    client = Client()
    sign_in(client)
    again = client.get(reverse("mfa_activate_totp"))
    client.post(again["Location"], {"password": PASSWORD})
    shown = client.get(reverse("mfa_activate_totp")).content.decode()
    secret = re.search(r'<code id="secret">(\w+)</code>', shown)[1]
    first = format_hotp_value(hotp_value(secret, list(yield_hotp_counters_from_time())[1]))
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post(reverse("mfa_activate_totp"), {"code": first})
    assert done["Location"] == reverse("mfa_view_recovery_codes")
    codes = re.findall(r"<li><code>(\w+)</code>", client.get(done["Location"]).content.decode())
    assert len(codes) == 10
    assert secret not in str(Authenticator.objects.get(user=vera, type="totp").data)
    assert "An authenticator app was added" in [one.subject for one in mail.outbox]
    assert Audit.objects.filter(action="person.factor_add", actor="vera").exists()

    other = Client()
    assert sign_in(other)["Location"] == reverse("mfa_authenticate")
    assert not is_in(other)
    assert other.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == 302
    assert is_in(other)


def test_a_code_works_once_and_a_wrong_one_never(vera: User) -> None:
    TOTP.activate(vera, SECRET)
    first, second = Client(), Client()
    sign_in(first)
    wrong = first.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "That code is not right" in wrong.content.decode()
    used = code()
    assert first.post(reverse("mfa_authenticate"), {"code": used}).status_code == 302
    sign_in(second)
    assert second.post(reverse("mfa_authenticate"), {"code": used}).status_code == 200
    assert not is_in(second)


def test_codes_cannot_be_tried_forever(vera: User) -> None:
    TOTP.activate(vera, SECRET)
    client = Client()
    sign_in(client)
    for _ in range(12):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    client.post(reverse("mfa_authenticate"), {"code": code()})
    assert not is_in(client)


def test_who_turns_back_before_the_second_step_starts_anew(vera: User) -> None:
    TOTP.activate(vera, SECRET)
    client = Client()
    sign_in(client)
    assert client.get(reverse("login"))["Location"] == reverse("mfa_authenticate")
    assert client.post(reverse("account_logout")).status_code == 302
    assert client.get(reverse("login")).status_code == 200


@pytest.mark.parametrize(
    ("setting", "group", "asked"),
    [("", ADMIN, False), ("admins", VIEWER, False), ("admins", ADMIN, True), ("everyone", VIEWER, True)],
)
def test_a_required_factor_is_asked_for_first(db, settings, setting: str, group: str, asked: bool) -> None:
    settings.REQUIRE_MFA = setting
    user = person("ada", group)
    client = signed_in(user)
    answer = client.get(reverse("overview"))
    assert (answer.status_code, answer.headers.get("Location")) == (
        (302, reverse("mfa_index")) if asked else (200, None)
    )
    assert client.get(reverse("mfa_index")).status_code == 200
    TOTP.activate(user, SECRET)
    assert client.get(reverse("overview")).status_code == 200


def test_the_last_required_factor_stays(vera: User, settings) -> None:
    settings.REQUIRE_MFA = "everyone"
    TOTP.activate(vera, SECRET)
    RecoveryCodes.activate(vera)
    client = Client()
    sign_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code()})
    asked = client.get(reverse("mfa_deactivate_totp"))
    client.post(asked["Location"], {"password": PASSWORD})
    client.post(reverse("mfa_deactivate_totp"))
    assert Authenticator.objects.filter(user=vera, type="totp").exists()


def test_rotated_keys_do_not_lock_anybody_out(vera: User, settings) -> None:
    TOTP.activate(vera, SECRET)
    RecoveryCodes.activate(vera)
    new = Fernet.generate_key().decode()
    settings.SYNCWATCH_KEYS = [new, *settings.SYNCWATCH_KEYS]
    call_command("rotate_keys", stdout=StringIO())
    settings.SYNCWATCH_KEYS = [new]
    client = Client()
    sign_in(client)
    assert client.post(reverse("mfa_authenticate"), {"code": code()}).status_code == 302
    assert is_in(client)


# --- passwords and sessions --------------------------------------------------------------------------


def test_a_forgotten_password_is_replaced_by_a_link_that_works_once(vera: User) -> None:
    client = Client()
    client.post(reverse("account_reset_password"), {"email": "VERA@example.com"})
    (letter,) = mail.outbox
    assert letter.subject == "Choose a new password for Syncwatch"
    address = re.search(r"http\S+/login/forgotten/\S+", letter.body)[0]
    assert address.startswith("http://127.0.0.1:8000/")
    form = client.get(address.removeprefix("http://127.0.0.1:8000"), follow=True)
    new = {"password1": "battery staple 7", "password2": "battery staple 7"}
    assert client.post(form.request["PATH_INFO"], new).status_code == 302
    assert not is_in(client)
    assert sign_in(Client(), password="battery staple 7").status_code == 302
    again = Client().get(address.removeprefix("http://127.0.0.1:8000"), follow=True)
    assert "used already or is too old" in again.content.decode()
    assert Audit.objects.filter(action="person.password", actor="vera").exists()


def test_nobody_learns_who_has_an_account(vera: User) -> None:
    known = Client().post(reverse("account_reset_password"), {"email": "vera@example.com"})
    unknown = Client().post(reverse("account_reset_password"), {"email": "nobody@example.com"})
    assert known["Location"] == unknown["Location"]
    assert [one.to for one in mail.outbox] == [["vera@example.com"]]


def test_the_link_does_not_follow_the_host_of_the_request(vera: User, settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    Client(headers={"host": "evil.example"}).post(
        reverse("account_reset_password"), {"email": "vera@example.com"}
    )
    assert "evil.example" not in mail.outbox[0].body


def test_signing_out_elsewhere_ends_that_session(vera: User) -> None:
    here, there, third = Client(), Client(headers={"user-agent": "Mozilla/5.0 (iPhone) Safari/1"}), Client()
    for client in (here, there, third):
        sign_in(client)
    shown = here.get(reverse("sessions")).content.decode()
    assert "Safari, iPhone" in shown
    pk = UserSession.objects.get(user_agent__contains="iPhone").pk
    here.post(reverse("sessions"), {"end": pk})
    assert [is_in(client) for client in (here, there, third)] == [True, False, True]
    here.post(reverse("sessions"))
    assert [is_in(client) for client in (here, third)] == [True, False]


def test_nobody_ends_a_session_of_somebody_else(vera: User) -> None:
    other = signed_in(person("otto", VIEWER))
    client = Client()
    sign_in(client)
    other.post(reverse("sessions"), {"end": UserSession.objects.get(user=vera).pk})
    assert is_in(client)


# --- invitations -----------------------------------------------------------------------------------------


@pytest.fixture
def invite(admin: Client) -> Callable[..., Invitation]:
    Store.objects.create(name="lyon", platform="woocommerce", url="http://lyon.example", tags=["fr"])

    def made(email: str = "new@example.com", role: str = OPERATOR, *tags: str) -> Invitation:
        entered = {"email": email, "role": Group.objects.get(name=role).pk, "language": "fr",
                   "where": "tags" if tags else "all", "tags": tags}  # fmt: skip
        answer = admin.post(reverse("people-invite"), entered)
        assert answer.status_code == 302, answer.content.decode()
        return Invitation.objects.latest("pk")

    return made


def join(address: str, **more: str):
    client = Client()
    entered = {"username": "nina", "password1": PASSWORD, "password2": PASSWORD,
               "token": address.partition("token=")[2], **more}  # fmt: skip
    return client, client.post(reverse("invited"), entered)


def test_an_invited_person_joins_with_the_role_they_were_given(invite) -> None:
    made = invite("new@example.com", OPERATOR, "fr")
    (letter,) = mail.outbox
    assert letter.to == ["new@example.com"]
    address = re.search(r"http\S+/invited/\S+", letter.body)[0].replace("%3A", ":")
    assert "ada" in Client().get(address.partition("8000")[2]).content.decode()
    client, answer = join(address)
    assert answer["Location"] == reverse("overview")
    assert 'class="message info"' in client.get(reverse("overview")).content.decode()
    assert is_in(client)
    user = User.objects.get(username="nina")
    assert (user.email, user.language, list(user.groups.all())) == ("new@example.com", "fr", [])
    assert scope_of(user, "monitor.force_refresh").tags == {"fr"}
    assert user.emailaddress_set.get().verified
    made.refresh_from_db()
    assert made.accepted_by == user
    assert set(Audit.objects.values_list("action", flat=True)) >= {"person.invite", "person.join"}


def test_an_invitation_works_once_for_a_week_and_until_it_is_taken_back(invite, admin: Client) -> None:
    made = invite()
    address = link(made).replace("%3A", ":")
    with freeze_time(made.expires_at + timedelta(minutes=1)):
        assert join(address)[1].status_code == 404
    assert join(address)[1].status_code == 302
    assert join(address, username="olga")[1].status_code == 404
    second = invite("other@example.com")
    admin.post(reverse("invitation", args=[second.pk]))
    assert join(link(second).replace("%3A", ":"), username="olga")[1].status_code == 404
    assert join(address.replace("token=1", "token=2"), username="olga")[1].status_code == 404


def test_a_newer_invitation_replaces_the_older(invite) -> None:
    first, second = invite(role=VIEWER), invite(role=ADMIN)
    assert join(link(first).replace("%3A", ":"))[1].status_code == 404
    assert join(link(second).replace("%3A", ":"))[1].status_code == 302


def test_who_is_here_is_not_invited_again(admin: Client) -> None:
    person("vera", VIEWER)
    entered = {"email": "Vera@example.com", "role": Group.objects.get(name=VIEWER).pk, "where": "all",
               "language": "en"}  # fmt: skip
    answer = admin.post(reverse("people-invite"), entered)
    assert answer.status_code == 422
    assert "is here already" in answer.content.decode()


def test_a_mail_server_that_does_not_answer_is_told_with_the_link(invite, admin: Client, settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    invite()
    assert "did not take the mail" in admin.get(reverse("people")).content.decode()


# --- people ------------------------------------------------------------------------------------------------


def role_form(role: str, *tags: str, **more: str) -> dict[str, object]:
    return {"role": Group.objects.get(name=role).pk, "where": "tags" if tags else "all", "tags": tags, **more}


def test_an_administrator_changes_a_role_and_where_it_holds(admin: Client) -> None:
    Store.objects.create(name="lyon", platform="woocommerce", url="http://lyon.example", tags=["fr"])
    user = person("vera", VIEWER)
    address = reverse("person", args=[user.pk])
    User.objects.filter(pk=user.pk).update(last_seen_at=timezone.now())
    assert "Sign out everywhere" in admin.get(address).content.decode()
    admin.post(address, role_form(OPERATOR, "fr", is_active="on"))
    assert Role.objects.get(user=user).tags == ["fr"]
    assert scope_of(User.objects.get(pk=user.pk)).tags == {"fr"}
    shown = admin.get(reverse("people")).content.decode()
    assert '<span class="tag">fr</span>' in shown
    admin.post(address, role_form(VIEWER, is_active="on"))
    assert scope_of(User.objects.get(pk=user.pk)).is_everything
    row = Audit.objects.filter(action="person.role").latest("pk")
    assert (row.before["roles"], row.after["groups"]) == ({OPERATOR: ["fr"]}, [VIEWER])


def test_a_role_for_some_stores_needs_a_tag_and_is_no_administrators(admin: Client) -> None:
    Store.objects.create(name="lyon", platform="woocommerce", url="http://lyon.example", tags=["fr"])
    address = reverse("person", args=[person("vera", VIEWER).pk])
    without = {**role_form(OPERATOR, is_active="on"), "where": "tags"}
    assert admin.post(address, without).status_code == 422
    assert admin.post(address, role_form(ADMIN, "fr", is_active="on")).status_code == 422


def test_who_may_not_sign_in_any_more_is_out_at_once(admin: Client, vera: User) -> None:
    client = Client()
    sign_in(client)
    admin.post(reverse("person", args=[vera.pk]), role_form(VIEWER))
    assert not is_in(client)
    assert not is_in_after(sign_in(Client()))


def is_in_after(answer) -> bool:
    return answer.status_code == 302 and answer["Location"] == reverse("overview")


def test_a_lost_device_is_signed_out_and_its_factor_removed(admin: Client, vera: User) -> None:
    client = Client()
    sign_in(client)
    TOTP.activate(vera, SECRET)
    admin.post(reverse("person-sign-out", args=[vera.pk]), {"factors": "1"})
    assert not is_in(client)
    assert not Authenticator.objects.filter(user=vera).exists()
    assert Audit.objects.filter(action="person.sign_out", actor="ada").exists()


def test_nobody_changes_their_own_role_or_a_superusers(admin: Client) -> None:
    root = person("root", is_superuser=True)
    ada = User.objects.get(username="ada")
    for user in (root, ada):
        assert admin.post(reverse("person", args=[user.pk]), role_form(VIEWER)).status_code == 403
        assert admin.post(reverse("person-sign-out", args=[user.pk])).status_code == 403


def test_being_seen_is_noted_but_not_at_every_request(vera: User) -> None:
    client = Client()
    with freeze_time("2026-11-22 12:00") as clock:
        sign_in(client)
        vera.refresh_from_db()
        first = vera.last_seen_at
        with CaptureQueriesContext(connection) as queries:
            client.get(reverse("mfa_index"))
        assert not [one for one in queries if one["sql"].startswith(("UPDATE", "INSERT"))]
        clock.tick(timedelta(minutes=6))
        client.get(reverse("mfa_index"))
        vera.refresh_from_db()
        assert vera.last_seen_at - first == timedelta(minutes=6)
