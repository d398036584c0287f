"""What a report looks like: on a terminal, in a ticket, for a program."""

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from django.conf import settings

from integrations.access.fixes.records import Fix, Place
from integrations.access.records import Cause, Confidence, Layer, Severity, Subject
from integrations.access.report import document, markdown, terminal
from integrations.access.report.paper import Paper
from integrations.access.report.records import BLOCKED, COULD_NOT, FREE, WARNED, Wanted
from integrations.errors import AddressRefused
from tests.access.reported import AGENTS, AT, NGINX_TEXT, method_rule, report, unanswered

pytestmark = pytest.mark.unit

SCHEMA = json.loads((Path(settings.BASE_DIR) / "docs" / "diagnose.schema.json").read_text())
COLOUR = re.compile(r"\x1b\[[\d;]*m")


def ours(**more):
    return method_rule(
        cause=Cause.OWN_NETWORK,
        layer=Layer.OURSELVES,
        subject=Subject.NOTHING,
        severity=Severity.INFO,
        **more,
    )


class TestExitCode:
    @pytest.mark.parametrize(
        ("found", "code"),
        [
            ((), FREE),
            ((method_rule(Severity.INFO),), FREE),
            ((method_rule(Severity.WARN), method_rule(Severity.INFO)), WARNED),
            ((method_rule(Severity.WARN), method_rule(Severity.FAIL)), BLOCKED),
            ((ours(),), COULD_NOT),
        ],
    )
    def test_it_is_the_worst_that_was_found(self, found, code):
        assert report(*found).exit_code == code


class TestTerminal:
    def test_first_line_says_who_refuses_what_and_how_sure_that_is(self):
        first = terminal.written(report(method_rule()), Paper()).splitlines()[0]
        assert first.startswith("■ ")
        assert "nginx" in first
        assert "PUT" in first
        assert first.endswith("(certain).")

    def test_of_two_things_that_are_wrong_both_come_first(self):
        other = method_rule(Severity.WARN, product="Apache", methods=("DELETE",))
        first, second, _, *rest = terminal.written(
            report(method_rule(), other), Paper(width=110)
        ).splitlines()
        assert first.startswith("■ nginx ")
        assert second.startswith("◐ Apache ")
        assert {first, second} <= set(rest)
        assert "■ Why" not in rest

    def test_healthy_shop_is_one_calm_line_and_its_matrix(self):
        text = terminal.written(report(), Paper())
        assert text.startswith("● Nothing stands in Sendcloud's way: its 2 User-Agents pass")
        assert "Why" not in text
        assert text.count("● passes") == 21

    def test_refused_cells_have_shape_word_and_status(self):
        text = terminal.written(report(method_rule()), Paper())
        (row,) = [line for line in text.splitlines() if line.strip().startswith("PUT  ")]
        assert row.split("■ ")[1:] == ["refused 405  ", "refused 405  ", "refused 405"]

    @pytest.mark.parametrize("width", [60, 80, 110])
    def test_nothing_but_what_is_to_be_copied_is_wider_than_the_terminal(self, width):
        text = terminal.written(report(method_rule(), method_rule(Severity.WARN)), Paper(width=width))
        wide = {line for line in text.splitlines() if len(line) > width} - {*NGINX_TEXT.splitlines()}
        # An address is left whole beside its label.
        assert not [line for line in wide if len(line.split()) > 2]

    def test_what_is_to_be_copied_is_there_letter_by_letter(self):
        text = terminal.written(report(method_rule()), Paper(width=60))
        assert f"\n{NGINX_TEXT}\n" in text
        assert "\n    nginx -t && systemctl reload nginx" in text

    def test_colours_add_nothing_that_is_not_there_without_them(self):
        found = report(method_rule())
        plain, coloured = terminal.written(found, Paper()), terminal.written(found, Paper(has_colour=True))
        assert "\x1b" not in plain
        assert "\x1b[1;31m■ refused 405\x1b[0m" in coloured
        assert COLOUR.sub("", coloured) == plain

    def test_terminal_without_these_letters_gets_others(self):
        text = terminal.written(report(method_rule()), Paper(encoding="ascii"))
        assert text.isascii()
        assert "# refused 405" in text
        assert "+ passes" in text

    def test_more_user_agents_than_fit_are_shown_below_each_other(self):
        found = report(method_rule())
        agents = tuple(f"Agent/{number}" for number in range(9))
        wide = replace(found, examination=replace(found.examination, agents=agents))
        text = terminal.written(wide, Paper(width=60))
        assert text.count("  GET ") == 4
        assert all(agent in text for agent in agents)
        assert "not asked" in text

    def test_name_certificate_redirects_and_speed_are_told(self):
        text = " ".join(terminal.written(report(), Paper()).split())
        assert "192.0.2.80 by way of edge.host.example" in text
        assert "61 days left" in text
        assert "TLSv1.3" in text
        assert "http://boutique-lyon.example/wp-json/wc/v3/orders/0 leads to" in text
        assert "answer 212 ms" in text
        assert "21 requests to its interface in 4.6 s, none with a valid key; nothing was changed." in text

    def test_silence_needs_no_table(self):
        text = terminal.written(unanswered(ours()), Paper())
        assert text.startswith("○ ")
        assert "Nothing was answered." in text
        assert "OPTIONS" not in text

    def test_inference_is_said_to_be_one(self):
        diagnosis = method_rule(is_inferred=True, confidence=Confidence.LIKELY)
        assert (
            "(probable, inferred)." in terminal.written(report(diagnosis), Paper(width=110)).splitlines()[0]
        )


class TestMarkdown:
    def test_table_and_change_are_ready_to_paste(self):
        text = markdown.written(report(method_rule()))
        assert text.startswith("**nginx ")
        assert "| | A | B | C |\n| --- | --- | --- | --- |\n" in text
        assert "| PUT | ■ refused 405 | ■ refused 405 | ■ refused 405 |" in text
        assert f"```nginx\n{NGINX_TEXT}\n```" in text
        assert f"- B: `{AGENTS[1]}`" in text

    def test_what_a_shop_says_cannot_change_the_ticket(self):
        hostile = "a | b\n\n# Title ![x](https://evil.example/p.png) <img src=x> `code`"
        text = markdown.written(report(method_rule(), title=hostile))
        assert "![x](" not in text
        assert not re.search(r"(?<!\\)[<`]img|(?<!\\)`code", text)
        assert "\n# Title" not in text

    def test_fence_is_longer_than_any_in_the_text(self):
        fix = Fix("x", Place.SHELL, "here", text="a\n```\nb", language="shell")
        text = markdown.written(report(method_rule(), fixes=(fix,)))
        assert "````sh\na\n```\nb\n````" in text


class TestDocument:
    @pytest.mark.parametrize(
        "found", [report(), report(method_rule()), report(method_rule(Severity.WARN)), unanswered(ours())]
    )
    def test_it_is_what_the_schema_says(self, found):
        written = json.loads(document.written(found))
        jsonschema.validate(written, SCHEMA)
        assert written["exit_code"] == found.exit_code
        assert written["requests"] == len(found.examination.cells)

    def test_failure_is_the_same_document(self):
        error = AddressRefused("No.", remedy="Another.")
        written = json.loads(document.written_failure(error, Wanted("x", "sendcloud"), AT))
        jsonschema.validate(written, SCHEMA)
        assert written["error"] == {"sentence": "No.", "remedy": "Another.", "kind": "AddressRefused"}
        assert written["exit_code"] == COULD_NOT


def test_what_a_shop_says_cannot_steer_a_terminal():
    hostile = "\x1b[2J\x1b]0;owned\x07Hello \u202eolleh\x9b31m"
    found = report(method_rule(), title=hostile)
    for text in (terminal.written(found, Paper()), markdown.written(found)):
        assert "Hello olleh" in text
        assert not set(text) & set("\x1b\x07\x9b\u202e")
