"""Syncwatch watches itself: what is late or wrong with its own parts, said by a process of its own."""
