"""The Celery application. Its messages are nudges; what must happen is a row with a due time.

The settings ``CELERY_...`` keep to what was measured to survive kill -9 of every part:

- ``threads`` pool: work is waiting for the network, and with the broker in PostgreSQL a killed
  child of a prefork pool hangs the worker for good.
- one queue, ``use_notify``, no long poll: a message wakes the worker within milliseconds.
- no remote control, gossip or mingle: the names of their reply queues are too long for PGMQ, and with
  RabbitMQ a killed worker's own one locks its successor out.
- late acknowledgement and expiring messages: a killed worker's messages come again or lapse;
  tasks are idempotent, so either is right.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, worker_init
from django.conf import settings

from monitor import embedded
from monitor.watch import failures  # noqa: F401  # keeps how tasks end

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")

app = Celery("syncwatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["monitor.collect", "monitor.alerts", "monitor.refresh", "monitor.history"])
app.set_default()


@worker_init.connect
@beat_init.connect
def bring_database_up(**_kwargs: Any) -> None:
    """The broker may live in the embedded PostgreSQL."""
    if settings.EMBEDDED:
        embedded.ensure_running(settings.VAR_DIR)
