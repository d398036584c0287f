"""What becomes of imported orders: a label after some minutes, the carrier's scan, and word to the shop."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Sequence

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import FleetSpec, IntegrationSpec
from integrations.sandbox.hub.calling import CallFailed, ShopCaller
from integrations.sandbox.hub.feedback import ShopWriter
from integrations.sandbox.hub.hooks import Hooks
from integrations.sandbox.hub.logrows import log_row
from integrations.sandbox.hub.parcels import WAITING, HubParcel, ParcelStore
from integrations.sandbox.hub.replay import NEVER_IMPORTED
from integrations.sandbox.hub.store import HubStore, ShopOrder
from integrations.sandbox.shops.store import tracking_number

SCAN_AFTER_S, DELIVERED_AFTER_S = 1_800.0, 72_000.0
MOST_TRIES = 10
FIRST_RETRY_S, LONGEST_RETRY_S = 60.0, 3_600.0
REFUSED_FOR_S = 3_600.0
AT_ONCE = 40
"""So many parcels move in one round: after a night switched off they do not all call the shops at once."""
_CALLS_AT_ONCE = 4
_HOUR_S = 3_600.0


class Shipping:
    def __init__(
        self, fleet: FleetSpec, store: HubStore, parcels: ParcelStore, clock: Clock, caller: ShopCaller
    ) -> None:
        self.fleet = fleet
        self.store = store
        self.parcels = parcels
        self.clock = clock
        self.caller = caller
        self.writer = ShopWriter(caller)
        self.hooks = Hooks(fleet, store, parcels, clock)
        self.specs = {spec.id: spec for spec in fleet.integrations}
        self._one_round = asyncio.Lock()
        self._slots = asyncio.Semaphore(_CALLS_AT_ONCE)

    def expect(self, spec: IntegrationSpec, orders: Sequence[ShopOrder], now: float) -> None:
        """These arrived just now, and get their labels soon."""
        soon_s = self.fleet.label_after_s
        self.parcels.expect(
            (
                spec.account,
                spec.id,
                o.id,
                o.number,
                now,
                now + soon_s * (0.5 + _share(self.fleet, spec, o.id)),
            )
            for o in orders
        )

    def expect_of_past(
        self, arrivals: Sequence[tuple[float, IntegrationSpec, ShopOrder]], now: float
    ) -> None:
        """These arrived in the past and are still to be sent: as slowly as the past went, lest all shops
        are called at once."""
        self.parcels.expect(
            (
                spec.account,
                spec.id,
                o.id,
                o.number,
                at,
                max(
                    at + (7 + 27 * _share(self.fleet, spec, o.id)) * _HOUR_S,
                    now + _HOUR_S * _share(self.fleet, spec, o.id),
                ),
            )
            for at, spec, o in arrivals
        )

    async def run(self) -> None:
        """For ever: everything that is due."""
        while True:
            now = self.clock.now()
            await self.work(now)
            await self.hooks.deliver(now)
            moments = [at for at in (self.parcels.next_at(), self.hooks.next_at()) if at is not None]
            at = min(moments, default=now + 30)
            if at <= self.clock.now():
                await asyncio.sleep(0.2)  # let others have their turn while much is overdue
            else:
                await self.clock.wait_until(at)

    async def work(self, now: float, *, integration: int | None = None, hurry: bool = False) -> Counter[str]:
        """Moves the parcels that are due, and tells the shops. Counts what was done.

        ``hurry``: what waits for its label need not wait any longer.
        """
        done: Counter[str] = Counter()
        where, values = ("1", ()) if integration is None else ("integration = ?", (integration,))
        async with self._one_round:
            due = f"{where} AND (due <= ?{' OR stage = ?' if hurry else ''})"
            moving = (*values, now, *((WAITING,) if hurry else ()))
            for parcel in self.parcels.select(due, moving, "due", -1 if hurry else AT_ONCE):
                done[self._move(parcel, now)] += 1
            told = f"{where} AND feedback_due <= ?"
            rows = self.parcels.select(told, (*values, now), "feedback_due", -1 if hurry else AT_ONCE)
            for outcome in await asyncio.gather(*(self._tell(parcel, now) for parcel in rows)):
                done[outcome] += 1
        return done

    def _move(self, parcel: HubParcel, now: float) -> str:
        """The next stage."""
        spec = self.specs[parcel.integration]
        share = _share(self.fleet, spec, parcel.order_id)
        match parcel.stage:
            case "waiting" | "refused":
                return self._label(parcel, spec, now, share)
            case "labelled":
                at_scan = {"feedback_due": now} if spec.feedback == "delayed" else {}
                due = now + DELIVERED_AFTER_S * (0.5 + share)
                self.parcels.change(parcel.id, stage="scanned", scanned=now, updated=now, due=due, **at_scan)
                self.hooks.note(parcel, now)
                return "scanned"
        self.parcels.change(parcel.id, stage="delivered", updated=now, due=None)
        self.hooks.note(parcel, now)
        return "delivered"

    def _label(self, parcel: HubParcel, spec: IntegrationSpec, now: float, share: float) -> str:
        order = self.store.select_orders(
            "integration = ? AND order_id = ?", (spec.id, parcel.order_id), "pk", 1
        )
        if order and order[0].status in NEVER_IMPORTED:
            self.parcels.change(parcel.id, stage="cancelled", updated=now, due=None)
            return "cancelled"
        if self._fault(spec.id, "carrier_refuses"):
            problem = "PostNL service error: The postal code 0000AA of Jane PRIVATE does not exist."
            self.parcels.change(
                parcel.id, stage="refused", problem=problem, updated=now, due=now + REFUSED_FOR_S
            )
            return "refused"
        at_once = {"feedback_due": now} if spec.feedback == "eager" else {}
        self.parcels.change(
            parcel.id,
            stage="labelled",
            tracking=tracking_number(spec.shop, int(parcel.order_id)),
            problem="",
            announced=now,
            updated=now,
            due=now + SCAN_AFTER_S * (0.5 + share),
            **at_once,
        )
        self.hooks.note(parcel, now)
        return "labelled"

    async def _tell(self, parcel: HubParcel, now: float) -> str:
        """Word to the shop; later again when it is not heard."""
        loses_number = bool(self._fault(parcel.integration, "number_lost"))
        may_write = not self._fault(parcel.integration, "feedback_broken")
        shop = self.fleet.shop(self.specs[parcel.integration].shop)
        try:
            async with self._slots:
                await self.writer.tell(shop, parcel, now, may_write=may_write, loses_number=loses_number)
                if not loses_number:
                    await self.caller.tell_arrived(shop.name, [parcel.order_id])
        except CallFailed as failed:
            self.store.add_log(parcel.integration, now, log_row(failed))
            tries = parcel.tries + 1
            again_at = now + min(FIRST_RETRY_S * 2**parcel.tries, LONGEST_RETRY_S)
            self.parcels.change(
                parcel.id,
                tries=tries,
                feedback_due=again_at if tries < MOST_TRIES else None,
                failing_since=now if parcel.failing_since is None else parcel.failing_since,
            )
            return "failed"
        self.parcels.change(parcel.id, given=now, feedback_due=None, failing_since=None)
        return "told"

    def _fault(self, integration: int, name: str) -> bool:
        return name in self.store.faults().get(str(integration), {})


def _share(fleet: FleetSpec, spec: IntegrationSpec, order_id: str) -> float:
    """A number in [0, 1) that belongs to the order."""
    digest = hashlib.sha256(f"{fleet.secret}/{spec.id}/{order_id}".encode()).digest()
    return int.from_bytes(digest[:4]) / 2**32
