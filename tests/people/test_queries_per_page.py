"""No page asks the database more than a dozen times, whoever looks: as many waits for a far database."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from monitor.access_control import OPERATOR
from monitor.models import Recovery, Remark, Role, Transition, User
from tests.people.conftest import NOW, Fleet, person, signed_in
from tests.people.test_urls_by_group import ANYBODY, DECLARED, address_of, rows

pytestmark = pytest.mark.integration
__all__ = ["rows"]
MOST = 12
VIEWS = (
    ("overview", "?part=live"),
    ("overview", "?part=picture&range=90d"),
    ("overview", "?by=store&drawn=yes"),
    ("overview", "?by=tag&tag=fr&range=7d"),
    ("integrations", "?q=lyon&sort=-since&part=rows"),
    ("integration", "?tab=history"),
    ("integration", "?tab=history&history=90d"),
    ("integration", "?tab=checks"),
    ("integration", "?part=head"),
    ("incidents", "?q=lyon&state=open&page=2"),
    ("chart-fleet-latency", "?of=self-hosted&range=90d"),
    ("slowest", "?range=30d"),
    ("wall", "?tag=fr"),
)
"""Parts and views of pages that have addresses of their own."""


@pytest.fixture
def eventful(fleet: Fleet, rows: None) -> Fleet:
    """Something of everything that a page may tell of."""
    one = fleet.integration
    Recovery.objects.create(
        integration=one, recovered_at=NOW, due_at=NOW, decided_at=NOW, decision="suggested"
    )
    Remark.objects.create(incident=fleet.incident, at=NOW, kind="comment", text="looking")
    for hours in (30, 2):
        Transition.objects.create(
            integration=one, kind="verdict", at=NOW - timedelta(hours=hours), old_state="ok",
            new_state="fail", new_rule="stalled", rules_version=1,
        )  # fmt: skip
    return fleet


def limited() -> Client:
    """An operator of the shops with one tag."""
    user = person("lea")
    Role.objects.create(user=user, group=Group.objects.get(name=OPERATOR), tags=["fr"])
    return signed_in(user)


def questions(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as asked:
        b"".join(client.get(url))
    return [one["sql"] for one in asked if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "SET LOCAL"))]


@pytest.mark.parametrize("who", ["superuser", "limited"])
def test_a_dozen_questions_at_most(who: str, eventful: Fleet) -> None:
    client = limited() if who == "limited" else signed_in(User.objects.create_superuser("root"))
    pages = [
        address_of(name, page, eventful)
        for name, page in sorted(DECLARED.items())
        if page.post is None and page.opens_for != ANYBODY and not name.startswith("admin:")
    ]
    views = [address_of(name, DECLARED[name], eventful) + query for name, query in VIEWS]
    over = {}
    for url in pages + views:
        asked = questions(client, url)
        if len(asked) > MOST:
            # What is worked out once per process is no matter of the page.
            asked = questions(client, url)
        if len(asked) > MOST:
            over[url] = asked
    assert not over, "\n".join(f"{url}: {len(asked)}" for url, asked in over.items())
