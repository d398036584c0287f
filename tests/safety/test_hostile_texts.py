"""Texts that remotes choose: whatever they are, looking at one costs little, and it can be stored."""

import time

import pytest

from integrations.access.classify import classify
from integrations.answer import Answer
from integrations.redaction import excerpt, redact_text

pytestmark = pytest.mark.unit

PIECES = (
    "<script ", "<!--", "<", "<svg>", "a", "a.", "a-", "a@", "a%40", "0 1 ", "+1 ", '"', '"name":"',
    '"name":',
    "token.", "token ", "oauth_", "session", "name = ", "address", "street", "1a", "http://", "eyJaaaaaaaa.",
    "eyJaaaaaaaa-", "basic ", '\\"', "access denied", "firewall", "<h1>forbidden</h1>", " ", "0", "token\n",
)  # fmt: skip
LONGEST = 65_536
FEW_SECONDS = 2.0
"""Far above what a linear look takes (about 0.05 s), far below what a square one does (5 s and more)."""


@pytest.mark.parametrize("piece", PIECES)
def test_a_text_made_to_be_slow_to_read_is_read_quickly(piece):
    text = (piece * (LONGEST // len(piece) + 1))[:LONGEST]
    started = time.process_time()
    excerpt(text)
    redact_text(text[:10_000])
    for status in (200, 403, 503):
        classify(Answer(status, {"content-type": "text/html"}, text.encode(), "https://shop.example/"))
    assert time.process_time() - started < FEW_SECONDS


@pytest.mark.parametrize(
    ("page", "readable"),
    [
        ("a<b>b</b>c", "a b c"),
        ("a<script>var x = '<b>';</SCRIPT >b", "a b"),
        ("a<!-- <b> -->b", "a b"),
        ("a<script>never ended", "a never ended"),
        ("a<!-- never ended", "a<!-- never ended"),
        ("1 < 2 and 3 < 4", "1 < 2 and 3 < 4"),
        ("<svg><path/></svg><style>p{}</style>x", "x"),
    ],
)
def test_the_readable_part_of_a_page_is_kept(page, readable):
    assert excerpt(page) == readable


def test_no_control_character_reaches_what_is_stored():
    assert excerpt("Denied\x00 by\x1b the\x07 wall") == "Denied by the wall"


@pytest.mark.parametrize(
    "text",
    [
        "x-shopify-access-token: s3cr3t",
        "my.oauth_token=s3cr3t",
        '{"wp_session_id": "s3cr3t"}',
        "PHPSESSION=s3cr3t",
        '"x.credentials.key" : "s3cr3t"',
    ],
)
def test_secrets_are_known_by_the_names_around_them(text):
    assert "s3cr3t" not in redact_text(text)
