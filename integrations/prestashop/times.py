"""The shop's wall clock: PrestaShop writes and compares local times, without a zone, summer time included."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ShopClock:
    zone: ZoneInfo

    def text(self, moment: datetime) -> str:
        """What the shop writes at that moment."""
        return as_text(moment.astimezone(self.zone).replace(tzinfo=None))

    def latest(self, wall: datetime, not_after: datetime) -> datetime:
        """The moment a stamp means; of an hour that comes twice, the later one that is not in the future.

        So of two changes that were each read soon after they happened, the later one never seems older.
        """
        moments = self._moments(wall)
        return max((moment for moment in moments if moment <= not_after), default=moments[0])

    def earliest(self, wall: datetime) -> datetime:
        return self._moments(wall)[0]

    def window(self, since: datetime, until: datetime) -> tuple[str, str]:
        """Bounds between which lies every stamp written from ``since`` to ``until``.

        Wider by the shift where the clocks are set back or forward in between.
        """
        shifts = [self._shift(until)]
        moment = since
        while moment < until:
            shifts.append(self._shift(moment))
            moment += DAY
        return _naive_text(since + min(shifts)), _naive_text(until + max(shifts))

    def _shift(self, moment: datetime) -> timedelta:
        return moment.astimezone(self.zone).utcoffset() or timedelta(0)

    def _moments(self, wall: datetime) -> list[datetime]:
        return sorted(wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))


def as_text(wall: datetime) -> str:
    """The only form that an interval understands: with a T or a zone it silently matches nothing."""
    return wall.isoformat(" ", "seconds")


def _naive_text(moment: datetime) -> str:
    return as_text(moment.replace(tzinfo=None))
