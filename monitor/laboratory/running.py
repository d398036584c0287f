"""Running the shops of a fleet, in as many processes as one likes: the outcome is the same."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from monitor.laboratory.fleet import Fleet, Subject
from monitor.laboratory.shop import Course, Shop

CHUNK = 20
"""Shops that are handed to a process at once."""


def run(fleet: Fleet, processes: int, progress: Callable[[int], None] | None = None) -> list[Course]:
    """What happened to every integration, in the order of the fleet.

    ``progress`` hears how many are done. Each shop has a chance of its own, seeded by its number.
    """
    courses: list[Course] = []
    for some in _in_turn(fleet, processes):
        courses += some
        if progress:
            progress(len(courses))
    return courses


def _in_turn(fleet: Fleet, processes: int) -> Iterator[Sequence[Course]]:
    chunks = [fleet.subjects[i : i + CHUNK] for i in range(0, len(fleet.subjects), CHUNK)]
    work = partial(_run_some, start=fleet.start, end=fleet.end)
    if processes == 1:
        yield from map(work, chunks)
        return
    # Not fork: the parent has connections to the database.
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, chunks)


def _run_some(subjects: Sequence[Subject], *, start: float, end: float) -> list[Course]:
    return [Shop(subject, end).run(start) for subject in subjects]
