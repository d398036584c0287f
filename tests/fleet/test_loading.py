"""A bad file is refused with every mistake, its line, its field and what to do."""

from pathlib import Path

import pytest
from django.conf import settings

from monitor.fleet.loading import load
from monitor.fleet.problems import BadFleet
from tests.fleet.conftest import FLEET, Write

pytestmark = pytest.mark.unit


def mistakes(path: str) -> list[str]:
    with pytest.raises(BadFleet) as caught:
        load(path)
    return [f"{problem.line} {problem.field}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "place", "sentence"),
    [
        (
            "title: Europe",
            "titel: Europe",
            "3 accounts[0].titel",
            'is not a known key. Did you mean "title"?',
        ),
        (
            "stores:",
            "store:",
            "8 store",
            'is not a known section. Did you mean "stores"?',
        ),
        (
            "kind: test-hub",
            "kind: test-hup",
            "4 accounts[0].kind",
            '"test-hup" is not a kind of account. Did you mean "test-hub"?',
        ),
        (
            "name: nord\n",
            "title: Nord\n",
            "19 stores[1].name",
            "is missing; add it.",
        ),
        (
            "url: https://lyon.example",
            "url: lyon.example",
            "12 stores[0].url",
            "is not a web address; write it like https://shop.example.",
        ),
        (
            "url: https://lyon.example",
            "url: https://me:word@lyon.example",
            "12 stores[0].url",
            "holds a user or password; put those under credentials.",
        ),
        (
            "zone: Europe/Paris\n    cred",
            "zone: Europe/Pariss\n    cred",
            "13 stores[0].time_zone",
            '"Europe/Pariss" is not a time zone of the IANA list. Did you mean "Europe/Paris"?',
        ),
        (
            "requests_per_minute: 90",
            "requests_per_minute: 0",
            "7 accounts[0].requests_per_minute",
            "must be at least 1.",
        ),
        (
            "tolerance_s: 900",
            "tolerance_s: 15 min",
            "28 integrations[0].tolerance_s",
            "must be a whole number.",
        ),
        (
            "tags: [france, outdoor]",
            "tags: france",
            "18 stores[0].tags",
            "must be a list; start each entry with a dash.",
        ),
        (
            "[france, outdoor]",
            "[france, [x]]",
            "18 stores[0].tags[1]",
            "must be text; put it in quotes.",
        ),
        (
            "look_back_s: 300",
            "look_bakc_s: 300",
            "17 stores[0].settings.look_bakc_s",
            'is not a known key. Did you mean "look_back_s"?',
        ),
        (
            "look_back_s: 300",
            "look_back_s: soon",
            "17 stores[0].settings.look_back_s",
            "must be a whole number.",
        ),
        (
            "      key: file:",
            "      kee: file:",
            "15 stores[0].credentials.kee",
            'is not a known key. Did you mean "key"?',
        ),
        (
            "public_key: abc, ",
            "",
            "6 accounts[0].credentials.public_key",
            "is missing; add it.",
        ),
        (
            "public_key: abc",
            "public_kye: x, public_key: abc",
            "6 accounts[0].credentials.public_kye",
            'is not a known key. Did you mean "public_key"?',
        ),
        (
            "env:HUB_SECRET",
            "env:HUB_SECRETT",
            "6 accounts[0].credentials.secret_key",
            "the environment variable HUB_SECRETT is not set; set it and try again.",
        ),
        (
            "name: nord\n",
            "name: lyon\n",
            "19 stores[1]",
            '"lyon" stands here twice, first on line 9; keep one.',
        ),
        (
            "external_id: 456",
            "external_id: '0123'",
            "29 integrations[1]",
            '"eu 0123" stands here twice, first on line 24; keep one.',
        ),
        (
            "    title: Europe\n",
            "    title: Europe\n    title: Asia\n",
            "4 accounts[0].title",
            "stands here twice, first on line 3; keep one.",
        ),
        (
            "name: nord\n",
            "name: nord süd\n",
            "19 stores[1].name",
            "may hold letters, digits, dashes and underscores only; a title may hold anything.",
        ),
        (
            "ops@merchant.example",
            "ops(at)merchant",
            "31 subscriptions[0].email",
            "is not an e-mail address.",
        ),
        (
            "language: fr",
            "language: de",
            "32 subscriptions[0].language",
            '"de" is not a language of Syncwatch. Known: en, fr.',
        ),
    ],
)
def test_a_mistake_is_named_with_line_field_and_remedy(
    write: Write, old: str, new: str, place: str, sentence: str
) -> None:
    assert f"{place}: {sentence}" in mistakes(write(FLEET, (old, new)))


def test_all_mistakes_are_told_at_once_in_the_order_of_lines(write: Write) -> None:
    found = mistakes(
        write(
            FLEET,
            ("kind: test-hub", "kind: x"),
            ("url: https://lyon", "url: ftp://lyon"),
            ("tolerance_s: 900", "tolerance_s: -1"),
        )
    )
    assert [line.split()[0] for line in found] == ["4", "12", "28"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("accounts: [\nstores: x\n", 3),
        ("accounts:\n  - name: a\n   kind: b\n", 3),
        ("a: *nowhere\n", 1),
        ("{a: 1}\n---\nb: 2\n", 2),
    ],
)
def test_text_that_is_not_yaml_is_refused_with_its_line(write: Write, text: str, line: int) -> None:
    (found,) = mistakes(write(text))
    assert found.startswith(f"{line} : is not YAML: ")


@pytest.mark.parametrize("text", ["%YAML 9.9\n--- {}\n", "[" * 5000])
def test_text_that_breaks_the_parser_is_refused_as_well(write: Write, text: str) -> None:
    (found,) = mistakes(write(text))
    assert "is not YAML: " in found


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b\n", "null"])
def test_a_file_without_sections_is_refused(write: Write, text: str) -> None:
    (found,) = mistakes(write(text))
    assert "must hold accounts:, stores:, integrations: or subscriptions:" in found


def test_an_anchor_inside_itself_is_refused(write: Write) -> None:
    assert any("contains itself" in found for found in mistakes(write("stores: &a\n  - *a\n")))


def test_a_missing_file_and_a_missing_secret_file_are_named(write: Write, tmp_path) -> None:
    with pytest.raises(BadFleet, match=r"nowhere\.yaml: cannot be read: No such file or directory"):
        load(str(tmp_path / "nowhere.yaml"))
    (found,) = mistakes(write(FLEET, ("key: file:secrets/lyon}", "key: file:secrets/nord}")))
    assert found.startswith("22 stores[1].credentials.key: cannot read the file")
    assert "secrets/nord: No such file" in found


def test_a_path_that_cannot_be_one_is_refused(write: Write) -> None:
    (found,) = mistakes(write(FLEET, ("key: file:secrets/lyon}", 'key: "file:\\0"}')))
    assert found.startswith("22 stores[1].credentials.key: cannot read the file")


def test_no_message_repeats_a_secret(write: Write) -> None:
    path = write(
        FLEET,
        ("secret_key: env:HUB_SECRET", "secret_key: [hunter2]"),
        ("key: file:secrets/lyon}", "keey: hunter2}"),
    )
    assert "hunter2" not in "\n".join(mistakes(path))


def test_secrets_are_read_from_the_environment_and_from_files_beside_the_file(write: Write) -> None:
    fleet = load(write())
    assert fleet.items("accounts")[0].entry.credentials == {
        "public_key": "abc",
        "secret_key": "hub-secret-value",
    }
    assert fleet.items("stores")[0].entry.credentials == {"key": "shop-secret-value"}
    assert fleet.warnings == ()


def test_a_plain_secret_is_accepted_and_warned_about(write: Write) -> None:
    fleet = load(write(FLEET, ("env:HUB_SECRET", "0042")))
    assert fleet.items("accounts")[0].entry.credentials["secret_key"] == "0042"
    (warning,) = fleet.warnings
    assert (warning.line, warning.field) == (6, "accounts[0].credentials.secret_key")
    assert "0042" not in str(warning)


def test_ids_keep_their_zeros_and_numbers_become_text(write: Write) -> None:
    ids = [item.entry.external_id for item in load(write()).items("integrations")]
    assert ids == ["0123", "456"]


def test_anchors_and_merges_spare_repetition(write: Write) -> None:
    text = """\
stores:
  - &shop {name: a, platform: test-shop, url: "https://a.example", tags: [x]}
  - {<<: *shop, name: b, url: "https://b.example"}
"""
    first, second = (item.entry for item in load(write(text)).items("stores"))
    assert (first.name, first.url) == ("a", "https://a.example")
    assert (second.name, second.url, second.tags) == ("b", "https://b.example", ["x"])


def test_the_example_of_the_guide_can_be_applied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = (Path(settings.BASE_DIR) / "docs" / "fleet.md").read_text()
    example = guide.split("```yaml\n")[1].split("```")[0]
    for variable in ("SENDCLOUD_PUBLIC_KEY", "LYON_KEY", "LYON_SECRET"):
        monkeypatch.setenv(variable, "a-credential")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "sendcloud-eu").write_text("a-credential")
    (tmp_path / "fleet.yaml").write_text(example)
    fleet = load(str(tmp_path / "fleet.yaml"))
    assert [len(fleet.items(section)) for section in fleet.sections] == [1, 1, 1, 1]
    assert fleet.warnings == ()
