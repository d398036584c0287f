"""The database says what the file says: all of it, once, or nothing."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import CommandError, call_command

from integrations import registry
from integrations.models import Account, Integration, Store
from monitor.fleet.applying import apply
from monitor.fleet.loading import load
from monitor.fleet.problems import BadFleet
from monitor.models import Audit, Job, Subscription
from tests.fleet.conftest import FLEET, Write

pytestmark = [pytest.mark.integration, pytest.mark.django_db]

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of ``manage.py fleet ...``."""
    out, err = StringIO(), StringIO()
    try:
        call_command("fleet", *arguments, stdout=out, stderr=err, no_color=True)
    except CommandError as error:
        return error.returncode, out.getvalue(), err.getvalue() + str(error)
    except SystemExit as error:
        return int(error.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def stored() -> dict[str, Any]:
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (Account, Store, Integration, Subscription)
    }


def test_applying_stores_every_entry_as_written_and_plans_the_work(write: Write) -> None:
    code, out, _err = run("apply", write())
    assert (code, out.splitlines()[-1]) == (0, "6 created, 0 unchanged.")
    lyon = Integration.objects.select_related("store", "account").get(name="lyon-eu")
    assert (lyon.external_id, lyon.tolerance_s, lyon.is_paused) == ("0123", 900, False)
    assert lyon.account.credentials == {"public_key": "abc", "secret_key": "hub-secret-value"}
    assert lyon.account.requests_per_minute == 90
    assert (lyon.store.title, lyon.store.time_zone, lyon.store.tags) == (
        "Boutique Lyon",
        "Europe/Paris",
        ["france", "outdoor"],
    )
    assert lyon.store.settings == {"look_back_s": 300}
    assert Subscription.objects.get().language == "fr"
    assert set(Job.objects.filter(target_id=lyon.store_id).values_list("kind", flat=True)) >= {"store_orders"}


def test_applying_twice_changes_nothing(write: Write) -> None:
    path = write()
    run("apply", path)
    before, audits = stored(), Audit.objects.count()
    code, out, _err = run("apply", path)
    assert (code, out) == (0, "Nothing to change: 6 entries are stored just so.\n")
    assert (stored(), Audit.objects.count()) == (before, audits)


def test_a_change_is_shown_and_recorded_without_its_secret(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    (tmp_path / "secrets" / "lyon").write_text("new-shop-secret")
    path = str(tmp_path / "fleet.yaml")
    Path(path).write_text(FLEET.replace("https://lyon.example", "https://www.lyon.example"))
    assert run("diff", path)[:2] == (
        1,
        "updated  store lyon: url https://lyon.example → https://www.lyon.example; "
        "credentials set → changed\n"
        "updated  store nord: credentials set → changed\n"
        "2 updated, 4 unchanged.\n",
    )
    code, out, err = run("apply", path)
    assert code == 0
    assert Store.objects.get(name="lyon").credentials == {"key": "new-shop-secret"}
    audit = Audit.objects.filter(target="store lyon").latest("pk")
    assert audit.actor.startswith("command line (")
    assert audit.before == {"url": "https://lyon.example", "secrets": "set"}
    assert audit.after == {"url": "https://www.lyon.example", "secrets": "changed"}
    everything = out + err + "".join(str(row) for row in Audit.objects.values_list("before", "after"))
    assert "shop-secret" not in everything
    assert "hub-secret" not in everything


def test_what_an_entry_leaves_out_stays_as_it_is_stored(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    Integration.objects.filter(name="nord-eu").update(tolerance_s=1200, is_paused=True)
    text = FLEET.replace("    credentials: {public_key: abc, secret_key: env:HUB_SECRET}\n", "")
    code, out, _err = run("apply", write_again(tmp_path, text))
    assert (code, out) == (0, "Nothing to change: 6 entries are stored just so.\n")
    assert Account.objects.get().credentials["secret_key"] == "hub-secret-value"
    assert Integration.objects.get(name="nord-eu").tolerance_s == 1200


def write_again(folder: Path, text: str) -> str:
    (folder / "fleet.yaml").write_text(text)
    return str(folder / "fleet.yaml")


def test_a_bad_file_changes_nothing_and_ends_with_2(write: Write) -> None:
    code, out, err = run(
        "apply", write(FLEET, ("store: nord,", "store: nrod,"), ("title: Boutique Lyon", "title: X"))
    )
    assert (code, out) == (2, "")
    assert (
        'fleet.yaml:29: integrations[1].store: no store is called "nrod", neither here nor in the database. '
        'Did you mean "nord"?' in err
    )
    assert err.endswith("1 mistake in the file; nothing was changed.")
    assert not Store.objects.exists()


def test_mistakes_are_also_told_as_json(write: Write) -> None:
    code, out, _err = run("apply", write(FLEET, ("kind: test-hub", "kind: nothing")), "--json")
    (problem,) = orjson.loads(out)["problems"]
    assert (code, problem["line"], problem["column"], problem["field"]) == (2, 4, 5, "accounts[0].kind")


def test_a_file_may_refer_to_what_is_stored_already(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    path = write_again(
        tmp_path, "integrations:\n  - {name: nord-2, account: eu, store: nord, external_id: x9}\n"
    )
    assert run("apply", path)[0] == 0
    assert Integration.objects.get(name="nord-2").store.name == "nord"


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (
            "platform: test-shop\n    url: https://nord",
            "platform: other-shop\n    url: https://nord",
            'stores[1].platform: is "test-shop" for the stored store; give the new one a name of its own.',
        ),
        (
            "store: nord, external_id: 456",
            "store: lyon, external_id: 456",
            'store: is "nord" for the stored integration; give the new one a name of its own.',
        ),
        (
            "name: nord-eu",
            "name: north-eu",
            'external_id: is already watched as the integration "nord-eu"; use that name here.',
        ),
    ],
)
def test_what_history_depends_on_cannot_change(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, sentence: str
) -> None:
    monkeypatch.setitem(registry.STORES, "other-shop", "tests.fleet.conftest.Shop")
    run("apply", write())
    before = stored()
    assert old in FLEET
    with pytest.raises(BadFleet) as caught:
        apply(load(write_again(tmp_path, FLEET.replace(old, new))), NOW)
    assert str(caught.value).endswith(sentence)
    assert stored() == before


def test_two_integrations_may_swap_their_ids(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    text = FLEET.replace("456", "other").replace("0123", "456").replace("other", "'0123'")
    assert run("apply", write_again(tmp_path, text))[0] == 0
    assert dict(Integration.objects.values_list("name", "external_id")) == {
        "lyon-eu": "456",
        "nord-eu": "0123",
    }


def test_what_the_file_does_not_name_is_left_alone_unless_pruned(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    before = stored()
    text = FLEET[: FLEET.index("  - {name: nord-eu")] + "subscriptions: []\n"
    path = write_again(tmp_path, text)
    code, out, err = run("apply", path)
    assert (code, out) == (0, "Nothing to change: 4 entries are stored just so.\n")
    assert (
        "Not in the file and left as they are: integration nord-eu, subscription ops@merchant.example." in err
    )
    assert stored() == before
    assert run("diff", path)[0] == 0
    assert run("diff", path, "--prune")[0] == 1
    code, out, _err = run("apply", path, "--prune")
    assert out.splitlines() == [
        "retired  integration nord-eu: paused false → true",
        "retired  subscription ops@merchant.example: active true → false",
        "2 retired, 4 unchanged.",
    ]
    assert Integration.objects.get(name="nord-eu").is_paused
    assert not Subscription.objects.get().is_active
    assert run("apply", path, "--prune")[1] == "Nothing to change: 4 entries are stored just so.\n"


def test_pruning_spares_sections_that_the_file_leaves_out(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    path = write_again(tmp_path, "subscriptions:\n  - email: ops@merchant.example\nstores:\n")
    assert run("apply", path, "--prune")[1] == "Nothing to change: 1 entry is stored just so.\n"


def test_an_address_in_other_letters_is_the_same_subscription(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    run("apply", write_again(tmp_path, "subscriptions:\n  - email: Ops@Merchant.example\n"))
    assert [row.email for row in Subscription.objects.all()] == ["Ops@Merchant.example"]


def test_an_export_holds_no_secret_and_differs_in_nothing(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    target = tmp_path / "export.yaml"
    assert run("export", str(target))[0] == 0
    text = target.read_text()
    assert "secret-value" not in text
    assert "env:SYNCWATCH_ACCOUNT_EU_SECRET_KEY" in text
    code, out, err = run("diff", str(target))
    assert (code, out) == (0, "Nothing to change: 6 entries are stored just so.\n")
    assert "the environment variable SYNCWATCH_STORE_LYON_KEY is not set" in err


def test_an_export_with_its_secrets_rebuilds_the_fleet_elsewhere(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("apply", write())
    before = [{**row, "id": 0} for row in stored()["Integration"]]
    target = str(tmp_path / "export.yaml")
    run("export", target)
    for model in (Job, Subscription, Integration, Store, Account):
        model.objects.all().delete()
    assert run("apply", target, "--keep-secrets")[0] == 2
    monkeypatch.setenv("SYNCWATCH_ACCOUNT_EU_PUBLIC_KEY", "abc")
    monkeypatch.setenv("SYNCWATCH_ACCOUNT_EU_SECRET_KEY", "hub-secret-value")
    for store in ("LYON", "NORD"):
        monkeypatch.setenv(f"SYNCWATCH_STORE_{store}_KEY", "shop-secret-value")
    assert run("apply", target)[0] == 0
    assert run("diff", str(tmp_path / "fleet.yaml"))[0] == 0
    assert len(stored()["Integration"]) == len(before)


def test_unreadable_references_keep_stored_secrets_only_when_asked(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write()
    run("apply", path)
    monkeypatch.delenv("HUB_SECRET")
    assert run("apply", path)[0] == 2
    code, out, err = run("apply", path, "--keep-secrets")
    assert (code, out) == (0, "Nothing to change: 6 entries are stored just so.\n")
    assert "What is stored counts as unchanged." in err
    assert Account.objects.get().credentials["secret_key"] == "hub-secret-value"


def test_an_export_overwrites_nothing_unasked(write: Write) -> None:
    path = write()
    code, _out, err = run("export", path)
    assert code == 2
    assert "--force" in err
    assert Path(path).read_text() == FLEET
    assert run("export", path, "--force")[0] == 0


def test_changes_as_json_are_stable(write: Write, tmp_path: Path) -> None:
    run("apply", write())
    path = write_again(tmp_path, FLEET.replace("tolerance_s: 900", "tolerance_s: null"))
    code, out, _err = run("diff", path, "--json")
    assert code == 1
    assert orjson.loads(out) == {
        "changes": [
            {
                "kind": "integration",
                "name": "lyon-eu",
                "action": "updated",
                "before": {"tolerance_s": 900},
                "after": {"tolerance_s": None},
            }
        ],
        "unchanged": 5,
        "unmentioned": [],
        "warnings": [],
    }
