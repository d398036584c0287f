"""What a notice tells, whichever way it goes: the words, and the notices that share its message."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.alerts.facts import Step
from monitor.alerts.several import newest_of_each, words_of_several
from monitor.alerts.words import Words, words_of
from monitor.models import Notice


@dataclass(frozen=True, slots=True)
class Message:
    """One mail or call of a web-hook."""

    notice: Notice
    """The one whose Message-ID it has."""
    rows: Sequence[Notice]
    """The newest notice about each incident in it."""
    is_one: bool
    """It is about a single incident, or about none."""

    def words(self) -> Words:
        """In the active language. Raises what a broken context raises."""
        return words_of(self.rows[0]) if self.is_one else words_of_several(self.notice, self.rows)


def message_of(notice: Notice) -> Message:
    """The message of a notice, and of those that it carries."""
    carried = notice.carried.exclude(pk=notice.pk).order_by("pk") if notice.sent_with_id else ()
    rows = newest_of_each([notice, *carried])
    return Message(notice, rows, len(rows) == 1 and notice.step != Step.MAINTENANCE)
