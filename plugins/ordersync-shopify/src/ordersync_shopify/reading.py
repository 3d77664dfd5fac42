"""From one order's first reply to the whole order: its further pages, and its refunds' lines where units are missing."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ordersync import Order, UnexpectedReply
from ordersync_shopify import mapping, queries, wire
from ordersync_shopify.graphql import GraphQL

__all__ = ["read_as", "read_order", "read_placed", "reason", "whole"]

T = TypeVar("T", bound=BaseModel)


def read_order(graphql: GraphQL, node: dict[str, Any]) -> Order:
    """The order of this reply, whole. Raises ValueError if it cannot be read (`reason` says why)."""
    try:
        complete = _whole_order(graphql, node)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not as documented ({type(error).__name__})") from None
    return mapping.order(wire.Order.model_validate(complete))


def read_placed(graphql: GraphQL, node: dict[str, Any]) -> wire.PlacedOrder:
    """An order on the target with all its lines. Raises UnexpectedReply."""
    whole(graphql, node, "lineItems", queries.PLACED_LINES, "order")
    return read_as(wire.PlacedOrder, node)


def whole(
    graphql: GraphQL, node: dict[str, Any], field: str, document: queries.Document, root: str
) -> dict[str, Any]:
    """`node` with every page of its connection `field`, asked for by its own id under `root`."""
    connection = node[field]
    if connection["pageInfo"]["hasNextPage"]:
        after = connection["pageInfo"]["endCursor"]
        for nodes in graphql.pages(document, (root, field), id=node["id"], after=after):
            connection["nodes"] += nodes
        connection["pageInfo"] = {"hasNextPage": False, "endCursor": None}
    return node


def reason(error: ValueError) -> str:
    """Why an order cannot be read: the places, never the values."""
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'order'}: {problem['msg']}" for problem in error.errors()
        )
    return str(error)


def _whole_order(graphql: GraphQL, node: dict[str, Any]) -> dict[str, Any]:
    whole(graphql, node, "lineItems", queries.ORDER_LINES, "order")
    whole(graphql, node, "shippingLines", queries.ORDER_SHIPPING, "order")
    for fulfillment in node["fulfillments"]:
        whole(graphql, fulfillment, "fulfillmentLineItems", queries.FULFILLMENT_LINES, "node")
    missing = any(line["currentQuantity"] != line["quantity"] for line in node["lineItems"]["nodes"])
    if node["refunds"] and missing:
        found = graphql.ask(queries.ORDER_REFUNDS, id=node["id"])["order"] or {}
        node["refunds"] = [
            whole(graphql, refund, "refundLineItems", queries.REFUND_LINES, "node")
            for refund in found.get("refunds") or ()
        ]
    return node


def read_as(model: type[T], node: Any) -> T:
    """`node` as this wire model. Raises UnexpectedReply."""
    try:
        return model.model_validate(node)
    except ValidationError as error:
        raise UnexpectedReply(f"Shopify's {model.__name__} is not as documented: {reason(error)}.") from None
