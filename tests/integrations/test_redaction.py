"""Nothing secret or personal survives in what is kept."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.redaction import REMOVED, excerpt, redact_text, redact_url

pytestmark = pytest.mark.unit

WORD = st.text(string.ascii_lowercase + string.digits, min_size=6, max_size=20).map(lambda word: "q" + word)
SECRET = st.text(string.ascii_letters + string.digits, min_size=8, max_size=60).map(lambda word: "Zq" + word)


@pytest.mark.parametrize(
    "name",
    [
        "consumer_key",
        "consumer_secret",
        "oauth_signature",
        "oauth_nonce",
        "ws_key",
        "api_key",
        "apikey",
        "access_token",
        "refresh_token",
        "token",
        "client_secret",
        "password",
        "X-Shopify-Access-Token",
        "Set-Cookie",
        "signature",
    ],
)
@given(secret=SECRET)
def test_values_of_secret_names_go_in_every_notation(name, secret):
    for text in (
        f"GET /x?{name}={secret}&page=2",
        f'{{"{name}": "{secret}"}}',
        f"{name}: {secret}",
        f"error in {name}='{secret}'",
        f'{{"a": {{"{name}":"{secret}", "b": 1}}}}',
    ):
        assert secret not in redact_text(text)


@given(user=WORD, secret=SECRET)
def test_credentials_in_headers_and_urls_go(user, secret):
    for text in (
        f"Authorization: Basic {secret}",
        f"bearer {secret}",
        f"https://{user}:{secret}@shop.example/x",
    ):
        assert secret not in redact_text(text)


@given(body=st.text("0123456789abcdef", min_size=32, max_size=48))
def test_tokens_are_known_by_their_look(body):
    for token in (f"ck_{body}", f"cs_{body}", f"shpat_{body}", body):
        assert body not in redact_text(f"the key {token} was refused")


@given(name=WORD, host=WORD)
def test_mail_addresses_go(name, host):
    assert name not in redact_text(f"no order for {name}@{host}.example found")
    assert name not in redact_text(f"/customers?mail={name}%40{host}.example")


@pytest.mark.parametrize(
    "phone", ["+33 6 12 34 56 78", "0612345678", "+1 (212) 555-0147", "00 49 30 1234567", "06 12 34 56 78"]
)
def test_phone_numbers_go(phone):
    assert redact_text(f"call {phone} now") == f"call {REMOVED} now"


@given(value=WORD)
@pytest.mark.parametrize(
    "name",
    ["first_name", "address_1", "postcode", "phone_number", "telephone", "city", "company", "house_number"],
)
def test_personal_fields_of_json_go(name, value):
    assert value not in redact_text(f'{{"billing":{{"{name}":"{value}"}}}}')


@given(secret=st.text(min_size=4, max_size=30).filter(lambda word: word not in REMOVED), text=st.text())
def test_a_known_secret_goes_wherever_it_stands(secret, text):
    assert secret not in redact_text(f"{text} {secret}", [secret]).replace(REMOVED, "")


def test_what_helps_a_person_stays():
    for text in (
        "2026-11-22T07:40:40Z",
        "403 Forbidden nginx/1.22.1",
        "Reference 18.2c4f at 93.184.216.34",
        "woocommerce_rest_cannot_view",
        "The shop answered 503 after 20000 ms",
        "/wp-json/wc/v3/orders/4711",
    ):
        assert redact_text(text) == text


@given(user=WORD, secret=SECRET, value=SECRET)
def test_a_url_keeps_host_path_and_names_only(user, secret, value):
    url = f"https://{user}:{secret}@shop.example:8443/wp-json/wc/v3/orders?page={value}&consumer_key={secret}#{value}"
    assert redact_url(url) == "https://shop.example:8443/wp-json/wc/v3/orders?page&consumer_key"


@given(st.text())
def test_redacting_never_fails_and_repeating_changes_nothing(text):
    once = redact_text(text)
    assert redact_text(once) == once
    redact_url(text)
    assert len(excerpt(text)) <= 500


def test_an_excerpt_of_a_page_is_its_readable_text():
    page = (
        "<style>a{}</style><script>a='x'</script><title>403 Forbidden</title><h1>No &mdash;</h1>\n<!-- a -->"
    )
    assert excerpt(page) == "403 Forbidden No &mdash;"
