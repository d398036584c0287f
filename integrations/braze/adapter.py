"""A Braze workspace as a hub: it is told of orders by Shopify, and counts what it was told.

What is compared is the number of events an hour; no single event can be asked for, and profiles are
not read. Series endpoints: Braze's documentation of exports. It has no refresh: a resync is a person's
click in its dashboard.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from integrations import errors
from integrations.answer import Answer
from integrations.braze import checks, connection, options
from integrations.braze.api import BrazeApi, check_host
from integrations.braze.manual import MANUAL_CHECKS
from integrations.braze.records import CATALOGS, NAMES, SERIES, SESSIONS, Bucket
from integrations.braze.series import in_utc, last_settled, misplaced_by, summed
from integrations.contracts import (
    CallRecord,
    Check,
    ConnectionReport,
    EventCount,
    EventReport,
    ManualCheck,
    RefreshAnswer,
    Target,
)
from integrations.documents import read_document
from integrations.http import RemoteClient
from integrations.parsing import parse
from integrations.refreshing import filled, filled_url

HOURS_READ = 48
NAMES_PER_PAGE = 250
MOST_PAGES = 40
"""Of event names: ten thousand."""
WEEK = timedelta(days=7)


class BrazeHub:
    """Reads one Braze workspace."""

    kind: ClassVar[str] = "braze"
    default_url: ClassVar[str] = "https://rest.iad-01.braze.com"
    label: ClassVar[str] = "Braze"
    manual_checks: ClassVar[Sequence[ManualCheck]] = MANUAL_CHECKS
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.credentials = read_document(options.Credentials, target.credentials, target.name)
        self.settings = read_document(options.Settings, target.settings, target.name)
        if not self.settings.any_host:
            check_host(target.url)
        self.api = BrazeApi(http, self.credentials.api_key.get_secret_value())
        self.zone = ZoneInfo(self.settings.time_zone)

    async def read_events(self, *, now: datetime) -> EventReport:
        """Counts per hour of what the settings name; a meaning that Braze does not count is left out.

        An hour that Braze leaves out is left out, never zero. Where its hours lie too far from now to be
        true, there are no counts at all, and a check says so.
        """
        settled_until = now - timedelta(minutes=self.settings.settle_minutes)
        names = await self.read_names(now=now)
        found = [await self._found(m, wanted, names, now) for m, wanted in self.settings.names().items()]
        report = [*checks.of_names(found), *checks.of_generation(names, found)]
        sums = {entry.meaning: summed(entry.series.values()) for entry in found if entry.series}
        if self.settings.shopify_app_id:
            sums["session"], check = await self._sessions(settled_until, now)
            report.append(check)
        report += await self._catalogs(now)
        away = next((far for hours in sums.values() if (far := misplaced_by(hours, now)) is not None), None)
        if away is not None:
            report.append(checks.of_misplaced_hours(away, self.settings.time_zone))
            sums = {}
        counts = [
            EventCount(meaning, hour, count)
            for meaning, hours in sums.items()
            for hour, count in hours.items()
        ]
        return EventReport(tuple(counts), settled_until, tuple(report))

    async def read_names(self, *, now: datetime) -> list[str]:
        """The names of all events the workspace knows."""
        found: dict[str, None] = {}
        for page in range(MOST_PAGES):
            answer = await self.api.get("events/list", {"page": str(page)}, now=now)
            rows, known = parse(self.http, answer, NAMES).events, len(found)
            found.update(dict.fromkeys(rows))
            if len(rows) < NAMES_PER_PAGE or len(found) == known:
                return list(found)
        message = _("Braze lists more than %(count)d events; they were not read to the end.")
        raise self.http.unexpected(answer, message % {"count": len(found)})

    async def _found(
        self, meaning: str, wanted: tuple[str, ...], names: Sequence[str], now: datetime
    ) -> checks.Found:
        listed = tuple(name for name in wanted if name in names)
        series = {}
        for name in listed:
            hours = await self._event_hours(name, now)
            if hours:
                series[name] = hours
        return checks.Found(meaning, wanted, listed, series)

    async def _event_hours(self, event: str, now: datetime) -> dict[datetime, int]:
        """Empty when Braze has no figures of such an event, which it may say in three ways."""
        params = {"event": event, **_last_hours(now)}
        answer = await self.api.ask("events/data_series", params, now=now)
        if answer.status in (400, 404) and answer.looks_like_json:
            return {}
        if answer.status != 200 or not answer.looks_like_json:
            raise await self.api.error(answer, "events/data_series")
        return self._hours(answer, parse(self.http, answer, SERIES).data, now)

    def _hours(self, answer: Answer, buckets: Sequence[Bucket], now: datetime) -> dict[datetime, int]:
        try:
            return in_utc(buckets, self.zone, now=now)
        except ValueError:
            raise self.http.unexpected(answer, _("Braze gives the same hour twice.")) from None

    async def _sessions(self, settled_until: datetime, now: datetime) -> tuple[dict[datetime, int], Check]:
        try:
            hours = await self._session_hours(now, now)
            newest = last_settled(hours, settled_until)
            before: dict[datetime, int] = {}
            if newest and not any(hours[hour] for hour in newest):
                before = await self._session_hours(now - WEEK, now)
        except errors.RemoteError as error:
            return {}, checks.unread("sessions_stopped", str(error), error.remedy)
        if not newest:
            reason = _("Braze gives no sessions of the app %(app)s.") % {"app": self.settings.shopify_app_id}
            remedy = _("Compare its identifier in the settings of the account.")
            return {}, checks.unread("sessions_stopped", reason, remedy)
        week_ago = [before.get(hour - WEEK, 0) for hour in newest]
        return hours, checks.of_sessions([hours[hour] for hour in newest], week_ago)

    async def _session_hours(self, ending_at: datetime, now: datetime) -> dict[datetime, int]:
        params = {"app_id": self.settings.shopify_app_id, **_last_hours(ending_at)}
        answer = await self.api.get("sessions/data_series", params, now=now)
        return self._hours(answer, parse(self.http, answer, SESSIONS).data, ending_at)

    async def _catalogs(self, now: datetime) -> list[Check]:
        try:
            answer = await self.api.get("catalogs", now=now)
            catalogs = parse(self.http, answer, CATALOGS).catalogs
        except errors.RemoteError as error:
            return [checks.unread("catalog_missing", str(error), error.remedy)]
        return list(checks.of_catalogs(catalogs, self.settings, now))

    def user_agents(self, platform: str) -> Sequence[str]:
        """None by default: Braze asks Shopify's servers and never a shop's own."""
        return [filled(agent, {"system": platform}) for agent in self.settings.user_agents]

    def panel_url(self, integration_id: str, system: str) -> str:
        values = {"integration_id": integration_id, "system": system}
        return filled_url(self.settings.panel_url_template, values)

    def can_refresh(self) -> bool:
        return False

    async def refresh(self, integration_id: str, *, now: datetime) -> RefreshAnswer:  # noqa: ARG002
        raise errors.NotPossible(
            _("Braze offers no refresh."),
            remedy=_("Open the integration's page in Braze and start the sync there."),
        )

    async def test_connection(self, *, now: datetime) -> ConnectionReport:
        return await connection.test(self, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()


def _last_hours(ending_at: datetime) -> dict[str, str]:
    """The offset is always written: what a time without one means is not documented."""
    return {"unit": "hour", "length": str(HOURS_READ), "ending_at": ending_at.isoformat(timespec="seconds")}
