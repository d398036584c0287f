"""Pages need the place of the collected static files to be there."""

from tests.dashboard.conftest import _static_root

__all__ = ["_static_root"]
