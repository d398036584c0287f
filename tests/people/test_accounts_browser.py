"""Signing in safely in a real browser: app and passkey set up and used, an invitation accepted."""

import re
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import Group
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations.models import Store
from monitor.access_control import OPERATOR, VIEWER
from monitor.models import User
from monitor.people import invitations
from tests.dashboard.conftest import browser
from tests.people.conftest import person

__all__ = ["browser"]
pytestmark = [pytest.mark.acceptance, pytest.mark.django_db(transaction=True)]

PASSWORD = "correct horse 9"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture(autouse=True)
def _quick_passwords(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True


@pytest.fixture
def vera(transactional_db: None) -> User:
    user = person("vera", VIEWER)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def opened(browser, live_server) -> Iterator[Callable[..., Page]]:
    """A page of a new browser; nothing may be refused by the policy for contents or fail in a script."""
    contexts, complaints = [], []

    def make(path: str, **options) -> Page:
        contexts.append(browser.new_context(base_url=live_server.url, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not complaints


def sign_in(page: Page) -> None:
    page.get_by_label("Name or e-mail address").fill("vera")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def sign_out(page: Page) -> None:
    page.locator("#person-menu summary").click()
    page.get_by_role("button", name="Sign out").click()


def with_a_device(page: Page) -> None:
    """A telephone's or laptop's store of passkeys, whose owner shows a finger at once."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
              "hasUserVerification": True, "isUserVerified": True}  # fmt: skip
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})


def code_now() -> str:
    """What an authenticator app shows that knows the secret."""
    return str(format_hotp_value(hotp_value(SECRET, list(yield_hotp_counters_from_time())[1])))


def show_again(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def test_an_authenticator_app_is_set_up_and_asked_for(vera: User, opened) -> None:
    page = opened("/account/", java_script_enabled=False)
    sign_in(page)
    page.get_by_role("link", name="Set up an app").click()
    show_again(page)
    secret = page.locator("#secret").inner_text()
    codes = [format_hotp_value(hotp_value(secret, one)) for one in yield_hotp_counters_from_time()]
    page.get_by_label("Code").fill(codes[1])
    page.get_by_role("button", name="Switch it on").click()
    recovery = page.locator(".codes code").first.inner_text()
    page.context.clear_cookies()
    page.goto("/incidents/")
    sign_in(page)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_label("Code").fill(recovery)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Incidents")).to_be_visible()


def test_the_app_signs_in_its_recovery_codes_are_saved_and_work_once_and_it_is_switched_off(
    vera: User, opened, tmp_path
) -> None:
    TOTP.activate(vera, SECRET)
    RecoveryCodes.activate(vera)
    page = opened("/account/")
    sign_in(page)
    page.get_by_label("Code").fill(code_now())
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("link", name="Show them").click()
    show_again(page)
    expect(page.get_by_role("link", name="Save as a file")).to_be_visible()
    shown = page.locator(".codes code").all_inner_texts()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as a file").click()
    saved.value.save_as(tmp_path / "codes.txt")
    assert (tmp_path / "codes.txt").read_text().split() == shown
    assert len(shown) == 10
    sign_out(page)
    sign_in(page)
    page.get_by_label("Code").fill(shown[3])
    page.get_by_role("button", name="Sign in").click()
    sign_out(page)
    sign_in(page)
    page.get_by_label("Code").fill(shown[3])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("That code is not right, or it was used already.")).to_be_visible()
    page.get_by_label("Code").fill(shown[4])
    page.get_by_role("button", name="Sign in").click()
    page.goto("/account/")
    expect(page.get_by_text("8 codes are left.")).to_be_visible()
    page.get_by_role("link", name="Switch it off").click()
    show_again(page)
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_role("link", name="Set up an app")).to_be_visible()
    sign_out(page)
    sign_in(page)
    expect(page.locator("#person-menu")).to_be_visible()


def test_a_passkey_is_added_and_signs_in_alone_until_it_is_removed(vera: User, opened) -> None:
    page = opened("/account/passkeys/add/")
    with_a_device(page)
    sign_in(page)
    show_again(page)
    page.get_by_label("What you call it").fill("My laptop")
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.goto("/account/")
    expect(page.get_by_text("My laptop")).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.locator("#person-menu")).to_be_visible()
    assert page.url.endswith("/")
    page.goto("/account/")
    page.get_by_role("link", name="Rename My laptop").click()
    show_again(page)
    page.get_by_label("What you call it").fill("The old laptop")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Remove The old laptop").click()
    page.get_by_role("button", name="Remove it").click()
    expect(page.get_by_text("The old laptop")).to_have_count(0)
    sign_out(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page.get_by_text("This passkey is not known here, or no longer.")).to_be_visible()
    sign_in(page)
    expect(page.locator("#person-menu")).to_be_visible()


def test_a_passkey_is_the_second_step_after_the_password(vera: User, opened) -> None:
    page = opened("/account/passkeys/add/")
    with_a_device(page)
    sign_in(page)
    show_again(page)
    page.get_by_label("Sign in with it alone, without the password").uncheck()
    page.get_by_role("button", name="Add it").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    sign_out(page)
    page.goto("/incidents/")
    sign_in(page)
    expect(page.get_by_role("heading", name="Second step")).to_be_visible()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("heading", name="Incidents")).to_be_visible()


def test_at_a_bare_address_one_is_told_why_there_are_no_passkeys(vera: User, opened) -> None:
    page = opened("/login/")
    page.goto(page.url.replace("localhost", "127.0.0.1").replace("/login/", "/account/passkeys/add/"))
    sign_in(page)
    show_again(page)
    expect(page.get_by_text("Passkeys do not work here.")).to_be_visible()
    for name in ("Add it", "Sign in with it alone, without the password"):
        expect(page.get_by_text(name)).to_be_hidden()
    page.get_by_role("link", name="Back", exact=True).click()
    expect(page.get_by_role("link", name="Set up an app")).to_be_visible()


def test_an_invited_operator_of_some_stores_joins_by_the_mail(
    vera: User, opened, live_server, settings
) -> None:
    settings.PUBLIC_URL = live_server.url
    Store.objects.create(name="lyon", platform="woocommerce", url="http://lyon.example", tags=["fr"])
    group = Group.objects.get(name=OPERATOR)
    made = invitations.invite("new@example.com", group, ["fr"], language="fr", by=vera, now=timezone.now())
    invitations.send(made)
    page = opened(re.search(r"http\S+", mail.outbox[0].body)[0])
    page.locator("#id_username").fill("nina")
    page.locator("#id_password1").fill(PASSWORD)
    page.locator("#id_password2").fill(PASSWORD)
    page.locator("main form button").click()
    expect(page.locator("#person-menu")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "fr"
    assert User.objects.get(username="nina").roles.get().tags == ["fr"]


def test_zones_are_found_by_typing(vera: User, opened) -> None:
    page = opened("/settings/")
    sign_in(page)
    zone, find = page.locator("#id_time_zone"), page.get_by_label("Find a city")
    find.fill("sao paulo")
    expect(zone).to_have_value("America/Sao_Paulo")
    find.press("Tab")
    page.get_by_label("Theme").select_option("dark")
    # What nothing has the name of changes nothing, though its first letters were some other city's.
    find.fill("")
    find.press_sequentially("tokyz")
    expect(page.get_by_text("Nothing matches. Your choice stays as it was.")).to_be_visible()
    expect(zone).to_have_value("America/Sao_Paulo")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    vera.refresh_from_db()
    assert vera.time_zone == "America/Sao_Paulo"
