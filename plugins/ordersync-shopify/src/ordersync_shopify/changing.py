"""One change of an order that stands on the target. Each looks first, so that what was done is not done again."""

from __future__ import annotations

from ordersync import (
    Cancel,
    Change,
    Confirm,
    FieldProblem,
    Fulfill,
    InDoubt,
    MarkPaid,
    NotFound,
    NotOffered,
    OrderStatus,
    Refused,
    SetStatus,
)
from ordersync.web import Clock
from ordersync_shopify import queries, shipping, wire
from ordersync_shopify.graphql import GraphQL
from ordersync_shopify.reading import read_as, whole

__all__ = ["make"]

JOB_LOOKS = 30
JOB_PAUSE = 1.0
"""How often, and in which pauses (seconds), a cancellation's job is looked at."""
LONGEST_NOTE = 255
_REASONS = ("CUSTOMER", "DECLINED", "FRAUD", "INVENTORY", "STAFF")


def make(graphql: GraphQL, clock: Clock, order_id: str, change: Change, key: str) -> None:
    """Make the change. Raises NotFound, NotOffered, Refused, InDoubt."""
    match change:
        case Confirm():
            return
        case Cancel():
            _cancel(graphql, clock, _look(graphql, order_id), change)
        case SetStatus():
            _set_status(graphql, clock, _look(graphql, order_id), change)
        case MarkPaid():
            _mark_paid(graphql, _look(graphql, order_id), change)
        case Fulfill():
            _fulfill(graphql, _look(graphql, order_id), change, key)


def _look(graphql: GraphQL, order_id: str) -> wire.Shipments:
    node = graphql.ask(queries.SHIPMENTS, id=order_id)["order"]
    if node is None:
        raise NotFound("Shopify has no such order (any more).")
    for each in node["fulfillmentOrders"]["nodes"]:
        whole(graphql, each, "lineItems", queries.SHIPMENT_LINES, "fulfillmentOrder")
    for each in node["fulfillments"]:
        whole(graphql, each, "fulfillmentLineItems", queries.FULFILLMENT_LINES, "node")
    return read_as(wire.Shipments, node)


def _cancel(graphql: GraphQL, clock: Clock, found: wire.Shipments, change: Cancel) -> None:
    """Cancels without giving money back: it was not taken here. Shopify answers with a job, which is waited for."""
    if found.cancelled_at:
        return
    word = change.reason.strip().upper()
    job = graphql.change(
        queries.CANCEL_ORDER,
        id=found.id,
        reason=word if word in _REASONS else "OTHER",
        restock=change.restock,
        note=change.reason[:LONGEST_NOTE] or None,
    )["job"]
    for _ in range(JOB_LOOKS):
        if job is None or job["done"]:
            return
        clock.sleep(JOB_PAUSE)
        job = graphql.ask(queries.JOB, id=job["id"])["job"]
    raise InDoubt("Shopify is still cancelling the order. Whether it will succeed is not known.")


def _set_status(graphql: GraphQL, clock: Clock, found: wire.Shipments, change: SetStatus) -> None:
    match change.status:
        case OrderStatus.COMPLETED:
            if not found.closed_at:
                graphql.change(queries.CLOSE_ORDER, id=found.id)
        case OrderStatus.OPEN:
            if found.closed_at:
                graphql.change(queries.OPEN_ORDER, id=found.id)
        case OrderStatus.CANCELLED:
            _cancel(graphql, clock, found, Cancel())
        case other:
            raise NotOffered(f"A Shopify order cannot be set to {other.value!r}.")


def _mark_paid(graphql: GraphQL, found: wire.Shipments, change: MarkPaid) -> None:
    """The whole outstanding balance, by a payment that Shopify calls manual; gateway and transaction cannot be told."""
    outstanding = found.total_outstanding_set.shop_money.amount
    if found.fully_paid or outstanding <= 0:
        return
    if change.amount is not None and change.amount != outstanding:
        raise Refused(
            "Shopify marks an order as paid in full only",
            fields=(FieldProblem("/amount", f"{outstanding} is outstanding", "amount"),),
            remedy="Record the part payment by hand.",
        )
    graphql.change(queries.MARK_PAID, id=found.id)


def _fulfill(graphql: GraphQL, found: wire.Shipments, change: Fulfill, key: str) -> None:
    """Known again by its tracking numbers; a part shipment without any by the key, as a tag of the order."""
    if key in found.tags:
        return
    done = shipping.carried(found, change)
    wanted = shipping.lines_wanted(change, done)
    if done and not wanted:
        return
    for asked in shipping.fulfillment_inputs(found, change, wanted):
        graphql.change(queries.CREATE_FULFILLMENT, fulfillment=asked)
    if wanted is not None and not any(each.number for each in change.fulfillment.tracking):
        graphql.change(queries.ADD_TAGS, id=found.id, tags=[key])
