"""Keys are rotated without losing a credential, in as many attempts as it takes."""

from io import StringIO

import orjson
import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from integrations.models import Account, Store
from monitor.management.commands import rotate_keys
from monitor.models import Channel, Subscription

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(3))


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def fleet(settings):
    settings.SYNCWATCH_KEYS = [OLD]
    Account.objects.create(name="eu", kind="generic", url="https://hub.example", credentials={"key": "a"})
    for number in range(5):
        Store.objects.create(
            name=f"s{number}", platform="shopify", url="https://x", credentials={"key": str(number)}
        )
    Subscription.objects.create(channel=Channel.SLACK, label="Ops", endpoint={"url": "https://hook.example"})


def test_after_rotating_the_old_key_may_go(fleet, settings, monkeypatch):
    monkeypatch.setattr(rotate_keys, "BATCH", 2)
    settings.SYNCWATCH_KEYS = [NEW, OLD]
    assert run() == (
        "subscriptions: 1 encrypted anew, 0 under the first key already.\n"
        "accounts: 1 encrypted anew, 0 under the first key already.\n"
        "stores: 5 encrypted anew, 0 under the first key already.\n"
        "second factors: 0 encrypted anew, 0 under the first key already.\n"
        "All credentials are under the first key; the other keys may go.\n"
    )
    settings.SYNCWATCH_KEYS = [NEW]
    assert Account.objects.get().credentials == {"key": "a"}
    assert [store.credentials["key"] for store in Store.objects.all()] == ["0", "1", "2", "3", "4"]
    assert Subscription.objects.get().endpoint == {"url": "https://hook.example"}


def test_without_rotating_the_old_key_is_needed(fleet, settings):
    settings.SYNCWATCH_KEYS = [NEW]
    with pytest.raises(ImproperlyConfigured, match="lacks the key"):
        Account.objects.get()


def test_a_second_run_goes_on_where_the_first_stopped(fleet, settings, monkeypatch):
    settings.SYNCWATCH_KEYS = [NEW, OLD]
    monkeypatch.setattr(rotate_keys, "BATCH", 2)
    done, rotate = [], rotate_keys.rotate

    def stop_after_four(token):
        done.append(token)
        if len(done) > 4:
            raise KeyboardInterrupt
        return rotate(token)

    monkeypatch.setattr(rotate_keys, "rotate", stop_after_four)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.setattr(rotate_keys, "rotate", rotate)
    counts = orjson.loads(run("--json"))
    assert counts["accounts"] == {"rotated": 0, "already": 1, "unreadable": []}
    assert counts["stores"]["rotated"] + counts["stores"]["already"] == 5
    # Two of the stores were committed with their batch; the batch that was stopped was rolled back.
    assert counts["stores"]["already"] == 2


def test_rows_that_no_key_decrypts_are_named_while_all_others_are_rotated(fleet, settings):
    settings.SYNCWATCH_KEYS = [LOST]
    Store.objects.create(name="lost", platform="shopify", url="https://x", credentials={"key": "z"})
    settings.SYNCWATCH_KEYS = [NEW, OLD]
    with pytest.raises(CommandError, match="No key decrypts the credentials of store lost"):
        run()
    settings.SYNCWATCH_KEYS = [NEW]
    assert Account.objects.get().credentials == {"key": "a"}
