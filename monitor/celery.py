"""The Celery application. Its messages are nudges; what must happen is a row with a due time."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "monitor.settings")

app = Celery("syncwatch")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["monitor.collect", "monitor.alerts", "monitor.refresh"])
