"""Who answered: the application itself, or something in front of it."""

from integrations.access.classify import Classification, classify, json_api
from integrations.access.wordpress import wordpress

__all__ = ["Classification", "classify", "json_api", "wordpress"]
