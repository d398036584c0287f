"""Forced resyncs: asked for by a person, carried out by the worker, judged by their effect."""

from monitor.refresh.choosing import RefreshRefused
from monitor.refresh.requests import cancel, person_pressed, request

__all__ = ["RefreshRefused", "cancel", "person_pressed", "request"]
