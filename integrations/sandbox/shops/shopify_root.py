"""Resolvers of Shopify's queries and mutations. graphql-core finds them by name."""

from typing import Any

from graphql import GraphQLError, GraphQLResolveInfo

from integrations.sandbox.shops import shopify_data as data
from integrations.sandbox.shops.request import ShopRequest
from integrations.sandbox.shops.shopify_fulfilments import Fulfilments, UserError
from integrations.sandbox.shops.shopify_search import read_search
from integrations.sandbox.shops.shopify_webhooks import Webhooks
from integrations.sandbox.shops.store import Order

Info = GraphQLResolveInfo[Any]
_SORT = {
    "CREATED_AT": "created",
    "UPDATED_AT": "modified",
    "PROCESSED_AT": "created",
    "ID": "id",
    "ORDER_NUMBER": "id",
}
_DOCUMENTATION = "https://shopify.dev/api/usage/access-scopes"
_READS_FULFILMENT_ORDERS = "read_merchant_managed_fulfillment_orders"
_WRITES_FULFILMENT_ORDERS = "write_merchant_managed_fulfillment_orders"


class Desk:
    """What the resolvers of one request have in common."""

    def __init__(
        self, request: ShopRequest, fulfilments: Fulfilments, webhooks: Webhooks, scopes: tuple[str, ...]
    ) -> None:
        self.request = request
        self.fulfilments = fulfilments
        self.webhooks = webhooks
        self.scopes = scopes
        self.store = fulfilments.store
        self.warnings: list[dict[str, Any]] = []

    def need(self, scope: str, field: str) -> None:
        """Raises GraphQLError, as Shopify refuses a field."""
        if scope not in self.scopes:
            access = f"`{scope}` access scope."
            raise GraphQLError(
                f"Access denied for {field} field. Required access: {access}",
                extensions={
                    "code": "ACCESS_DENIED",
                    "documentation": _DOCUMENTATION,
                    "requiredAccess": access,
                },
            )

    def order(self, row: Order) -> dict[str, Any]:
        def fulfilment_orders(_info: Info, **_args: Any) -> dict[str, Any]:
            self.need(_READS_FULFILMENT_ORDERS, "fulfillmentOrders")
            return {"nodes": self.fulfilments.orders_of(row), "pageInfo": data.page_info()}

        def address(_info: Info) -> dict[str, Any]:
            if self.store.fault(row.shop, "protected_fields", self.request.now):
                raise GraphQLError("This app is not approved to access the MailingAddress object.")
            return data.ADDRESS

        return {
            **data.order_json(row),
            "fulfillments": lambda _info, **args: self.fulfilments.of(row)[: args.get("first")],
            "fulfillmentOrders": fulfilment_orders,
            "shippingAddress": address,
        }


class Root:
    """The query root."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shop = desk.request.shop.name

    def shop(self, _info: Info) -> dict[str, Any]:
        return data.shop_json(self._desk.request)

    def currentAppInstallation(self, _info: Info) -> dict[str, Any]:
        return data.installation_json(self._desk.scopes)

    def publicApiVersions(self, _info: Info) -> list[dict[str, Any]]:
        return [data.api_version(handle) for handle in data.VERSIONS]

    def order(self, _info: Info, id: str) -> dict[str, Any] | None:
        self._desk.need("read_orders", "order")
        return self._found(id)

    def nodes(self, _info: Info, ids: list[str]) -> list[dict[str, Any] | None]:
        self._desk.need("read_orders", "nodes")
        return [self._found(gid) for gid in ids]

    def _found(self, gid: str) -> dict[str, Any] | None:
        kind, _slash, number = gid.removeprefix("gid://shopify/").partition("/")
        row = self._desk.store.get(self._shop, int(number)) if kind == "Order" and number.isdigit() else None
        return self._desk.order(row) if row else None

    def orders(self, _info: Info, sortKey: str, query: str = "", **args: Any) -> dict[str, Any]:
        self._desk.need("read_orders", "orders")
        where, values = self._search("orders", query)
        try:
            return data.read_orders(
                self._desk.store,
                self._shop,
                where,
                values,
                column=_SORT.get(sortKey, "created"),
                args=args,
                document=self._desk.order,
            )
        except ValueError as error:
            raise GraphQLError(str(error)) from None

    def ordersCount(self, _info: Info, query: str = "", limit: int | None = None) -> dict[str, Any]:
        self._desk.need("read_orders", "ordersCount")
        where, values = self._search("ordersCount", query)
        count = self._desk.store.count(self._shop, where, values)
        if limit is not None and count > limit:
            return {"count": limit, "precision": "AT_LEAST"}
        return {"count": count, "precision": "EXACT"}

    def webhookSubscriptions(
        self, _info: Info, topics: list[str] | None = None, uri: str | None = None, **args: Any
    ) -> dict[str, Any]:
        """Only those of the asking app; a hub's are its own."""
        nodes = [
            row
            for row in self._desk.webhooks.of(self._shop)
            if (not topics or row["topic"] in topics) and uri in (None, row["uri"])
        ]
        return {"nodes": nodes[: args.get("first")], "pageInfo": data.page_info()}

    def _search(self, name: str, query: str | None) -> tuple[str, tuple[Any, ...]]:
        search = read_search(query or "")
        if search.warnings:
            told = [{"field": field, "message": message} for field, message in search.warnings]
            self._desk.warnings.append({"path": [name], "query": query, "warnings": told})
        return search.where, search.values


class Mutations:
    """The mutation root."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shop = desk.request.shop.name

    def fulfillmentCreate(self, _info: Info, fulfillment: dict[str, Any], **_args: Any) -> dict[str, Any]:
        self._desk.need(_WRITES_FULFILMENT_ORDERS, "fulfillmentCreate")
        try:
            _order, made = self._desk.fulfilments.create(self._shop, fulfillment, int(self._desk.request.at))
        except UserError as error:
            return {"fulfillment": None, "userErrors": [error.document]}
        return {"fulfillment": made, "userErrors": []}

    def fulfillmentTrackingInfoUpdate(
        self, _info: Info, fulfillmentId: str, trackingInfoInput: dict[str, Any], **_args: Any
    ) -> dict[str, Any]:
        self._desk.need(_WRITES_FULFILMENT_ORDERS, "fulfillmentTrackingInfoUpdate")
        at = int(self._desk.request.at)
        try:
            _order, made = self._desk.fulfilments.update(self._shop, fulfillmentId, trackingInfoInput, at)
        except UserError as error:
            return {"fulfillment": None, "userErrors": [error.document]}
        return {"fulfillment": made, "userErrors": []}

    def webhookSubscriptionCreate(
        self, _info: Info, topic: str, webhookSubscription: dict[str, Any]
    ) -> dict[str, Any]:
        uri = str(webhookSubscription.get("uri") or "")
        made = None
        problem = "Address can't be blank"
        if uri:
            problem = "Address for this topic has already been taken"
            made = self._desk.webhooks.create(self._shop, topic, uri, self._desk.request.at)
        wrong = {"field": ["webhookSubscription", "callbackUrl"], "message": problem}
        return {"webhookSubscription": made, "userErrors": [] if made else [wrong]}

    def webhookSubscriptionDelete(self, _info: Info, id: str) -> dict[str, Any]:
        number = id.rpartition("/")[2]
        if number.isdigit() and self._desk.webhooks.delete(self._shop, int(number)):
            return {"deletedWebhookSubscriptionId": id, "userErrors": []}
        wrong = {"field": ["id"], "message": "Webhook subscription does not exist"}
        return {"deletedWebhookSubscriptionId": None, "userErrors": [wrong]}
