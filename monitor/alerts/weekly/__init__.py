"""The report of the last week: worked out from roll-ups, told once on Monday morning."""
