"""The backend class; Django looks for it in a module of this name."""

from typing import Any

from django.conf import settings

from monitor import embedded
from monitor.pooled_backend import base


class DatabaseWrapper(base.DatabaseWrapper):
    """Commands that touch no data (``help``, ``compilemessages``, a type checker) start no server,
    and a server that was killed comes back with the next connection."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        embedded.ensure_running(settings.VAR_DIR)
        return super().get_new_connection(conn_params)
