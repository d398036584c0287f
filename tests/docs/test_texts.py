"""What the documentation names exists: pages, headings, commands, settings, pictures."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.docs.pages import DOCS, PAGES, ROOT, anchors, code, links
from tests.screenshots import PICTURES

pytestmark = pytest.mark.unit

SETTING = re.compile(r"\b(?:SYNCWATCH_[A-Z0-9_]*[A-Z0-9]|DATABASE_URL|BROKER_URL)\b")
OF_COMPOSE = {"SYNCWATCH_SETTINGS"}
MOST_BYTES = 2_000_000


def known_settings() -> set[str]:
    source = "".join(path.read_text() for path in (ROOT / "monitor").glob("*.py"))
    return set(re.findall(r'(?:env(?:\.\w+)?|_networks)\(\s*"([A-Z0-9_]+)"', source))


def test_every_link_leads_somewhere():
    assert not [str(link) for page in PAGES for link in links(page) if link.is_dead()]


def test_anchors_are_made_as_github_makes_them():
    text = "# kill -9\n## Who `asks`, and why?\n## Same\n## Same\n```\n# no heading\n```\n"
    assert anchors(text) == {"kill--9", "who-asks-and-why", "same", "same-1"}


def test_every_page_is_reached_from_the_first_one():
    reached, todo = set(), [DOCS / "index.md"]
    while todo:
        page = todo.pop()
        if page not in reached and page.is_relative_to(DOCS):
            reached.add(page)
            todo += [
                (page.parent / link.target.partition("#")[0]).resolve()
                for link in links(page)
                if link.target.partition("#")[0].endswith(".md")
            ]
    lowercase = {DOCS / "contributing.md", DOCS / "changelog.md"}  # made of the texts in the project's folder
    assert set(DOCS.rglob("*.md")) - lowercase == reached


def test_every_command_that_is_quoted_exists_and_has_the_options_named():
    ours, wrong = get_commands(), []
    for page in PAGES:
        for line in code(page):
            for name, rest in re.findall(r"manage\.py ([a-z_]+)((?: [^|#&;]*)?)", line):
                if name not in ours:
                    wrong.append(f"{page.name}: {line}")
                    continue
                help_text = parser_help(ours[name], name)
                options = re.findall(r"(?<= )--[a-z-]+", rest)
                wrong += [f"{page.name}: {name} {option}" for option in options if option not in help_text]
    assert not wrong


def parser_help(app: str, name: str) -> str:
    """Of the command and of all that are below it."""
    parser = load_command_class(app, name).create_parser("manage.py", name)
    below = [
        inner.format_help()
        for action in parser._actions
        if isinstance(choices := action.choices, dict)
        for inner in choices.values()
    ]
    return parser.format_help() + "".join(below)


def test_every_target_of_make_that_is_quoted_exists():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    quoted = {
        target
        for page in PAGES
        for line in code(page)
        for target in re.findall(r"(?:^|\s)make (?:-C \S+ )?([a-z][a-z-]*)", line)
    }
    assert quoted
    assert quoted <= targets


def test_every_setting_that_is_named_exists():
    named = {
        name
        for path in [*PAGES, *(path for path in (ROOT / "deploy").rglob("*") if path.is_file())]
        for name in SETTING.findall(path.read_text())
    }
    assert named - OF_COMPOSE <= known_settings()


def test_every_setting_is_described():
    table = (DOCS / "architecture.md").read_text()
    assert {name for name in known_settings() if f"`{name}`" not in table} == set()


def test_pictures_are_those_that_are_taken_and_shown_and_they_are_small():
    shown = {link.target for page in PAGES for link in links(page) if link.target.endswith(".png")}
    files = {path.name: path.stat().st_size for path in (DOCS / "images").iterdir()}
    assert {Path(name).name for name in shown} == set(files) == {picture.file for picture in PICTURES}
    assert sum(files.values()) < MOST_BYTES
