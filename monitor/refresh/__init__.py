"""Forced resyncs: asked for by a person, carried out by the worker, judged by their effect."""

from monitor.refresh.requests import RefreshRefused, cancel, person_pressed, request

__all__ = ["RefreshRefused", "cancel", "person_pressed", "request"]
