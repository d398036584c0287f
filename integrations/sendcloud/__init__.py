"""Sendcloud by its API, version 3."""
