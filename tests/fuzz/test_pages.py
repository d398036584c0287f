"""Whatever is sent to whichever page: an answer and never a failure, and nobody else's markup in it."""

import random
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from monitor.access_control import VIEWER
from monitor.models import BulkRefresh, Channel, Maintenance, Refresh, Subscription
from tests.people.conftest import Fleet, admin, fleet, person
from tests.people.test_urls_by_group import DECLARED, address_of

pytestmark = pytest.mark.integration

__all__ = ["admin", "fleet"]

MARKUP = "<img src=x onerror=alert(1)>"
IN_ADDRESSES = (
    MARKUP + "'\"{{7*7}}", "", "x" * 5_000, "-1", "0", "9" * 30, "1e999", "NaN", "²", "\ud7ff\u202e",
    "[]", '{"a": [1]}', "null", "2026-99-99T99:99", "0001-01-01T00:00", "9999-12-31T23:59",
    "../../etc/passwd", "http://[::1", "https://x.example:99999/", "=cmd|' /C calc'!A0", "%00", "all:",
    "store:x", "tag:", "hook:9",
)  # fmt: skip
IN_FORMS = (*IN_ADDRESSES, "\0", "a\0b")
ASKED = (
    "q", "tag", "state", "page", "sort", "range", "from", "to", "part", "tab", "by", "after", "rows", "drawn",
    "within", "store", "hub", "platform", "cause", "test", "alike", "history", "scope", "next", "token",
    "status", "order", "start", "end",
)  # fmt: skip
SENT = (
    "text", "for", "what", "chosen", "names", "query", "all", "change", "given", "reason", "strategy", "only",
    "seen", "end", "factors", "again", "view", "name", "is_shared", "token", "login", "password", "next",
    "email", "code", "credential", "action", "account", "role", "where", "tags", "url", "title", "minutes",
    "hours", "tag", "external_id", "q",
)  # fmt: skip
_NAME = re.compile(r'<(?:input|select|textarea)[^>]*\bname="([^"]+)"')


def more_rows(fleet: Fleet) -> dict[str, list[Any]]:
    """Addresses of rows that no attribute of the fleet names."""
    now = timezone.now()
    mail = Subscription.objects.create(email="ops@shop.example")
    hook = Subscription.objects.create(
        channel=Channel.WEBHOOK, label="x", endpoint={"url": "https://x.example"}
    )
    bulk = BulkRefresh.objects.create(actor="omar", reason="x", requested_at=now)
    running = Refresh.objects.create(
        integration=fleet.integration, bulk=bulk, actor="omar", reason="x", strategy="panel",
        stage="waiting", requested_at=now, due_at=now,
    )  # fmt: skip
    later = now + timedelta(hours=1)
    window = Maintenance.objects.create(
        title="x", store=fleet.store, starts_at=now, ends_at=later, created_at=now
    )
    zoe = person("zoe", VIEWER)
    of_mail = ("change", "tested", "test", "week", "remove", "works-again")
    return {
        **{f"notices-{what}": [mail.pk] for what in of_mail},
        "notices-secret": [hook.pk],
        "refresh": [running.pk],
        "refresh-cancel": [running.pk],
        "refresh-many": [bulk.pk],
        "refresh-many-cancel": [bulk.pk],
        "maintenance-end": [window.pk],
        "person": [zoe.pk],
        "person-sign-out": [zoe.pk],
    }


class _Back(Exception):
    """Takes back what was done."""


def asked(client: Client, url: str, data: dict[str, Any] | None, **query: str) -> tuple[int, str]:
    """The status and the text of an answer; what it has changed is taken back."""
    client.raise_request_exception = False
    try:
        with transaction.atomic():
            answer = client.get(url, query) if data is None else client.post(url, data)
            text = b"".join(answer).decode(errors="replace")
            raise _Back
    except _Back:
        return answer.status_code, text


def pages(fleet: Fleet) -> Iterator[tuple[str, str]]:
    rows = more_rows(fleet)
    for name, page in sorted(DECLARED.items()):
        if name in rows:
            yield name, reverse(name, args=rows[name])
        elif "<" not in "".join(page.args) and not name.startswith("admin:"):
            yield name, address_of(name, page, fleet)


def test_no_page_fails_whatever_it_is_sent(admin: Client, fleet: Fleet) -> None:
    chance, failed, session = random.Random(7), [], admin.cookies["sessionid"].value
    for name, url in pages(fleet):
        # One of the pages signs out.
        admin.cookies["sessionid"] = session
        _status, shown = asked(admin, url, None)
        fields = {*_NAME.findall(shown), *SENT} - {"csrfmiddlewaretoken"}
        query = {key: chance.choice(IN_ADDRESSES) for key in ASKED if chance.random() < 0.5}
        status, text = asked(admin, url, None, **query)
        if (status >= 500 and name != "readyz") or MARKUP in text:
            failed.append((name, status, query))
        for _again in range(2):
            sent = {key: chance.choice(IN_FORMS) for key in sorted(fields) if chance.random() < 0.7}
            status, text = asked(admin, url, sent)
            if status >= 500 or MARKUP in text:
                failed.append((name, status, sent))
            if status == 405:
                break
    assert not failed
    assert asked(admin, reverse("settings"), None)[0] == 200
