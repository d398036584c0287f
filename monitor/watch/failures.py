"""How the runs of our periodic tasks end, kept for the watchdog. Importing this connects the signals.

Only the name of an error is kept: its message may quote a password, and the worker's log has it all.
"""

from datetime import datetime
from typing import Any, Final

import orjson
import structlog
from celery.signals import task_failure, task_success
from django.db import DatabaseError, connection
from django.utils import timezone

from monitor.watch.parts import TASK, task_part

log = structlog.get_logger(__name__)

# A task that runs every few seconds writes once a minute, and at once when it fails or works again.
_SUCCEEDED: Final = """
    INSERT INTO monitor_heartbeat AS h (part, at, detail) VALUES (%(part)s, %(now)s, '{}')
    ON CONFLICT (part) DO UPDATE SET at = excluded.at, detail = '{}'
     WHERE h.detail <> '{}' OR h.at < excluded.at - interval '1 minute'
"""
_FAILED: Final = """
    INSERT INTO monitor_heartbeat AS h (part, at, detail) VALUES (%(part)s, %(now)s, %(detail)s)
    ON CONFLICT (part) DO UPDATE SET detail = excluded.detail ||
        CASE WHEN h.detail ? 'since' THEN jsonb_build_object('since', h.detail->'since') ELSE '{}' END
"""


@task_success.connect
def on_success(sender: Any = None, **_kwargs: Any) -> None:
    if sender is not None and sender.name.startswith(TASK):
        _write(_SUCCEEDED, sender.name, timezone.now())


@task_failure.connect
def on_failure(sender: Any = None, exception: BaseException | None = None, **_kwargs: Any) -> None:
    if sender is not None and sender.name.startswith(TASK):
        _write(_FAILED, sender.name, timezone.now(), error=type(exception).__name__)


def _write(sql: str, task: str, now: datetime, **detail: str) -> None:
    document = orjson.dumps({"since": now.isoformat(), **detail}).decode()
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, {"part": task_part(task), "now": now, "detail": document})
    except DatabaseError:
        # The watchdog meets the same database, and says so.
        log.warning("could not keep how a task ended", task=task, exc_info=True)
