"""Signing in with the key pair, or with a token that it is exchanged for."""

import asyncio
from base64 import b64encode
from datetime import timedelta

import pytest

from integrations import errors
from integrations.contracts import Target
from integrations.opening import open_hub
from integrations.sendcloud.failures import to_contract

from .remote import LOCAL, NOW, Reply, json_reply, remote
from .test_sendcloud import EXAMPLES, KEYS, row

pytestmark = pytest.mark.integration


def reading(answer, moments, keys=KEYS):
    """Reads the integrations at each moment, with an adapter of its own each time."""

    async def go():
        async with remote(answer) as served:
            settings = {"auth": "oauth2", "token_url": served.url + "/oauth2/token"}
            for now in moments:
                async with open_hub(
                    Target("hub", served.url, keys, settings), "sendcloud", policy=LOCAL
                ) as hub:
                    await hub.read_integrations(now=now)
            return served.asked

    return asyncio.run(go())


def account(good_for=None, lifetime=3600):
    """Gives tokens t1, t2 ..., and accepts the newest ``good_for`` many requests long."""
    given = []
    left = [good_for]

    def answer(asked):
        if asked.path == "/oauth2/token":
            given.append(asked)
            left[0] = good_for
            return json_reply(
                {"access_token": f"t{len(given)}", "expires_in": lifetime, "token_type": "bearer"}
            )
        if left[0] == 0 or asked.headers["authorization"] != f"Bearer t{len(given)}":
            return json_reply({"errors": [{"code": "authentication_failed"}]}, 401)
        if left[0] is not None:
            left[0] -= 1
        return json_reply(EXAMPLES["v3_GET_integrations"])

    return answer


def tokens(asked):
    return [each for each in asked if each.path == "/oauth2/token"]


def test_a_token_is_asked_for_with_the_key_pair_and_kept_until_shortly_before_its_end():
    asked = reading(account(), [NOW, NOW + timedelta(minutes=54), NOW + timedelta(minutes=56)])
    first, _second = tokens(asked)
    assert first.method == "POST"
    assert first.body == b"grant_type=client_credentials&scope=api"
    assert first.headers["authorization"] == "Basic " + b64encode(b"public-key:secret-key").decode()
    assert [each.headers["authorization"] for each in asked if "v3" in each.path] == [
        "Bearer t1",
        "Bearer t1",
        "Bearer t2",
    ]


def test_a_token_that_was_taken_back_is_replaced_once():
    asked = reading(account(good_for=1), [NOW, NOW + timedelta(minutes=1)])
    assert len(tokens(asked)) == 2


def test_keys_that_are_refused_even_with_a_new_token_are_named():
    with pytest.raises(errors.CredentialsRefused, match="key pair"):
        reading(account(good_for=0), [NOW])


@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_account_without_tokens_is_told_to_sign_in_with_the_keys(status):
    refusal = {"error": "unauthorized_client", "error_description": "x", "status_code": status}
    with pytest.raises(errors.CredentialsRefused, match="no token") as error:
        reading(lambda asked: json_reply(refusal, status), [NOW])
    assert "basic" in error.value.remedy


def test_a_failing_token_server_is_no_refusal():
    with pytest.raises(errors.RemoteFault):
        reading(lambda asked: Reply(502, b"<html>"), [NOW])


# What a failed call was for


GRAPHQL = "https://shop.example/admin/api/2026-10/graphql.json"


@pytest.mark.parametrize(
    ("changed", "is_write"),
    [
        ({"method": "GET"}, False),
        ({"method": "PUT"}, True),
        ({"method": "POST", "full_url": "https://shop.example/rest/V1/order/5/ship"}, True),
        ({"method": "POST", "full_url": GRAPHQL}, False),
        (
            {"method": "POST", "full_url": GRAPHQL, "request": {"payload": {"query": "query Q { shop }"}}},
            False,
        ),
        (
            {"method": "POST", "full_url": GRAPHQL, "request": {"payload": {"query": "\n mutation M { x }"}}},
            True,
        ),
        ({"method": "POST", "full_url": GRAPHQL, "request": "obscured", "protected": True}, False),
    ],
)
def test_fetching_orders_is_told_from_writing_to_the_shop(changed, is_write):
    assert to_contract(row(**changed)).is_write is is_write
