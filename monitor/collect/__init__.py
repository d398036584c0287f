"""Reading the outside world: claim due work, run it, record what was read, have it judged."""
