"""What lies around a shop's interface: its name, its certificate, and other ways to write its address."""

from integrations.access.surroundings.looking import WITNESSES, look_around

__all__ = ["WITNESSES", "look_around"]
