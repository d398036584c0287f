"""``manage.py simulate`` as somebody runs it."""

from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

pytestmark = [pytest.mark.integration, pytest.mark.django_db]


def simulate(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("simulate", *arguments, stdout=out, stderr=err, no_color=True)
    return out.getvalue(), err.getvalue()


def test_the_same_numbers_give_the_same_table_with_any_number_of_processes():
    arguments = ("--integrations", "22", "--days", "3", "--seed", "6", "--json")
    one, said = simulate(*arguments, "--processes", "1")
    two, _ = simulate(*arguments, "--processes", "2")
    assert one == two
    table = orjson.loads(one)
    assert (table["seed"], table["integrations"], table["days"]) == (6, 22, 3)
    assert "20 of 22 integrations" in said
    assert "Done in" in said


def test_without_json_it_is_a_table_for_people():
    out, _ = simulate("--integrations", "20", "--days", "3", "--processes", "1", "--seed", "2")
    assert out.startswith("20 integrations for 3 days, seed 2: ")
    assert "| heartbeat, tuned " in out
    assert "False notices: " in out
    widths = {len(line) for line in out.split("\n\n")[1].splitlines()}
    assert len(widths) == 1, "columns are aligned"


def test_without_faults_there_are_no_outages():
    arguments = ("--integrations", "10", "--days", "2", "--processes", "1", "--json")
    assert orjson.loads(simulate(*arguments, "--without-faults")[0])["outages"] == []


def test_without_a_database_it_says_so_before_it_begins(monkeypatch):
    def refuse() -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    with pytest.raises(CommandError, match=r"connection refused.*Start it") as caught:
        simulate("--integrations", "1000000")
    assert caught.value.returncode == 2


@pytest.mark.parametrize("number", ["0", "-3", "many"])
def test_numbers_that_make_no_sense_are_refused(number):
    with pytest.raises(CommandError, match="a whole number"):
        simulate("--integrations", number)
