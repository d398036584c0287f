"""``manage.py refresh``: what a shell script can rely on."""

import json

import pytest
from django.core.management import call_command
from django.utils import timezone

from monitor.models import BulkRefresh, Refresh
from monitor.refresh import advance as moving
from monitor.refresh import request

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


def test_a_dry_run_says_what_would_happen_and_asks_nobody(make_integration, hub, capsys):
    for name in ("arles", "brest"):
        make_integration(name)
    assert run("--account", "with-request", "--dry-run") == 0
    out = capsys.readouterr().out
    assert "arles → with-request: the hub's refresh request. 3 orders are waiting." in out
    assert "2 would be asked" in out
    assert not Refresh.objects.exists()
    assert hub.asked == []


def test_a_dry_run_of_what_is_partly_refused_is_1(make_integration, capsys):
    make_integration("arles")
    request(make_integration("brest"), user=None, actor="bob", reason="x", now=timezone.now())
    assert run("--all", "--dry-run", "--json") == 1
    arles, brest = json.loads(capsys.readouterr().out)
    assert (arles["integration"], arles["strategy"], arles["refusal"]) == ("arles", "hub_api", "")
    assert (brest["strategy"], "bob" in brest["refusal"]) == (None, True)


def test_several_are_chosen_by_tag_and_followed(make_integration, hub, capsys):
    hub.status = 403
    tagged, _other = make_integration("arles"), make_integration("brest")
    tagged.store.tags = ["france"]
    tagged.store.save()
    assert run("--tag", "france", "--reason", "after the update") == 1
    assert "arles → with-request: failed. The hub refused" in capsys.readouterr().out
    assert [one.integration for one in Refresh.objects.all()] == [tagged]
    assert BulkRefresh.objects.get().reason == "after the update"


def test_nothing_that_fits_is_2(integration, capsys):
    assert run("--tag", "nowhere", "--reason", "x") == 2
    assert capsys.readouterr().err == "No integration fits.\n"


def test_a_reason_is_asked_for(integration, capsys):
    assert run("lyon") == 2
    assert "--reason" in capsys.readouterr().err
