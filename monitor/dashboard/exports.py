"""What all CSV files share: a row at a time, times in UTC, and nothing that a spreadsheet would obey."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

from django.http import HttpResponse, StreamingHttpResponse


class _Line:
    """What a csv writer writes into: gives the line back."""

    def write(self, line: str) -> str:
        return line


def csv_of(name: str, columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> HttpResponse:
    """A file that is sent while it is made."""
    writer = csv.writer(_Line())

    def lines() -> Iterator[str]:
        yield writer.writerow(columns)
        for row in rows:
            yield writer.writerow([harmless(value) for value in row])

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    # Views are typed by the plain response; the streaming one is its sibling, not its child.
    return cast(HttpResponse, answer)


def iso(at: datetime | None) -> str:
    """``2026-11-22T12:42:00Z``; empty for no time."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else ""


def harmless(value: Any) -> str:
    """As text that no spreadsheet takes for a formula: people write names and reasons."""
    text = "" if value is None else str(value)
    is_number = isinstance(value, int | float)
    return f"'{text}" if not is_number and text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
