"""Answers that make no sense: none is taken for a good one, and none breaks more than its own reading."""

import pytest

from integrations import errors

from .remote import NOW, Reply
from .test_sendcloud import using
from .test_sendcloud_parcels import MAPPING, older, parcel, settings, shipment, shipments, v3

pytestmark = pytest.mark.integration

NASTY = [
    Reply(200, b"<html>"),
    Reply(200, b'{"data": ["a", 1, null, []]}'),
    Reply(200, b'{"data": {"data": {"data": 7}}}'),
    Reply(200, b'{"parcels": 4, "results": {}, "data": 4}'),
    Reply(200, b"[" * 10_000),
    Reply(200, b'{"data": [{"id": "' + b"9" * 100_000 + b'", "parcels": [{}]}]}'),
    Reply(200, b'{"data": [{"parcels": [{"id": 1, "updated_at": "9999-99-99T00:00:00Z"}]}]}'),
    Reply(200, b'{"data": [{"parcels": [{"id": 1, "updated_at": -5, "status": "x"}]}]}'),
    Reply(200, b'{"data": "' + b"\\u0000" * 50 + b'"}'),
    Reply(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"),
    Reply(raw=b""),
    Reply(302, b"", {"location": "http://169.254.169.254/"}),
]


async def failures(hub):
    return await hub.read_failures("", now=NOW)


async def checks(hub):
    return await hub.check_integration("7", "prestashop_v2", now=NOW)


READINGS = [
    ("v3", "/shipments", v3(shipment(parcel())), shipments),
    ("v3", "/integrations/7", v3(shipment(parcel())), shipments),
    ("v3", "/logs", v3(), failures),
    ("v3", "/mapping", settings(MAPPING, type="prestashop_v2"), checks),
    ("v3", "/shop-order-statuses", settings(MAPPING, type="prestashop_v2"), checks),
    ("v2", "/parcels", older(), shipments),
    ("v2", "/7/shipments", older(integrations=2), shipments),
    ("v2", "/v2/integrations", older(), shipments),
    ("v2", "/logs", older(), failures),
]


@pytest.mark.parametrize("reply", NASTY)
@pytest.mark.parametrize(
    ("api", "ending", "good", "do"), READINGS, ids=[f"{row[0]}{row[1]}" for row in READINGS]
)
def test_an_answer_of_no_sense_is_an_error_of_the_hub(api, ending, good, do, reply):
    asked = []

    def answer(request):
        if request.path.endswith(ending):
            asked.append(request)
            return reply
        return good(request)

    with pytest.raises(errors.RemoteError) as error:
        using(answer, do, api=api)
    assert asked
    assert not isinstance(error.value, errors.OurMistake)
