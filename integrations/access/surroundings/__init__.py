"""What lies around a shop's interface: its name, its certificate, and other ways to write its address."""

from integrations.access.surroundings.looking import WITNESSES, look_around
from integrations.access.surroundings.reaching import anyone_answers

__all__ = ["WITNESSES", "anyone_answers", "look_around"]
