"""``manage.py refresh``: what a shell script can rely on."""

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from monitor.models import Refresh
from monitor.refresh import advance as moving

pytestmark = [pytest.mark.integration, pytest.mark.django_db(transaction=True)]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        call_command("refresh", *arguments)
    return ended.value.code


def test_an_unknown_name_is_2_and_says_so(db, capsys):
    assert run("nope", "--reason", "x") == 2
    assert capsys.readouterr().err == "There is no integration named nope.\n"


def test_a_refused_refresh_is_2_and_says_why(integration, capsys):
    integration.is_paused = True
    integration.save()
    assert run("lyon", "--reason", "x") == 2
    assert "paused" in capsys.readouterr().err
    assert not Refresh.objects.exists()


def test_the_panel_without_a_terminal_is_3_and_prints_the_page(panel_integration, hub, capsys):
    assert run("nord", "--reason", "x", "--json") == 3
    out, err = capsys.readouterr()
    assert f"{hub.url}/panel/77-nord" in err
    record = json.loads(out)
    assert (record["strategy"], record["stage"], record["outcome"]) == ("panel", "waiting", "")


def test_what_is_still_under_way_at_the_timeout_is_3_and_goes_on(integration, hub):
    assert run("lyon", "--reason", "x", "--timeout", "0") == 3
    refresh = Refresh.objects.get()
    assert refresh.actor.startswith("command line (")
    moving.advance(timezone.now())
    assert len(hub.asked) == 1


def test_a_hub_that_refuses_is_1_and_its_words_are_printed(integration, hub, capsys):
    hub.status = 403
    assert run("lyon", "--reason", "x") == 1
    assert "failed. The hub refused the request (status 403)" in capsys.readouterr().out
