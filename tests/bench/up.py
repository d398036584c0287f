"""``manage.py up`` with a supervisor that never waits long: a measurement kills faster than life does."""

import sys

import django
from django.core.management import call_command

from monitor.processes import supervisor

if __name__ == "__main__":
    django.setup()
    supervisor.LONGEST_PAUSE_S = 1.0
    call_command("up", *sys.argv[1:])
