"""Measurements, run by ``make bench``: figures to read, not tests that pass or fail."""
