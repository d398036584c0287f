"""How it was: seconds in each state and orders in time, by day, for as long as anybody asks."""
