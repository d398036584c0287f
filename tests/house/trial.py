"""A Celery application with the product's settings and one task that leaves a trace."""

from pathlib import Path

from celery import Celery

app = Celery("trial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.task_default_queue = "trial"


@app.task
def mark(path: str, word: str) -> None:
    with Path(path).open("a") as file:
        file.write(f"{word}\n")
