"""What a shop answers may be anything at all: it is stored, shown and printed all the same."""

import asyncio
from datetime import timedelta
from ipaddress import ip_network

import orjson
import pytest

from integrations.access import matrix
from integrations.access.examine import examine
from integrations.access.reasoning import diagnose
from integrations.access.surroundings.certificates import facts_of
from integrations.access.surroundings.handshakes import Shown
from integrations.guard import GuardPolicy
from integrations.http import RemoteClient
from integrations.woocommerce.probing import PLAN
from monitor import examinations
from monitor.models import StoreExamination
from tests.access.pki import Authority, der
from tests.access.reasoned import HTML, HUB, NOW, REFUSED_BY_SHOP, examination, page, refused
from tests.access.sockets import listening
from tests.dashboard import factories as make

pytestmark = pytest.mark.integration


@pytest.mark.django_db
def test_a_title_with_a_zero_and_an_address_in_it_is_stored_without_them():
    one = examination(refused(page(403, "No\x00 entry, eve@shop.example")))
    StoreExamination.objects.create(
        store=make.watched("Odd", NOW).store,
        at=NOW,
        since=NOW,
        document=examinations.dump(one),
        diagnoses=examinations.dump_diagnoses(diagnose(one)),
    )
    kept = StoreExamination.objects.get()
    assert examinations.load(kept).cells[0].title == "No entry, [removed]"
    assert "eve@" not in f"{kept.document} {kept.diagnoses}"


def test_what_a_certificate_says_of_itself_can_be_stored_and_shown():
    authority = Authority(NOW, name="Lab\x00o\x1b[31m", depth=0)
    issued = authority.issue(
        "shop.example", "shop.example\x00.evil.example", issuer_url="http://ca.example/\x00"
    )
    found = facts_of(Shown("TLSv1.3", (der(issued.certificate),)), "shop.example", NOW)
    assert found.issuer == "Laboratory Labo[31m Root"
    assert found.names == ("shop.example",)
    assert found.issuer_url == ""


def test_an_absurd_wait_is_no_more_than_a_day():
    limited = (429, "slow down", {**HTML, "retry-after": "9" * 25})
    (found, *_others) = diagnose(examination(refused(limited)))
    assert found.values["wait_s"] == timedelta(days=1).total_seconds()
    orjson.dumps(found.values)


def test_a_shop_that_takes_ages_for_each_answer_is_not_asked_everything(monkeypatch):
    monkeypatch.setattr(matrix, "LONGEST_S", -1.0)

    async def examined(url):
        async with RemoteClient(url, policy=GuardPolicy([ip_network("127.0.0.0/8")])) as http:
            return await examine(http, PLAN, f"{url}/wp-json", platform="woocommerce", agents=HUB, now=NOW)

    _status, body, headers = REFUSED_BY_SHOP
    said = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = f"HTTP/1.1 401 No\r\n{said}content-length: {len(body)}\r\n\r\n{body}".encode()
    with listening(lambda connection, _head: connection.sendall(answer)) as port:
        found = asyncio.run(examined(f"http://127.0.0.1:{port}"))
    assert len(found.cells) == 1
    assert found.stopped_because
    assert diagnose(found) == ()
