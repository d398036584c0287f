"""What a server's error log says of refused requests: the one witness that knows which rule it was."""

from integrations.access.server_log.judging import in_the_light_of
from integrations.access.server_log.reading import read_log
from integrations.access.server_log.records import Kind, Refusal, Rule, ServerLog

__all__ = ["Kind", "Refusal", "Rule", "ServerLog", "in_the_light_of", "read_log"]
