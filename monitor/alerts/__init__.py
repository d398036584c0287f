"""From a changed judgement to an incident, and from an incident to a mail."""
