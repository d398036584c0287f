"""The outside world: adapters for stores and hubs, and what they are connected with."""

VERSION = "0.1.0"
