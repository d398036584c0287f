"""Every page of the product, each as somebody sees it who may: for whatever is asked of all of them."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData
from playwright.sync_api import APIResponse, Browser, Page
from sesame.utils import get_query_string

from monitor.models import User
from tests.dashboard import factories as make
from tests.dashboard.conftest import browser, today, visit
from tests.people.conftest import Fleet, admin, fleet, operator, person, viewer
from tests.people.test_urls_by_group import ADMIN, ANYBODY, DECLARED, address_of, rows

__all__ = ["admin", "browser", "fleet", "operator", "rows", "today", "viewer", "visit"]

OURS = (
    "admin:index",
    "admin:login",
    "admin:integrations_integration_changelist",
    "admin:monitor_user_change",
)
"""Of the administration, whose pages are all made alike."""
BROKEN = "/docs/"
"""The documentation, whose pages are not ours, serves here to show what a page that breaks looks like."""

Walk = Callable[..., Iterator[tuple[Page, str]]]


@dataclass(frozen=True)
class Person:
    """Somebody who looks, and at what."""

    session: str
    addresses: list[str]


@pytest.fixture
def people(fleet: Fleet, rows: None, today: datetime, monkeypatch: pytest.MonkeyPatch) -> list[Person]:
    """An administrator, one with every second factor, a viewer who meets errors, and nobody."""
    anna, safe, vito = person("anna", "admin"), _safe(person("otto", "admin")), person("vito", "viewer")
    ill = make.watched("Boutique Nice", today, "blocked_user_agent", since=timedelta(hours=1), waiting=31)
    make.call(ill, today)
    make.hub_failure(ill, today)
    make.latency(ill, today.replace(minute=0, second=0, microsecond=0), [60, 120, 700])
    incident = make.incident_of(ill, today)
    one = f"/integrations/{ill.name}/"
    found = {
        one,
        f"{one}?tab=history",
        f"{one}?tab=checks",
        f"/incidents/{incident.pk}/",
        "/wall/?theme=light",
    }
    factors, open_to_all = set[str](), set[str]()
    for name, page in DECLARED.items():
        is_left_out = name.startswith("docs") or (name.startswith("admin:") and name not in OURS)
        if page.opens_for > ADMIN or page.post is not None or is_left_out:
            continue
        places = open_to_all if page.opens_for == ANYBODY else factors if name.startswith("mfa_") else found
        places.add(address_of(name, page, fleet))
    monkeypatch.setattr("monitor.dashboard.docs.serve", _broken)
    factors |= {f"/account/passkeys/{key.pk}/{way}" for key in _keys(safe) for way in ("", "remove/")}
    return [
        Person(_session_of(anna), sorted(found | factors)),
        Person(_session_of(safe), sorted(factors)),
        Person(_session_of(vito), ["/people/", "/no-such-page/", BROKEN]),
        Person("", sorted(open_to_all)),
    ]


@pytest.fixture
def walk(people: list[Person], browser: Browser, live_server) -> Iterator[Walk]:
    """Opens every page once, in a window of the given kind, and gives it with its address."""
    contexts = []

    def go(**options: object) -> Iterator[tuple[Page, str]]:
        seen = set[str]()
        for one in people:
            context = browser.new_context(base_url=live_server.url, timezone_id="Europe/Paris", **options)
            contexts.append(context)
            zone = {"url": live_server.url, "name": "tz", "value": "Europe%2FParis"}
            session = {**zone, "name": django_settings.SESSION_COOKIE_NAME, "value": one.session}
            context.add_cookies([zone, session] if one.session else [zone])
            page = context.new_page()
            for address in one.addresses:
                answer = context.request.get(address)
                # Several lead to the same page, as to the one that asks for the password again.
                place = one.session + answer.url.partition("?next=")[0] if answer.ok else f"{answer.status}"
                if place in seen or not is_page(answer):
                    continue
                seen.add(place)
                page.goto(address)
                yield page, address
        assert seen.issuperset({"403", "404", "500"})
        print(sorted(seen))
        assert len(seen) > 55

    yield go
    for context in contexts:
        context.close()


def is_page(answer: APIResponse) -> bool:
    """Rather than a file, or a part that a page asks for."""
    return answer.text().lstrip()[:9].lower() == "<!doctype"


def _session_of(user: User) -> str:
    """A session of somebody who has just shown that it is them."""
    client = Client()
    client.get(reverse("login-once") + get_query_string(user))
    return str(client.session.session_key)


def _safe(user: User) -> User:
    """Gives somebody every second factor."""
    TOTP.activate(user, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(user)
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    kept = AttestedCredentialData.create(b"\0" * 16, b"laptop", key)
    told = AttestationObject.create("none", AuthenticatorData.create(b"\0" * 32, 0x41, 0, kept), {})
    client = {"type": "webauthn.create", "challenge": "", "origin": "http://localhost"}
    answer = {
        "clientDataJSON": websafe_encode(json.dumps(client).encode()),
        "attestationObject": websafe_encode(told),
    }
    known = {"id": websafe_encode(b"laptop"), "rawId": websafe_encode(b"laptop"), "type": "public-key"}
    data = {"name": "My laptop", "credential": {**known, "response": answer}}
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)
    return user


def _keys(user: User) -> list[Authenticator]:
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN))


def _broken(*_args: object, **_named: object) -> None:
    raise RuntimeError("broken on purpose")
