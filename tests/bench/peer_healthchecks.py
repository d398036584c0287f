"""Run by the Python of Healthchecks, in its folder: fills its database, prints what its list costs as JSON.

Arguments: how many checks, and how often each page is asked for.
"""

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any


def main(checks: int, times: int) -> None:
    sys.path.insert(0, str(Path.cwd()))
    os.environ["DJANGO_SETTINGS_MODULE"] = "hc.settings"
    import_module("django").setup()
    call_command = import_module("django.core.management").call_command
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("compress", force=True, verbosity=0)
    client = import_module("django.test").Client()
    project = _filled(client, checks)
    pages = {
        "list of checks": f"/projects/{project}/checks/",
        "its live part": f"/projects/{project}/checks/status/",
    }
    print(json.dumps([{"page": name} | _cost(client, address, times) for name, address in pages.items()]))


def _filled(client: Any, checks: int) -> str:
    """One person with one project, most of whose checks are up. Returns the project's code."""
    accounts, api = import_module("hc.accounts.models"), import_module("hc.api.models")
    users = import_module("django.contrib.auth.models").User
    now = import_module("django.utils.timezone").now()
    user = users.objects.create(username="bench", email="bench@shop.example")
    profile = accounts.Profile.objects.for_user(user)
    profile.check_limit = checks
    profile.save()
    project = accounts.Project.objects.create(owner=user, name="shops", badge_key="bench")
    chance = random.Random(1)
    rows = [
        api.Check(
            project=project, name=f"Shop {number}", slug=f"shop-{number}", tags=f"tag-{number % 10}",
            status="down" if number % 33 == 0 else "up", n_pings=number,
            last_ping=now - timedelta(seconds=chance.randrange(3600)),
        )
        for number in range(checks)
    ]  # fmt: skip
    api.Check.objects.bulk_create(rows, batch_size=500)
    client.force_login(user)
    return str(project.code)


def _cost(client: Any, address: str, times: int) -> dict[str, Any]:
    connection = import_module("django.db").connection
    asked = 0

    def count(execute: Any, sql: str, *more: Any) -> Any:
        nonlocal asked
        asked += 1
        return execute(sql, *more)

    for _warm in range(3):
        answer = client.get(address)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")
    with connection.execute_wrapper(count):
        client.get(address)
    clock, work = [], []
    for _time in range(times):
        began, spent = time.perf_counter(), time.process_time()
        client.get(address)
        work.append((time.process_time() - spent) * 1000)
        clock.append((time.perf_counter() - began) * 1000)
    return {"clock": _spread(clock), "work": _spread(work), "queries": asked, "bytes": len(answer.content)}


def _spread(values: Sequence[float]) -> tuple[float, float]:
    return statistics.median(values), statistics.quantiles(values, n=20)[18]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
