"""Who is told, as a file: everything about it but web-hooks, whose address is a secret."""

from pathlib import Path

import pytest

from monitor.models import Subscription, User
from tests.fleet.conftest import FLEET, Write
from tests.fleet.test_applying import run

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

LINE = "    time_zone: Europe/Paris\n"
EVERYTHING = (
    LINE
    + """\
    person: vera
    tags: [france]
    platforms: [shopify]
    stores: [nord, lyon, nord]
    include_warnings: false
    escalates_after_min: 30
    quiet_from: "22:00"
    quiet_until: "07:30"
    urgent_passes: false
    weekly_report: false
"""
)


def everything() -> str:
    head, end = FLEET.rsplit(LINE, 1)
    return head + EVERYTHING + end


@pytest.fixture
def vera(db: None) -> User:
    return User.objects.create_user("vera", "vera@merchant.example")


def test_everything_about_a_subscription_is_stored_and_written_back(
    write: Write, tmp_path: Path, vera: User
) -> None:
    assert run("apply", write(everything()))[0] == 0
    row = Subscription.objects.get()
    assert (row.user, row.escalates_after, row.quiet_from.hour, row.quiet_until.minute) == (vera, 30, 22, 30)
    assert sorted(store.name for store in row.stores.all()) == ["lyon", "nord"]
    assert (row.platforms, row.include_warnings, row.urgent_passes, row.weekly_report) == (
        ["shopify"], False, False, False,
    )  # fmt: skip
    code, out, _err = run("apply", write(everything()))
    assert (code, out.splitlines()[-1]) == (0, "Nothing to change: 6 entries are stored just so.")
    run("export", str(tmp_path / "again.yaml"))
    text = (tmp_path / "again.yaml").read_text()
    assert "person: vera" in text
    assert "quiet_until: 07:30" in text or "quiet_until: '07:30'" in text


def test_what_the_file_leaves_out_stays(write: Write, vera: User) -> None:
    run("apply", write(everything()))
    run("apply", write(FLEET))
    row = Subscription.objects.get()
    assert row.escalates_after == 30
    assert row.stores.count() == 2
    run("apply", write(everything().replace("stores: [nord, lyon, nord]", "stores: []")))
    assert not Subscription.objects.get().stores.exists()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("person: vera", "person: wera", 'nobody has the user name "wera"'),
        ("stores: [nord, lyon, nord]", "stores: [lion]", 'no store is called "lion"'),
        ("platforms: [shopify]", "platforms: [shopfy]", '"shopfy" is not a platform'),
        ('quiet_until: "07:30"', 'quiet_until: "22:00"', "quiet hours need a beginning and another end"),
        ('    quiet_until: "07:30"\n', "", "quiet hours need a beginning and another end"),
        ('quiet_from: "22:00"', 'quiet_from: "25:00"', "quiet_from"),
        ("escalates_after_min: 30", "escalates_after_min: 0", "escalates_after_min"),
    ],
)
def test_what_cannot_be_is_told_and_nothing_is_stored(
    write: Write, vera: User, old: str, new: str, sentence: str
) -> None:
    text = everything().replace(old, new)
    assert text != everything()
    code, _out, err = run("apply", write(text))
    assert code == 2
    assert sentence in err
    assert not Subscription.objects.exists()


def test_web_hooks_are_no_business_of_the_file(write: Write, tmp_path: Path, vera: User) -> None:
    Subscription.objects.create(
        channel="webhook", label="Chat", endpoint={"url": "https://hook.example/s3cr3t"}
    )
    run("apply", "--prune", write(everything()))
    assert Subscription.objects.get(channel="webhook").is_active
    run("export", str(tmp_path / "again.yaml"))
    assert "hook" not in (tmp_path / "again.yaml").read_text()
