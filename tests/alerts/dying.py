"""``python -m tests.alerts.dying claimed|sent``: a deliverer that is killed at a point of its work."""

import os
import signal
import sys

import django


def die(*_arguments: object, **_more: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    django.setup()
    from django.utils import timezone

    from monitor.alerts import carriers, outbox

    if sys.argv[1] == "claimed":
        carriers.Mails.send = die
    else:
        outbox.mark_sent = die
    outbox.deliver_due(timezone.now())
