"""Sendcloud's API about parcels and shop statuses, and version 2's lists."""

from datetime import UTC, date, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from integrations.sandbox.clock import Clock
from integrations.sandbox.fleet import FleetSpec
from integrations.sandbox.hub import documents
from integrations.sandbox.hub import parcel_documents as pages
from integrations.sandbox.hub.answers import Refused, decoded, json_answer, link, moment, page_size
from integrations.sandbox.hub.gate import Listed
from integrations.sandbox.hub.paging import encode_cursor
from integrations.sandbox.hub.parcels import WAITING, HubParcel, ParcelStore
from integrations.sandbox.hub.store import HubStore

_OLDER_PAGE = 100
_DELETED = frozenset({"4"})
"""The shop's status that is gone under the fault ``mapping_invalid``."""


class ParcelApi:
    def __init__(self, fleet: FleetSpec, store: HubStore, parcels: ParcelStore, clock: Clock) -> None:
        self.fleet = fleet
        self.store = store
        self.parcels = parcels
        self.clock = clock
        self.specs = {spec.id: spec for spec in fleet.integrations}

    def listed(self) -> Listed:
        return [
            ("GET", "/api/v3/shipments", self.shipments),
            ("GET", "/api/v3/parcels/statuses", self.statuses),
            ("GET", "/api/v3/parcels/tracking/{number}", self.tracking),
            ("GET", "/api/v3/shop-order-statuses", self.shop_statuses),
            ("GET", "/api/v3/shop-order-statuses/mapping", self.mapping),
            ("GET", "/api/v2/parcels", self.parcels_v2),
            ("GET", "/api/v2/integrations/{integration:int}/shipments", self.orders_v2),
            ("GET", "/api/v2/integrations/logs", self.logs_v2),
        ]

    def _own(self, request: Request) -> list[int]:
        return [spec.id for spec in self.specs.values() if spec.account == request.state.account.name]

    def _asked(self, request: Request, columns: dict[str, str], size: int) -> list[HubParcel]:
        query = request.query_params
        own = self._own(request)
        where = ["stage <> ?", f"integration IN ({', '.join('?' * len(own))})"]
        values: list[Any] = [WAITING, *own]
        for name, column in columns.items():
            if query.get(name):
                where.append(f"{column} = ?")
                values.append(query[name])
        for name, (column, operator) in pages.SHIPMENT_TIMES.items():
            if query.get(name):
                where.append(f"{column} {operator} ?")
                values.append(moment(query[name], name))
        if query.get("cursor"):
            where.append("id < ?")
            values.append(decoded(query["cursor"])[1])
        return self.parcels.select(" AND ".join(where), values, "id DESC", size + 1)

    async def shipments(self, request: Request) -> Response:
        size = page_size(request, 40, 100)
        columns = {"integration_id": "integration", "order_number": "number", "tracking_number": "tracking"}
        rows = self._asked(request, columns, size)
        headers = {}
        if len(rows) > size:
            headers["Link"] = link(request, encode_cursor(0, rows[size - 1].id), "next")
        return json_answer({"data": [pages.shipment(row) for row in rows[:size]]}, headers=headers)

    async def statuses(self, _request: Request) -> Response:
        return json_answer({"data": pages.statuses()})

    async def tracking(self, request: Request) -> Response:
        number, account = request.path_params["number"], request.state.account.name
        rows = self.parcels.select("tracking = ? AND account = ?", (number, account), "id DESC", 1)
        if not rows:
            return json_answer({"detail": "Parcel does not exist"}, 404)
        return json_answer(pages.tracking(rows[0]))

    # The statuses of a PrestaShop

    def _deleted(self, request: Request) -> tuple[int, frozenset[str]]:
        """(integration, the shop's statuses that are gone)"""
        text = request.query_params.get("integration_id", "")
        if not text.isdigit() or int(text) not in self._own(request):
            raise Refused(400, "non_field_errors", "Integration ID is a required GET parameter")
        number = int(text)
        if self.fleet.shop(self.specs[number].shop).platform != "prestashop":
            raise Refused(400, "invalid", "Only the Prestashop V2 integration is supported.")
        is_broken = "mapping_invalid" in self.store.faults().get(text, {})
        return number, _DELETED if is_broken else frozenset()

    async def shop_statuses(self, request: Request) -> Response:
        _integration, deleted = self._deleted(request)
        rows = pages.shop_statuses(deleted, self.clock.now())
        if request.query_params.get("show_deleted") != "true":
            rows = [row for row in rows if row["deleted_at"] is None]
        return json_answer({"data": rows})

    async def mapping(self, request: Request) -> Response:
        return json_answer({"data": pages.status_mapping(*self._deleted(request))})

    # Version 2

    async def parcels_v2(self, request: Request) -> Response:
        rows = self._asked(request, {"order_number": "number", "tracking_number": "tracking"}, _OLDER_PAGE)
        following = encode_cursor(0, rows[_OLDER_PAGE - 1].id) if len(rows) > _OLDER_PAGE else None
        return json_answer(
            {
                "next": following,
                "previous": None,
                "parcels": [pages.parcel_v2(row) for row in rows[:_OLDER_PAGE]],
            }
        )

    async def orders_v2(self, request: Request) -> Response:
        """What an integration imported. The cursor is an offset, as the real one's may be."""
        number = int(request.path_params["integration"])
        if number not in self._own(request):
            return json_answer({"error": {"code": 404, "message": "No Integration matches."}}, 404)
        where, values = ["integration = ?"], list[Any]([number])
        start = request.query_params.get("start_date")
        if start:
            day = date.fromisoformat(start)
            where.append("shop_created >= ?")
            values.append(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        if request.query_params.get("cursor"):
            where.append("pk < ?")
            values.append(decoded(request.query_params["cursor"])[1])
        rows = self.store.select_orders(" AND ".join(where), values, "pk DESC", _OLDER_PAGE + 1)
        return self._older_page(
            request,
            [pages.order_v2(row) for row in rows[:_OLDER_PAGE]],
            encode_cursor(0, rows[_OLDER_PAGE - 1].pk) if len(rows) > _OLDER_PAGE else None,
        )

    async def logs_v2(self, request: Request) -> Response:
        own = self._own(request)
        where, values = f"integration IN ({', '.join('?' * len(own))})", [float(number) for number in own]
        cursor = request.query_params.get("cursor")
        if cursor:
            where += " AND id < ?"
            values.append(decoded(cursor)[1])
        rows = self.store.log(where, values, _OLDER_PAGE + 1)
        found = [documents.log_row(row) for row in rows[:_OLDER_PAGE]]
        for document in found:
            del document["additional_data"]
        following = encode_cursor(0, rows[_OLDER_PAGE - 1]["id"]) if len(rows) > _OLDER_PAGE else None
        return self._older_page(request, found, following)

    def _older_page(self, request: Request, rows: list[Any], cursor: str | None) -> Response:
        following = str(request.url.include_query_params(cursor=cursor)) if cursor else None
        return json_answer({"next": following, "previous": None, "results": rows})
