"""Connecting stores and hubs: forms made from the adapters' own models, and the live test."""
