"""A PrestaShop shop as a store."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from pydantic import BeforeValidator, TypeAdapter

from integrations import errors
from integrations.access.plan import ProbePlan
from integrations.access.probing import probe_with
from integrations.contracts import (
    CallRecord,
    ConnectionReport,
    OrderRecord,
    Page,
    Parcel,
    StoreCheckup,
    StoreTracking,
    Target,
    TrackingWrite,
    Watermark,
)
from integrations.documents import Record, Rows, read_document
from integrations.full_orders import FullOrder
from integrations.http import RemoteClient
from integrations.prestashop import checkup, connection, full, knowledge, nudging, options, tracking
from integrations.prestashop.api import Webservice
from integrations.prestashop.knowledge import Knowledge, zone_of
from integrations.prestashop.orders import ROWS, Listing, OrderReading, Rules
from integrations.prestashop.probing import PLAN
from integrations.prestashop.recognition import prestashop, shop_time
from integrations.prestashop.states import FIELDS as STATE_FIELDS
from integrations.prestashop.states import STATES, State
from integrations.prestashop.times import ShopClock


def _trimmed(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


class Configuration(Record):
    """One setting of the shop."""

    value: Annotated[str, BeforeValidator(_trimmed)] = ""


_CONFIGURATIONS = TypeAdapter(Rows[Configuration])


class PrestaShopStore:
    """Reads a PrestaShop shop by its webservice, and writes tracking numbers to it."""

    platform: ClassVar[str] = "prestashop"
    label: ClassVar[str] = "PrestaShop"
    self_hosted: ClassVar[bool] = True
    plan: ClassVar[ProbePlan] = PLAN
    Credentials = options.Credentials
    Settings = options.Settings

    def __init__(self, target: Target, http: RemoteClient) -> None:
        self.http = http
        self.target = target
        self.settings = read_document(options.Settings, target.settings, target.name)
        credentials = read_document(options.Credentials, target.credentials, target.name)
        self.api = Webservice(http, credentials, self.settings)
        self.root = self.api.root
        http.application = prestashop

    async def read_orders(self, since: Watermark, *, now: datetime) -> AsyncIterator[Page[OrderRecord]]:
        known = await self.knowledge(now=now)
        states = dict(known.states)
        looked_up: set[int] = set()

        async def fetch(params: Mapping[str, str]) -> Listing:
            rows, count, answer = await self.api.rows("orders", params, ROWS, now=now)
            unknown = {row.current_state for row in rows} - states.keys() - looked_up
            if known.states and unknown:  # of a state that was made since they were read
                looked_up.update(unknown)
                states.update((await self.knowledge(now=now, afresh=True)).states)
            return Listing(rows, count, shop_time(answer) or now)

        async for page in OrderReading(fetch, self.rules(known.zone, states)).pages(since):
            yield page

    async def probe(self, user_agents: Sequence[str], *, now: datetime) -> Sequence[CallRecord]:
        return await probe_with(self.http, self.plan, self.root, user_agents, now=now)

    async def test_connection(self, *, now: datetime) -> ConnectionReport:
        return await connection.test(self, now=now)

    async def check(self, *, now: datetime) -> StoreCheckup:
        return await checkup.check(self, now=now)

    async def read_tracking(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[StoreTracking]:
        return await tracking.read(self, order_ids, now=now)

    async def write_tracking(
        self, order_id: str, parcels: Sequence[Parcel], *, now: datetime, notify: bool = False
    ) -> TrackingWrite:
        return await tracking.write(self, order_id, parcels, now=now, notify=notify)

    async def read_full_orders(self, order_ids: Sequence[str], *, now: datetime) -> Sequence[FullOrder]:
        with self.http.unquoted():
            return await full.read(self, order_ids, now=now)

    async def nudge(self, order_id: str, *, now: datetime) -> None:
        await nudging.nudge(self, order_id, now=now)

    def calls(self) -> Sequence[CallRecord]:
        return self.http.calls()

    # For the parts of this adapter

    def entered_zone(self) -> ZoneInfo:
        """The zone the operator entered. Raises CredentialsRefused when there is no such zone."""
        zone = zone_of(self.target.time_zone)
        if zone is None:
            raise errors.CredentialsRefused(
                _('There is no time zone called "%(zone)s".') % {"zone": self.target.time_zone},
                remedy=_("Correct it on the connection's page."),
            )
        return zone

    def rules(self, zone: ZoneInfo | None, states: Mapping[int, State]) -> Rules:
        """How orders are judged; ``zone``: as the shop tells it."""
        return Rules(
            ShopClock(zone or self.entered_zone()),
            zone is not None,
            states,
            self.settings.expected_states,
            timedelta(seconds=self.settings.look_back_s),
            self.settings.page_size,
        )

    async def knowledge(self, *, now: datetime, afresh: bool = False) -> Knowledge:
        """The shop's zone and order states, as far as the key may read them.

        Raises RightMissing when the states are needed and may not be read.
        """
        root, key = self.api.root, self.api.key
        kept = None if afresh else knowledge.recall(root, key, now=now)
        if kept:
            return kept
        zone, states = await self.read_zone(now=now), await self._states(now)
        return knowledge.remember(root, key, Knowledge(zone, states, now + knowledge.LIFETIME))

    async def read_zone(self, *, now: datetime) -> ZoneInfo | None:
        """The zone the shop tells; ``None`` when the key may not read it, or it is not one."""
        params = {"filter[name]": "[PS_TIMEZONE]", "display": "[name,value]"}
        try:
            found, _count, _answer = await self.api.rows("configurations", params, _CONFIGURATIONS, now=now)
        except errors.RightMissing:
            return None
        names = {row.value for row in found if row.value}
        return zone_of(names.pop()) if len(names) == 1 else None

    async def _states(self, now: datetime) -> dict[int, State]:
        try:
            found, _count, _answer = await self.api.rows(
                "order_states", {"display": STATE_FIELDS}, STATES, now=now
            )
        except errors.RightMissing:
            if not self.settings.expected_states:
                raise
            return {}
        return {state.id: state for state in found}
