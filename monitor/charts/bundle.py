"""Plotly's JavaScript, served from the installed wheel so that it always fits the figures."""

from pathlib import Path

import plotly
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import FileSystemStorage


class PlotlyFinder(FileSystemFinder):
    """Finds ``plotly/plotly.min.js`` in the wheel's package data."""

    def __init__(self) -> None:
        location = str(Path(plotly.__file__).parent / "package_data")
        self.locations = [("plotly", location)]
        storage = FileSystemStorage(location=location)
        storage.prefix = "plotly"  # type: ignore[attr-defined]  # the finder's own protocol
        self.storages = {location: storage}

    def list(self, ignore_patterns: object):  # type: ignore[no-untyped-def]  # noqa: ARG002  (Django's signature)
        for storage in self.storages.values():
            yield "plotly.min.js", storage
