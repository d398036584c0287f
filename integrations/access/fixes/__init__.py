"""What to change so that the hub gets through: from a diagnosis to fixes."""

from integrations.access.fixes.records import Fix, Fixes, Guest, Place

__all__ = ["Fix", "Fixes", "Guest", "Place"]
