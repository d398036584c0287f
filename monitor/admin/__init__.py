"""The administration of every table. Part of what ``admin.autodiscover`` loads."""

from monitor.admin import connections, history, people, work

__all__ = ["connections", "history", "people", "work"]
